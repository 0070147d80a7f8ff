/**
 * The journal file's layout: pragmas, tables, and the check that a file found on disk is one of ours.
 *
 * One table per lane, keyed by seq alone: rows are only ever added at the right edge and removed from the left, so
 * pages stay full and a commit touches few of them (measured: 1.1 KB per event against 2.1 KB for one table keyed
 * (lane, seq) WITHOUT ROWID). `condition_thinned` takes what thinning keeps, again only at its right edge; all its
 * seqs lie below those of `condition`. Pages of 2 KB write a third less per small commit than 4 KB ones.
 */
import { statSync } from 'node:fs';
import Database, { type Database as Connection, type Statement } from 'better-sqlite3';
import { LANES, type Lane } from '../../protocol/events/lanes.ts';
import { mapSqliteError, UnusableFileError } from './journal-error.ts';

export type { Connection, Statement };

export const FORMAT_VERSION = 1;
const PAGE_BYTES = 2048;
const CHECKPOINT_PAGES = 2048;
const WAL_LIMIT_BYTES = 4 * 1024 * 1024;
/** Up to this size the whole file is checked at boot; above it damage is found when the page is read. */
const FULL_CHECK_BYTES = 64 * 1024 * 1024;
const LOCK_WAIT_MS = 250;

/** What a new file is given at birth. */
export interface Birth {
  readonly epoch: string;
  readonly createdAt: number;
}

/** The tables a lane's rows live in, oldest first. */
export function tablesOf(lane: Lane): readonly string[] {
  return lane === 'condition' ? ['condition_thinned', 'lane_condition'] : [`lane_${lane}`];
}

/** The table new rows of a lane go to. */
export const tailTableOf = (lane: Lane) => `lane_${lane}`;

const SCHEMA = `
  create table meta(key text primary key, value text not null) without rowid;
  create table lane(name text primary key, last_seq integer not null, pruned_up_to integer not null) without rowid;
  create table checkpoint(key text primary key, body text not null) without rowid;
  create table condition_thinned(seq integer primary key, body text not null);
  ${LANES.map((lane) => `create table ${tailTableOf(lane)}(seq integer primary key, body text not null);`).join('\n')}
`;

/**
 * Opens or creates the file. Throws UnusableFileError for a file that must be set aside, JournalError for one that
 * cannot be opened now.
 */
export function openFile(file: string, birth: Birth, limitBytes: number): { db: Connection; epoch: string } {
  let db: Connection | undefined;
  try {
    db = new Database(file, { timeout: LOCK_WAIT_MS });
    // Only before the first page exists; later these would write to a file that may yet have to be set aside.
    if (statSync(file).size === 0) {
      db.pragma(`page_size = ${PAGE_BYTES}`);
      db.pragma('auto_vacuum = INCREMENTAL');
    }
    // One connection for ever: no shared memory file, and a second gateway on the same file is refused.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
    db.pragma('cache_size = -4096');
    if (pragmaNumber(db, 'schema_version') === 0) createTables(db, birth);
    const epoch = verify(db);
    db.pragma(`max_page_count = ${Math.ceil(limitBytes / pragmaNumber(db, 'page_size'))}`);
    return { db, epoch };
  } catch (error) {
    db?.close();
    throw mapSqliteError(error);
  }
}

function createTables(db: Connection, birth: Birth): void {
  db.transaction(() => {
    db.exec(SCHEMA);
    const meta = db.prepare('insert into meta(key, value) values (?, ?)');
    meta.run('format', String(FORMAT_VERSION));
    meta.run('epoch', birth.epoch);
    meta.run('created', String(birth.createdAt));
    const lane = db.prepare('insert into lane(name, last_seq, pruned_up_to) values (?, 0, 0)');
    for (const name of LANES) lane.run(name);
  }).immediate();
}

/** The epoch of a sound file. */
function verify(db: Connection): string {
  const tables = new Set(db.prepare<[], string>('select name from sqlite_master').pluck().all());
  if (!tables.has('meta')) throw new UnusableFileError('a SQLite file, but not a journal');
  const meta = db.prepare<[string], string>('select value from meta where key = ?').pluck();
  const format = meta.get('format');
  if (format !== String(FORMAT_VERSION)) {
    throw new UnusableFileError(`journal format ${format ?? 'missing'}, expected ${FORMAT_VERSION}`);
  }
  const missing = LANES.flatMap(tablesOf).find((table) => !tables.has(table));
  if (missing !== undefined) throw new UnusableFileError(`table ${missing} is missing`);
  const epoch = meta.get('epoch');
  if (epoch === undefined) throw new UnusableFileError('no epoch');
  for (const lane of LANES) checkCounters(db, lane);
  if (fileBytes(db) <= FULL_CHECK_BYTES) {
    const verdict = db.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw new UnusableFileError(`damaged: ${String(verdict)}`);
  }
  return epoch;
}

/** Rows are removed in the transaction that moves the counter, so none can stand at or below it. */
function checkCounters(db: Connection, lane: Lane): void {
  const counter = db
    .prepare<[string], { last: unknown; pruned: unknown }>(
      'select last_seq as last, pruned_up_to as pruned from lane where name = ?',
    )
    .get(lane);
  const { last, pruned } = counter ?? {};
  const sound = typeof last === 'number' && typeof pruned === 'number' && pruned >= 0 && last >= pruned;
  if (!sound) throw new UnusableFileError(`counters of lane ${lane} make no sense`);
  for (const table of tablesOf(lane)) {
    const first = db.prepare<[], number | null>(`select min(seq) from ${table}`).pluck().get();
    if (typeof first === 'number' && first <= pruned) {
      throw new UnusableFileError(`lane ${lane} holds seq ${first} below its pruned ${pruned}`);
    }
  }
}

export function pragmaNumber(db: Connection, name: string): number {
  return Number(db.pragma(name, { simple: true }));
}

export function fileBytes(db: Connection): number {
  return pragmaNumber(db, 'page_count') * pragmaNumber(db, 'page_size');
}
