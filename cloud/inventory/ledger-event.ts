/**
 * An event as the ledger knows it: named for ever by (gateway, epoch, lane, seq), ordered by (occurredAt, key).
 * The key settles events of equal time the same way whatever the order of arrival.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';

export interface LedgerEvent {
  readonly gateway: string;
  readonly key: string;
  readonly event: StockEvent;
}

const SEQ_DIGITS = 16;

export function occurredKey(gateway: string, epoch: string, lane: Lane | string, seq: number): string {
  return `${gateway}/${epoch}/${lane}/${String(seq).padStart(SEQ_DIGITS, '0')}`;
}

/** Whether (at, key) comes after (otherAt, otherKey). Keys are ASCII, so this is also the database's order. */
export function isLater(at: number, key: string, otherAt: number, otherKey: string): boolean {
  return at > otherAt || (at === otherAt && key > otherKey);
}
