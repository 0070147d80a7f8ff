/** Who may do what: roles in rising order, each including the ones before it; the role a route asks for is data on it. */
import * as z from 'zod';

export const ROLES = ['viewer', 'operator', 'inventory', 'quality', 'admin'] as const;
export type Role = (typeof ROLES)[number];
export const roleSchema = z.enum(ROLES);

export interface User {
  readonly name: string;
  readonly role: Role;
}

/** `public` asks for nobody. */
export type Access = Role | 'public';

export function mayDo(role: Role, needed: Access): boolean {
  return needed === 'public' || ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
