/**
 * Reads what can still be read from a damaged journal file, without writing to it. Unreadable stretches are stepped
 * over; each row is judged on its own. Nothing here throws for damage: what cannot be read is counted.
 */
import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Lane } from '../../../protocol/events/lanes.ts';
import { type Checkpoint, readPlainCheckpoints, readSoundCheckpoints } from '../file/checkpoints.ts';
import { type Connection, pragmaNumber } from '../file/connection.ts';
import { epochOfSchema, type LaneSeqs, readMark, readOwnNames, readPlainEpoch } from '../file/file-marks.ts';
import { readCounters } from '../file/lane-counters.ts';
import { isDense, SMALLEST_PAGE_BYTES, tablesOf, tailTableOf } from '../file/layout.ts';
import { mayHaveHeld, type PackedRow, unpackRow } from '../file/packed-row.ts';
import { decodeStoredEvent, type StoredEvent } from '../file/stored-event.ts';

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
    // SQLite would take it for new, and a log beside it for a leftover to be deleted.
    if (statSync(file).size < SMALLEST_PAGE_BYTES) return SalvageSource.unreadable();
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
    const sealed = this.#try((db) => readMark(db, 'epoch')) ?? this.#try((db) => epochOfSchema(db));
    return sealed ?? (this.#isFormat1() ? this.#try(readPlainEpoch) : undefined);
  }

  /** The seqs up to which names are this file's own; undefined: all of them are. */
  ownNames(): LaneSeqs | undefined {
    return this.#try(readOwnNames);
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

  /** Those that can be believed, and whether that is all of them. */
  checkpoints(): { sound: Checkpoint[]; whole: boolean } {
    if (!this.#isFormat1()) return this.#try(readSoundCheckpoints) ?? { sound: [], whole: false };
    const plain = this.#try(readPlainCheckpoints);
    return { sound: plain ?? [], whole: plain !== undefined };
  }

  /** Rows that do not say how many events they hold, counters without a checksum, nothing in the header. */
  #isFormat1(): boolean {
    const table = tailTableOf('stock');
    const stands = this.#all(`select seq, body from ${table} limit 0`, []) !== undefined;
    const isMissing = (sql: string) => this.#all(sql, []) === undefined;
    return (
      stands &&
      isMissing(`select events from ${table} limit 0`) &&
      isMissing('select crc from lane limit 0') &&
      this.#try((db) => pragmaNumber(db, 'user_version')) === 0
    );
  }

  /** True when every row could be read. */
  #readTable(table: string, take: (row: PackedRow) => void): boolean {
    // Not even the schema names it: no row of it will be found however long we search.
    if (this.#all(`select 1 from ${table} limit 0`, []) === undefined) return false;
    // Format 1 has no such column, and a damaged schema may have it by another name: a row shows by itself what it holds.
    const counted = this.#all(`select events from ${table} limit 0`, []) !== undefined;
    const events = counted ? 'events' : '1 as events';
    const query = `select seq, body, ${events} from ${table} where seq > ? order by seq limit ?`;
    let whole = true;
    let taken = 0;
    let after = 0;
    let limit = ROWS_AT_ONCE;
    let step = 1;
    for (let fruitless = 0; fruitless < MAX_FRUITLESS_STEPS; ) {
      const rows: PackedRow[] | undefined = this.#all<PackedRow>(query, [after, limit]);
      if (rows?.length === 0) break;
      const ahead = ascending(rows ?? [], after);
      if (rows !== undefined && ahead.length < rows.length) whole = false;
      const last = ahead.at(-1);
      if (last !== undefined) {
        ahead.forEach(take);
        taken += ahead.length;
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
    // In a damaged tree a search may pass by what a walk from leaf to leaf comes upon.
    const walked = this.#all<{ rows: number }>(`select count(*) as rows from ${table} not indexed`, [])?.[0];
    return whole && walked?.rows === taken;
  }

  /** Events at or below it are the cloud's already, though their row may still stand. */
  #prunedUpTo(lane: Lane): number {
    return this.#try((db) => readCounters(db, lane))?.prunedUpTo ?? 0;
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
