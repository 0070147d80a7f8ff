/** Lanes in order: within one epoch and lane, the ledger's seqs follow the order in which the edge appended. */
import type { History } from '../history.ts';
import type { LedgerRow } from './ledger-rows.ts';

/** `rows` sorted by gateway, epoch, lane and seq. */
export function checkOrder(history: History, rows: readonly LedgerRow[]): void {
  let before: LedgerRow | undefined;
  for (const row of rows) {
    if (row.edge === undefined) continue;
    const sameLane =
      before?.gateway === row.gateway && before.epoch === row.epoch && before.lane === row.lane;
    if (sameLane && before?.edge !== undefined && before.edge.order >= row.edge.order) {
      const lane = `${row.gateway}/${row.epoch}/${row.lane}`;
      history.violate(
        'outOfOrder',
        `${lane}: ${row.edge.marker} stands at ${row.seq}, behind ${before.edge.marker} at ${before.seq}`,
      );
    }
    before = row;
  }
}
