/** Configuration of a scale. */
import * as z from 'zod';
import { channel, device, readPointId } from '../point-fields.ts';

export const scaleSchema = z.strictObject({
  id: readPointId,
  kind: z.literal('scale'),
  device,
  channel: channel.default('1'),
  settle: z
    .strictObject({
      /** Consecutive stable indications that agree. */
      samples: z.int().min(1).max(1000).default(3),
      stableMs: z.int().min(0).max(600_000).default(500),
    })
    .prefault({}),
  /** Least difference to the last settled mass that is a new weighing. */
  stepMilligrams: z.int().positive(),
  /** Up to this the bin is empty. */
  zeroWithinMilligrams: z.int().nonnegative(),
});

export type ScalePoint = z.infer<typeof scaleSchema>;
