/**
 * An event as the ledger knows it: named for ever by (gateway, epoch, lane, seq), ordered by (occurredAt, key).
 * The key settles events of equal time the same way whatever the order of arrival.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { shiftTimes } from '../../protocol/events/times.ts';
import type { TimeQuality } from '../store/tables.ts';

export interface LedgerEvent {
  readonly gateway: string;
  readonly key: string;
  /** Its times are those that count: put right where the gateway's clock was wrong. */
  readonly event: StockEvent;
  /** Only where they are not as recorded. */
  readonly time?: LedgerTime;
}

export interface LedgerTime {
  readonly quality: TimeQuality;
  readonly correctionMs: number;
  readonly bootId: string;
}

/** An event as recorded, with what is known of its time. */
export function ledgerEvent(
  gateway: string,
  key: string,
  recorded: StockEvent,
  time: LedgerTime,
): LedgerEvent {
  if (time.quality === 'as-recorded') return { gateway, key, event: recorded };
  return { gateway, key, event: shiftTimes(recorded, time.correctionMs), time };
}

const SEQ_DIGITS = 16;

export function occurredKey(gateway: string, epoch: string, lane: Lane | string, seq: number): string {
  return `${gateway}/${epoch}/${lane}/${String(seq).padStart(SEQ_DIGITS, '0')}`;
}

/** Whether (at, key) comes after (otherAt, otherKey). Keys are ASCII, so this is also the database's order. */
export function isLater(at: number, key: string, otherAt: number, otherKey: string): boolean {
  return at > otherAt || (at === otherAt && key > otherKey);
}
