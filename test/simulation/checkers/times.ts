/**
 * Times are right: whatever the wall clock of the gateway said, an event stands at the time at which it happened,
 * unless the ledger itself calls that an estimate. In the end nothing waits for a good clock any more.
 */
import type { History } from '../history.ts';
import type { LedgerRow } from './ledger-rows.ts';

/** A clock within a second counts as right, and an answer that gives the time may have taken two. */
const TOLERANCE_MS = 2500;

export function checkTimes(history: History, rows: readonly LedgerRow[]): void {
  const waiting = rows.filter(({ quality }) => quality === 'waiting');
  if (waiting.length > 0) {
    const names = waiting.map(({ gateway, epoch, lane, seq }) => `${gateway}/${epoch}/${lane}/${seq}`);
    history.violate('stuck', `still waiting for a good clock: ${names.join(', ')}`);
  }
  for (const { edge, occurredAt, quality, epoch, lane, seq } of rows) {
    if (edge === undefined || quality === 'estimated' || quality === 'waiting') continue;
    const offMs = occurredAt - edge.trueAt;
    if (Math.abs(offMs) <= TOLERANCE_MS) continue;
    const name = `${edge.marker} at ${edge.gateway}/${epoch}/${lane}/${seq}`;
    history.violate('mistimed', `${name} is off by ${offMs} ms (${quality})`);
  }
}
