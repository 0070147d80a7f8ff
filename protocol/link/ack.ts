/**
 * The cloud's ack: cumulative per (gateway, epoch, lane), sent only after the database commit. Events up to
 * `upTo` have taken effect or lie in the dead-letter table; the gateway may prune them.
 */
import * as z from 'zod';
import { LANES } from '../events/lanes.ts';

export const ackSchema = z.object({
  v: z.literal(1),
  gateway: z.string(),
  epoch: z.string(),
  lane: z.enum(LANES),
  upTo: z.int().nonnegative(),
});
export type Ack = z.infer<typeof ackSchema>;
