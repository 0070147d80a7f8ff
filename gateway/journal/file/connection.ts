/** A connection to the journal file, as all that read or write it know it. */
import type { Database as Connection } from 'better-sqlite3';

export type { Database as Connection, Statement } from 'better-sqlite3';

export function pragmaNumber(db: Connection, name: string): number {
  return Number(db.pragma(name, { simple: true }));
}

export function fileBytes(db: Connection): number {
  return pragmaNumber(db, 'page_count') * pragmaNumber(db, 'page_size');
}
