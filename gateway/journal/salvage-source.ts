/**
 * Reads what can still be read from a damaged journal file, without writing to it. Unreadable stretches are stepped
 * over; each row is judged on its own. Nothing here throws for damage: what cannot be read is counted.
 */
import Database from 'better-sqlite3';
import type { Lane } from '../../protocol/events/lanes.ts';
import { type Connection, tablesOf } from './layout.ts';
import { decodeStoredEvent } from './stored-event.ts';

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

interface Row {
  readonly seq: number;
  readonly body: unknown;
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

  /** Hands over the bodies of the waiting events of a lane, oldest first. */
  readLane(lane: Lane, take: (body: string) => void): SalvagedLane {
    let carried = 0;
    let unreadable = 0;
    let whole = true;
    let from: number | undefined;
    let to: number | undefined;
    for (const table of tablesOf(lane)) {
      whole =
        this.#readTable(table, (row) => {
          const stored = decodeStoredEvent(row.body);
          if (stored === undefined || typeof row.body !== 'string') {
            if (row.body !== '') unreadable++;
            return;
          }
          carried++;
          from ??= stored.recordedAt;
          to = stored.recordedAt;
          take(row.body);
        }) && whole;
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
  #readTable(table: string, take: (row: Row) => void): boolean {
    // Not even the schema names it: no row of it will be found however long we search.
    if (this.#all(`select 1 from ${table} limit 0`, []) === undefined) return false;
    const highest = this.#all<{ seq: number | null }>(`select max(seq) as seq from ${table}`, [])?.[0];
    const end = highest === undefined ? Number.MAX_SAFE_INTEGER : (highest.seq ?? 0);
    const query = `select seq, body from ${table} where seq > ? order by seq limit ?`;
    let whole = highest !== undefined;
    let after = 0;
    let limit = ROWS_AT_ONCE;
    let step = 1;
    for (let fruitless = 0; after < end && fruitless < MAX_FRUITLESS_STEPS; ) {
      const rows: Row[] | undefined = this.#all<Row>(query, [after, limit]);
      const last = rows?.at(-1);
      if (rows !== undefined && last === undefined) break;
      if (rows !== undefined && last !== undefined) {
        rows.forEach(take);
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

  #all<T>(sql: string, parameters: readonly unknown[]): T[] | undefined {
    try {
      return this.#db?.prepare<unknown[], T>(sql).all(...parameters);
    } catch {
      return undefined;
    }
  }
}
