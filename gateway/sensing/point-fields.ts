/** What the configurations of all read points have in common. */
import * as z from 'zod';

export const readPointId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'expected lower-case letters, digits and dashes');
export const device = z.string().min(1).max(64);
export const channel = z.string().min(1).max(128);
export const durationMs = z.int().positive().max(86_400_000);
