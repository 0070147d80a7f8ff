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
  /**
   * The opening of the journal (`batch.boot.id`) that sent the batch this answers. A copy of a journal has the same
   * gateway and epoch: without this it would prune, on its twin's acks, what only itself has seen.
   */
  boot: z.string().max(64).optional(),
  /** The cloud's clock at the commit, epoch ms: what a gateway without a better source sets its times by. */
  at: z.int().optional(),
  /** The batch was not taken and will not be: the gateway stops sending this epoch and says why. */
  refused: z.object({ code: z.enum(['journal-forked']), detail: z.string().max(500) }).optional(),
});
export type Ack = z.infer<typeof ackSchema>;
