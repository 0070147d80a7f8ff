/**
 * The envelope of one event in the journal and on the link. (gateway, epoch, lane, seq) names it for ever;
 * gateway, epoch and lane stand once on the batch.
 */
import * as z from 'zod';
import { stockEventSchema } from './stock-event.ts';

/** How far the gateway trusts its wall clock: NTP-synced, not synced since boot, or synced once and now alone. */
const clockStateSchema = z.enum(['synced', 'unsynced', 'holdover']);
export type ClockState = z.infer<typeof clockStateSchema>;

export const stampSchema = z.object({
  /** Wall time when the journal took it, epoch ms. */
  recordedAt: z.int(),
  /** Random per boot of the gateway process; monotonicMs counts within it. */
  bootId: z.string().min(1).max(64),
  monotonicMs: z.number(),
  clock: clockStateSchema,
  /**
   * What to add to recordedAt and to every time of the event to have true time: where the clock is unsynced, but the
   * gateway learnt the time in this boot.
   */
  trueOffsetMs: z.int().optional(),
});
export type Stamp = z.infer<typeof stampSchema>;

/** All but the event. */
export const recordEnvelopeSchema = stampSchema.extend({
  seq: z.int().positive(),
  /**
   * The original name of this event, when it was carried over from a journal file of an earlier epoch (salvage,
   * adoption): the ledger keeps it under that name, so that it counts once however often it is carried.
   */
  origin: z.object({ epoch: z.string().min(8).max(64), seq: z.int().positive() }).optional(),
});

/** As the gateway writes it: its own events are trusted types. What comes in is parsed by parse-event.ts. */
export const eventRecordSchema = recordEnvelopeSchema.extend({ event: stockEventSchema });
export type EventRecord = z.infer<typeof eventRecordSchema>;
