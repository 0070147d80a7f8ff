/**
 * What is given up when the journal is over its byte limit, in this order: every second event of the oldest stretch
 * of `condition` (kept ones move to `condition_thinned`, so that whole pages come free), then the oldest thinned
 * ones altogether, then the rest of `condition`, then `health` except gap events, and `stock` last. One call frees
 * one stretch; the caller writes the gap event in the same transaction.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Connection } from './layout.ts';

const STRETCH_ROWS = 1000;
const STRETCH_BYTES = 1024 * 1024;

export interface Thinned {
  readonly lane: Lane;
  readonly lost: number;
  /** Rows gone from the tables, tombstones included. */
  readonly removedRows: number;
  /** Event times of the oldest and newest event lost; undefined when unreadable. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly reason: string;
}

interface Loss {
  readonly lost: number;
  readonly from: number | null;
  readonly to: number | null;
}

const NOT_A_GAP = `body not like '%"event":{"type":"gap"%'`;

/**
 * Frees one stretch; undefined when nothing is left to give. Runs inside the caller's transaction. `spareStock`: on a
 * disk that others have filled, a refused append is better than old stock events given up for it.
 */
export function thinOnce(db: Connection, spareStock: boolean): Thinned | undefined {
  if (rowSpan(db, 'lane_condition') >= STRETCH_ROWS) return halveOldest(db);
  return (
    dropOldest(db, 'condition', 'condition_thinned', 'true') ??
    dropOldest(db, 'condition', 'lane_condition', 'true') ??
    dropOldest(db, 'health', 'lane_health', NOT_A_GAP) ??
    (spareStock ? undefined : dropOldest(db, 'stock', 'lane_stock', 'true'))
  );
}

function halveOldest(db: Connection): Thinned | undefined {
  const end = stretchEnd(db, 'lane_condition', 'true');
  if (end === undefined) return undefined;
  const loss = lossOf(db, 'lane_condition', `seq <= ${end} and seq % 2 = 0`);
  const kept = db
    .prepare<[number], { seq: number; body: string }>(
      'select seq, body from lane_condition where seq <= ? and seq % 2 = 1 order by seq',
    )
    .all(end);
  // Removed first: on a full disk only the pages this frees can take what is kept.
  const gone = db.prepare('delete from lane_condition where seq <= ?').run(end).changes;
  const keep = db.prepare<[number, string]>('insert into condition_thinned(seq, body) values (?, ?)');
  for (const { seq, body } of kept) keep.run(seq, body);
  return thinned('condition', loss, gone - kept.length, 'every second event dropped');
}

function dropOldest(db: Connection, lane: Lane, table: string, which: string): Thinned | undefined {
  const end = stretchEnd(db, table, which);
  if (end === undefined) return undefined;
  const loss = lossOf(db, table, `seq <= ${end} and ${which}`);
  const removedRows = db.prepare(`delete from ${table} where seq <= ${end} and ${which}`).run().changes;
  return thinned(lane, loss, removedRows, 'oldest events dropped');
}

function thinned(lane: Lane, loss: Loss, removedRows: number, what: string): Thinned {
  return {
    lane,
    lost: loss.lost,
    removedRows,
    from: loss.from ?? undefined,
    to: loss.to ?? undefined,
    reason: `journal over its byte limit: ${what}`,
  };
}

/** Last seq of the oldest stretch, bounded in rows and bytes. */
function stretchEnd(db: Connection, table: string, which: string): number | undefined {
  const rows = db
    .prepare<[number], { seq: number; bytes: number }>(
      `select seq, octet_length(body) as bytes from ${table} where ${which} order by seq limit ?`,
    )
    .all(STRETCH_ROWS);
  let bytes = 0;
  for (const row of rows) {
    bytes += row.bytes;
    if (bytes >= STRETCH_BYTES) return row.seq;
  }
  return rows.at(-1)?.seq;
}

function lossOf(db: Connection, table: string, which: string): Loss {
  // Behind the checksum stands the JSON.
  const json = 'substr(body, 9)';
  const time = `case when json_valid(${json}) then json_extract(${json}, '$.event.occurredAt') end`;
  const loss = db
    .prepare<[], Loss>(
      `select count(*) as lost, min(${time}) as "from", max(${time}) as "to" from ${table} where ${which} and body <> ''`,
    )
    .get();
  return loss ?? { lost: 0, from: null, to: null };
}

/** Rows of a table whose seqs are dense. */
export function rowSpan(db: Connection, table: string): number {
  const first = db.prepare<[], number | null>(`select min(seq) from ${table}`).pluck().get();
  const last = db.prepare<[], number | null>(`select max(seq) from ${table}`).pluck().get();
  return typeof first === 'number' && typeof last === 'number' ? last - first + 1 : 0;
}
