/** The shape of every list in the API, and the limits that are asked with it. */
import * as z from 'zod';

export const MAX_PAGE = 1000;
export const DEFAULT_PAGE = 100;

export const limitSchema = z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE);

/** `next` goes into `after` of the following request; null on the last page and on lists that are whole. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

export function whole<T>(items: T[]): { items: T[]; next: null } {
  return { items, next: null };
}
