/**
 * How one event is stored: an EventRecord without its seq (the key holds that) as JSON, sealed (sealed.ts). A row that
 * does not read back is damage, never a reason to stop the lane. Unknown event types pass: the cloud judges events.
 */
import * as z from 'zod';
import {
  type EventRecord,
  eventRecordSchema,
  type Stamp,
  stampSchema,
} from '../../../protocol/events/record.ts';
import type { GapEvent, StockEvent } from '../../../protocol/events/stock-event.ts';
import { seal, unseal } from './sealed.ts';

const storedEventSchema = stampSchema.extend({
  origin: eventRecordSchema.shape.origin,
  event: z.custom<StockEvent>(
    (value) =>
      typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string',
  ),
});
export type StoredEvent = z.infer<typeof storedEventSchema>;
type EventOrigin = NonNullable<EventRecord['origin']>;

export function encodeStoredEvent(stamp: Stamp, event: StockEvent): string {
  return encode({ ...stamp, event });
}

/** An event on its way to another journal file: it keeps its original name, if that is known. */
export function encodeCarriedEvent(stored: StoredEvent, bornAs: EventOrigin | undefined): string {
  const origin = stored.origin ?? bornAs;
  return encode(origin === undefined ? stored : { ...stored, origin });
}

function encode(stored: StoredEvent): string {
  return seal(JSON.stringify(stored));
}

/** Undefined for anything that is not a stored event. */
export function decodeStoredEvent(body: unknown): StoredEvent | undefined {
  const json = unseal(body);
  if (json === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
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

/** The loss of rows of one lane, as reported upstream. */
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
