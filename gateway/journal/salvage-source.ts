/**
 * Reads what can still be read from a damaged journal file, without writing to it. Unreadable stretches are stepped
 * over; each row is judged on its own. Nothing here throws for damage: what cannot be read is counted.
 */
import Database from 'better-sqlite3';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { FileMarks, StoredFork } from './file-marks.ts';
import { epochOfSchema, readMark, readMarks } from './file-marks.ts';
import { type Connection, isDense, tablesOf, tailTableOf } from './layout.ts';
import { mayHaveHeld, type PackedRow, unpackRow } from './packed-row.ts';
import { decodeStoredEvent, type StoredEvent } from './stored-event.ts';

const ROWS_AT_ONCE = 200;
/** Longest step over an unreadable stretch, and how many such steps in a row end the search. */
const MAX_STEP = 4096;
const MAX_FRUITLESS_STEPS = 2000;

export interface SalvagedLane {
  readonly lane: Lane;
  readonly carried: number;
  /** Undefined when the file no longer says how many there were. */
  readonly lost: number | undefined;
  /** Event times around the unreadable part, as far as known. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export function readDamaged(file: string): SalvageSource {
  try {
    return new SalvageSource(new Database(file, { readonly: true, fileMustExist: true }));
  } catch {
    // Not a database at all: nothing to carry over, which the caller reports as an unknown loss.
    return SalvageSource.unreadable();
  }
}

export class SalvageSource {
  readonly #db: Connection | undefined;

  constructor(db: Connection | undefined) {
    this.#db = db;
  }

  static unreadable(): SalvageSource {
    return new SalvageSource(undefined);
  }

  close(): void {
    this.#db?.close();
  }

  /** The epoch its seqs belong to, if it still says. */
  epoch(): string | undefined {
    return this.#try((db) => readMark(db, 'epoch')) ?? this.#try((db) => epochOfSchema(db));
  }

  forked(): StoredFork | undefined {
    return this.#marks()?.forked;
  }

  /**
   * Hands over the waiting events of a lane, oldest first. The counters of a damaged file are not believed: what is
   * carried over needlessly keeps its name and counts once, what is left behind is lost.
   */
  readLane(lane: Lane, sound: boolean, take: (seq: number, event: StoredEvent) => void): SalvagedLane {
    const prunedUpTo = sound ? this.#prunedUpTo(lane) : 0;
    let carried = 0;
    let unreadable = 0;
    let whole = true;
    let from: number | undefined;
    let to: number | undefined;
    let previousSeq = prunedUpTo;
    let dense = false;
    let follows = false;
    const takeRow = (row: PackedRow) => {
      const events = unpackRow(row);
      if (events === undefined) unreadable += mayHaveHeld(row, previousSeq);
      // A row between this one and the last is gone.
      else if (follows) unreadable += Math.max(0, (events[0]?.seq ?? row.seq) - previousSeq - 1);
      follows = dense && events !== undefined && events.length > 0;
      previousSeq = row.seq;
      for (const { seq, body } of events ?? []) {
        if (seq <= prunedUpTo) continue;
        const stored = decodeStoredEvent(body);
        if (stored === undefined) {
          unreadable++;
          continue;
        }
        carried++;
        from ??= stored.recordedAt;
        to = stored.recordedAt;
        take(seq, stored);
      }
    };
    for (const table of tablesOf(lane)) {
      previousSeq = prunedUpTo;
      dense = isDense(lane) && table === tailTableOf(lane);
      follows = false;
      whole = this.#readTable(table, takeRow) && whole;
    }
    return { lane, carried, lost: whole ? unreadable : undefined, from, to };
  }

  checkpoints(): { key: string; body: string }[] {
    const rows = this.#all<{ key: unknown; body: unknown }>('select key, body from checkpoint', []) ?? [];
    return rows.flatMap(({ key, body }) =>
      typeof key === 'string' && typeof body === 'string' ? [{ key, body }] : [],
    );
  }

  /** True when every row could be read. */
  #readTable(table: string, take: (row: PackedRow) => void): boolean {
    // Not even the schema names it: no row of it will be found however long we search.
    if (this.#all(`select 1 from ${table} limit 0`, []) === undefined) return false;
    const highest = this.#all<{ seq: number | null }>(`select max(seq) as seq from ${table}`, [])?.[0];
    const end = highest === undefined ? Number.MAX_SAFE_INTEGER : (highest.seq ?? 0);
    // A file of format 1 has no such column: each row is one event.
    const events =
      this.#all(`select events from ${table} limit 0`, []) === undefined ? '1 as events' : 'events';
    const query = `select seq, body, ${events} from ${table} where seq > ? order by seq limit ?`;
    let whole = highest !== undefined;
    let after = 0;
    let limit = ROWS_AT_ONCE;
    let step = 1;
    for (let fruitless = 0; after < end && fruitless < MAX_FRUITLESS_STEPS; ) {
      const rows: PackedRow[] | undefined = this.#all<PackedRow>(query, [after, limit]);
      if (rows?.length === 0) break;
      const ahead = ascending(rows ?? [], after);
      if (rows !== undefined && ahead.length < rows.length) whole = false;
      const last = ahead.at(-1);
      if (last !== undefined) {
        ahead.forEach(take);
        after = last.seq;
        [limit, step, fruitless] = [ROWS_AT_ONCE, 1, 0];
        continue;
      }
      whole = false;
      fruitless++;
      if (limit > 1) {
        // Take what stands before the damage one by one.
        limit = 1;
      } else {
        after += step;
        step = Math.min(step * 2, MAX_STEP);
      }
    }
    return whole;
  }

  #marks(): FileMarks | undefined {
    return this.#try((db) => readMarks(db));
  }

  /** Events at or below it are the cloud's already, though their row may still stand. */
  #prunedUpTo(lane: Lane): number {
    const sql = 'select pruned_up_to as upTo from lane where name = ?';
    const upTo = this.#all<{ upTo: unknown }>(sql, [lane])?.[0]?.upTo;
    return typeof upTo === 'number' ? upTo : 0;
  }

  #all<T>(sql: string, parameters: readonly unknown[]): T[] | undefined {
    return this.#try((db) => db.prepare<unknown[], T>(sql).all(...parameters));
  }

  #try<T>(read: (db: Connection) => T): T | undefined {
    try {
      return this.#db && read(this.#db);
    } catch {
      return undefined;
    }
  }
}

/** In a damaged tree a search comes upon rows that stand before it: taken again and again, they would never end. */
function ascending(rows: readonly PackedRow[], after: number): PackedRow[] {
  let highest = after;
  return rows.filter(({ seq }) => {
    if (typeof seq !== 'number' || seq <= highest) return false;
    highest = seq;
    return true;
  });
}
