/** The ledger's event rows, read by the checkers themselves. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../../../cloud/store/tables.ts';
import { type EdgeEvent, type History, markerOf } from '../history.ts';

export interface LedgerRow {
  readonly gateway: string;
  readonly epoch: string;
  readonly lane: string;
  readonly seq: number;
  /** The time that counts. */
  readonly occurredAt: number;
  /** How good that time is; `waiting`: not yet in any projection. */
  readonly quality: 'as-recorded' | 'corrected' | 'estimated' | 'waiting';
  readonly body: Record<string, unknown>;
  /** The event of the workload that this row is; undefined for what the gateway reports about itself. */
  readonly edge: EdgeEvent | undefined;
}

export async function readLedgerRows(db: Kysely<Tables>, history: History): Promise<LedgerRow[]> {
  const { rows } = await sql<Omit<LedgerRow, 'edge'>>`
    select gateway, epoch, lane, seq, occurred_at as "occurredAt", time_quality as quality, body from events
    order by gateway, epoch, lane, seq
  `.execute(db);
  return rows.map((row) => {
    const marker = markerOf(row.body);
    return { ...row, edge: marker === undefined ? undefined : history.edge.get(marker) };
  });
}
