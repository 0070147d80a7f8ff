/** What the cloud says of itself. */
import * as z from 'zod';
import { iso } from './time.ts';

export const statusSchema = z.object({
  site: z.string(),
  version: z.string(),
  now: iso,
  database: z.enum(['pglite', 'postgres']),
  intake: z.string(),
  counters: z.record(z.string(), z.number()),
  /** What the site calls its doors and places; the page shows doors before anything has passed them. */
  places: z
    .object({
      doors: z.array(z.object({ readPoint: z.string(), name: z.string() })),
      locations: z.array(z.object({ id: z.string(), name: z.string() })),
    })
    .optional(),
});

export type Status = z.infer<typeof statusSchema>;
