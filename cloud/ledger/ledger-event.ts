/**
 * An event as the ledger knows it: named for ever by (gateway, epoch, lane, seq), ordered by (occurredAt, key).
 * The key settles events of equal time the same way whatever the order of arrival.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import { parseEvent, type UnknownEvent } from '../../protocol/events/parse-event.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { shiftTimes } from '../../protocol/events/times.ts';
import type { EventTime } from './event-time.ts';

/** An event of a kind that this version knows, or one of a newer gateway's that is kept until a version knows it. */
export type RecordedEvent =
  | { readonly isKnown: true; readonly event: StockEvent }
  | { readonly isKnown: false; readonly event: UnknownEvent };

interface Named {
  readonly gateway: string;
  readonly key: string;
  /** That of the event where it says one, else when the gateway recorded it; put right where the clock was wrong. */
  readonly occurredAt: number;
  /** Only where the times are not as recorded. */
  readonly time?: LedgerTime;
}

/** Its times are those that count: put right where the gateway's clock was wrong. */
type KnownLedgerEvent = Named & Extract<RecordedEvent, { isKnown: true }>;
export type LedgerEvent = KnownLedgerEvent | (Named & Extract<RecordedEvent, { isKnown: false }>);

interface LedgerTime extends EventTime {
  readonly bootId: string;
}

interface Recording {
  readonly gateway: string;
  readonly key: string;
  readonly recordedAt: number;
  readonly time: LedgerTime;
}

/** An event as recorded, with what is known of its time. */
export function ledgerEvent(
  recorded: RecordedEvent,
  { gateway, key, recordedAt, time }: Recording,
): LedgerEvent {
  const shiftMs = time.quality === 'as-recorded' ? 0 : time.correctionMs;
  const occurredAt = (recorded.event.occurredAt ?? recordedAt) + shiftMs;
  const named = { gateway, key, occurredAt, ...(time.quality === 'as-recorded' ? {} : { time }) };
  return recorded.isKnown
    ? { ...named, isKnown: true, event: shiftTimes(recorded.event, shiftMs) }
    : { ...named, ...recorded };
}

/**
 * The body of an event on record. One that this version cannot read, of whatever kind it says to be, was taken by
 * another version: it counts as unknown.
 */
export function readRecorded(type: string, body: Readonly<Record<string, unknown>>): RecordedEvent {
  const parsed = parseEvent(body);
  if (parsed.outcome === 'known') return { isKnown: true, event: parsed.event };
  return { isKnown: false, event: parsed.outcome === 'unknown' ? parsed.event : { type, raw: body } };
}

const SEQ_DIGITS = 16;

export function occurredKey(gateway: string, epoch: string, lane: Lane | string, seq: number): string {
  return `${gateway}/${epoch}/${lane}/${String(seq).padStart(SEQ_DIGITS, '0')}`;
}

/** Whether (at, key) comes after (otherAt, otherKey). Keys are ASCII, so this is also the database's order. */
export function isLater(at: number, key: string, otherAt: number, otherKey: string): boolean {
  return at > otherAt || (at === otherAt && key > otherKey);
}
