/** Rooms with their probes and contacts, and the samples behind a chart. */
import * as z from 'zod';
import { iso } from './time.ts';

export const roomSchema = z.object({
  location: z.string(),
  name: z.string(),
  kind: z.string(),
  probes: z.array(
    z.object({
      readPoint: z.string(),
      name: z.string(),
      metric: z.string(),
      valueMilli: z.int().nullable(),
      sampledAt: iso.nullable(),
      /** fresh | silent | none */
      freshness: z.enum(['fresh', 'silent', 'none']),
      lowMilli: z.int().nullable(),
      highMilli: z.int().nullable(),
    }),
  ),
  contacts: z.array(z.object({ readPoint: z.string(), name: z.string(), state: z.string(), changedAt: iso })),
  /** ok | excursion | unknown */
  state: z.enum(['ok', 'excursion', 'unknown']),
  objects: z.int(),
  onHold: z.int(),
});

export type Room = z.infer<typeof roomSchema>;

export const samplesSchema = z.object({
  readPoint: z.string(),
  metric: z.string(),
  /** [epoch ms, milli-units], oldest first. */
  points: z.array(z.tuple([z.int(), z.int()])),
});

export type Samples = z.infer<typeof samplesSchema>;

export interface SamplesQuery {
  readonly readPoint: string;
  readonly metric: string;
  /** Event times, both included. */
  readonly from: number;
  readonly to: number;
  readonly maxPoints?: number | undefined;
}
