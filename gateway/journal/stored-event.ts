/**
 * The body of a lane row: an EventRecord without its seq (the key holds that), as JSON. A row that does not read
 * back as one is damage, never a reason to stop the lane. Unknown event types pass: the cloud judges events.
 */
import * as z from 'zod';
import { type EventRecord, type Stamp, stampSchema } from '../../protocol/events/record.ts';
import type { GapEvent, StockEvent } from '../../protocol/events/stock-event.ts';

const storedEventSchema = stampSchema.extend({
  event: z.custom<StockEvent>(
    (value) =>
      typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string',
  ),
});
export type StoredEvent = z.infer<typeof storedEventSchema>;

export function encodeStoredEvent(stamp: Stamp, event: StockEvent): string {
  return JSON.stringify({ ...stamp, event });
}

/** Undefined for anything that is not a stored event. */
export function decodeStoredEvent(body: unknown): StoredEvent | undefined {
  if (typeof body !== 'string' || body === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const parsed = storedEventSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

export function toRecord(seq: number, stored: StoredEvent): EventRecord {
  return { seq, ...stored };
}

/** The loss of rows of one lane, told upstream. */
export function laneGap(
  stamp: Stamp,
  loss: { lane?: string; from: number; to: number; lost?: number; reason: string },
): GapEvent {
  return {
    type: 'gap',
    occurredAt: stamp.recordedAt,
    scope: 'lane',
    ...loss,
    reason: loss.reason.slice(0, 200),
  };
}
