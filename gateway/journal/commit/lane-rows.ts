/**
 * The rows of one lane across its tables, oldest table first: insert at the right edge, read, remove from the left,
 * bury. Runs inside the store's transactions. A row is removed when all its events are pruned; until then its first
 * events stand below the pruned seq and are skipped.
 */
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { Connection, Statement } from '../file/connection.ts';
import { isDense, tablesOf, tailTableOf } from '../file/layout.ts';
import {
  type PackedRow,
  packBody,
  packRows,
  type StoredRow,
  TOMBSTONE,
  unpackOrMark,
  unpackRow,
} from '../file/packed-row.ts';

/** A stretch of a lane as it is handed out: covers firstSeq..lastSeq, seqs without an event included. */
export interface StoredSlice {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly rows: readonly StoredRow[];
}

interface TableStatements {
  readonly name: string;
  readonly next: Statement<[number], PackedRow>;
  readonly remove: Statement<[number], number>;
  readonly rewrite: Statement<[string | Buffer, number]>;
}

export class LaneRows {
  readonly #db: Connection;
  readonly #lane: Lane;
  readonly #insert: Statement<[number, string | Buffer, number]>;
  readonly #after: Statement<[{ after: number; limit: number }], PackedRow>;
  readonly #tables: readonly TableStatements[];

  constructor(db: Connection, lane: Lane) {
    this.#db = db;
    this.#lane = lane;
    const tables = tablesOf(lane);
    const select = tables
      .map((table) => `select seq, body, events from ${table} where seq > @after`)
      .join(' union all ');
    this.#insert = db.prepare(`insert into ${tailTableOf(lane)}(seq, body, events) values (?, ?, ?)`);
    this.#after = db.prepare(`${select} order by seq limit @limit`);
    this.#tables = tables.map((name) => ({
      name,
      next: db.prepare(`select seq, body, events from ${name} where seq >= ? order by seq limit 1`),
      remove: db.prepare<[number], number>(`delete from ${name} where seq <= ? returning events`).pluck(),
      rewrite: db.prepare(`update ${name} set body = ? where seq = ?`),
    }));
  }

  insert(bodies: readonly string[], afterSeq: number): void {
    const rows = bodies.map((body, index) => ({ seq: afterSeq + 1 + index, body }));
    for (const { seq, body, events } of packRows(rows)) this.#insert.run(seq, body, events);
  }

  /** Events behind `after` up to `lastSeq`, within the limits but at least one. */
  read(after: number, lastSeq: number, maxEvents: number, maxBytes: number): StoredSlice {
    const rows: StoredRow[] = [];
    let bytes = 0;
    let previousSeq = after;
    for (const packed of this.#after.iterate({ after, limit: maxEvents + 1 })) {
      const held = unpackOrMark(packed, previousSeq);
      previousSeq = packed.seq;
      for (const row of held) {
        if (row.seq <= after) continue;
        if (rows.length > 0 && (rows.length >= maxEvents || bytes + row.body.length > maxBytes)) {
          return { firstSeq: after + 1, lastSeq: row.seq - 1, rows };
        }
        bytes += row.body.length;
        rows.push(row);
      }
    }
    return { firstSeq: after + 1, lastSeq, rows };
  }

  /** Removes the rows that lie wholly at or below `upTo`; how many fewer events wait. */
  prune(prunedUpTo: number, upTo: number): number {
    let fewer = 0;
    for (const table of this.#tables) {
      const before = skippedIn(table, prunedUpTo);
      for (const events of table.remove.all(upTo)) fewer += events;
      fewer += skippedIn(table, upTo) - before;
    }
    return fewer;
  }

  /** Takes unreadable events out of their rows; they still count as waiting until they are pruned. */
  bury(seqs: readonly number[]): void {
    for (const seq of seqs) {
      for (const { next, rewrite } of this.#tables) {
        const row = next.get(seq);
        if (row === undefined) continue;
        const events = unpackRow(row);
        if (events === undefined) rewrite.run(TOMBSTONE, row.seq);
        else if (events.some((event) => event.seq === seq)) {
          const rest = events.filter((event) => event.seq !== seq);
          rewrite.run(packBody(row.seq, rest), row.seq);
        }
      }
    }
  }

  /** Events stored above `prunedUpTo`, without reading a full file: the big tables are dense, the sparse ones small. */
  count(prunedUpTo: number): number {
    let events = 0;
    for (const table of this.#tables) {
      const dense = table.name === tailTableOf(this.#lane) && isDense(this.#lane);
      events += dense ? spanOf(this.#db, table.name) : sumOf(this.#db, table.name);
      events -= skippedIn(table, prunedUpTo);
    }
    return events;
  }

  highestSeq(): number {
    const highest = this.#tables.map(
      ({ name }) => this.#db.prepare<[], number | null>(`select max(seq) from ${name}`).pluck().get() ?? 0,
    );
    return Math.max(0, ...highest);
  }
}

/** How many events of the first row that is kept lie at or below `upTo`. */
function skippedIn(table: TableStatements, upTo: number): number {
  const row = table.next.get(upTo + 1);
  if (row === undefined || typeof row.body === 'string') return 0;
  return unpackRow(row)?.filter(({ seq }) => seq <= upTo).length ?? 0;
}

/** Events of a table whose seqs are dense. */
export function spanOf(db: Connection, table: string): number {
  const first = db.prepare<[], number>(`select seq - events from ${table} order by seq limit 1`).pluck();
  const last = db.prepare<[], number | null>(`select max(seq) from ${table}`).pluck().get();
  return typeof last === 'number' ? last - Number(first.get()) : 0;
}

function sumOf(db: Connection, table: string): number {
  return Number(db.prepare(`select coalesce(sum(events), 0) from ${table}`).pluck().get());
}
