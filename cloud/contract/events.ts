/** Events as they were taken, and how their times came about. */
import * as z from 'zod';
import { iso } from './time.ts';

export const timeQualitySchema = z.enum(['as-recorded', 'corrected', 'estimated', 'waiting']);

/** An event as it was taken, with its body as the gateway wrote it. */
export const storedEventSchema = z.object({
  gateway: z.string(),
  epoch: z.string(),
  lane: z.string(),
  seq: z.int(),
  type: z.string(),
  readPoint: z.string().nullable(),
  /** The time that counts; while the event waits for a good clock, what the gateway said. */
  occurredAt: iso,
  /** What the gateway's clock said, where that is another time. */
  rawOccurredAt: iso.nullable(),
  timeQuality: timeQualitySchema,
  receivedAt: iso,
  /** How far the gateway trusted its clock. */
  clock: z.string(),
  body: z.record(z.string(), z.unknown()),
});

export type StoredLedgerEvent = z.infer<typeof storedEventSchema>;
