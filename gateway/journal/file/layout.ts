/**
 * The journal file's layout: pragmas, tables, and the check that a file found on disk is one of ours.
 *
 * One table per lane, keyed by seq alone: rows (packed-row.ts) are only ever added at the right edge and removed from
 * the left, so pages stay full and a commit touches few of them. `condition_thinned` takes what thinning keeps, again
 * only at its right edge; all its seqs lie below those of `condition`. A small commit writes whole pages, so they are
 * small (`npm run bench -- flash`; pages of 1 KB cost a tenth more per event).
 */
import { closeSync, existsSync, linkSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { LANES, type Lane, laneKind } from '../../../protocol/events/lanes.ts';
import { JournalError, mapSqliteError, UnusableFileError } from '../journal-error.ts';
import { CHECKPOINTS_SCHEMA, readCheckpoints } from './checkpoints.ts';
import { type Connection, fileBytes, pragmaNumber } from './connection.ts';
import {
  type FileMarks,
  nameEpochInSchema,
  readFormat,
  readMark,
  readMarks,
  writeFormat,
  writeMark,
} from './file-marks.ts';
import { COUNTERS_SCHEMA, counterSaver, readCounters } from './lane-counters.ts';
import { FORMAT_VERSION, migrate } from './migrations.ts';
import { removeDatabase, syncDirectory } from './side-files.ts';
import { walLostCommits } from './wal-damage.ts';

export const PAGE_BYTES = 512;
/** The log is moved into the file at this size, and is cut back to it should it have grown larger. */
const WAL_LIMIT_BYTES = 4 * 1024 * 1024;
/** Up to this size the whole file is checked at boot; above it damage is found when the page is read. */
const FULL_CHECK_BYTES = 64 * 1024 * 1024;
/** Of SQLite; what is shorter it takes for a new, empty file. */
export const SMALLEST_PAGE_BYTES = 512;
const WRITE_VERSION_AT = 18;
const LOCK_WAIT_MS = 250;

/** What a new file is given when it is created. */
export interface Birth {
  readonly epoch: string;
  readonly createdAt: number;
  /** Stands for the machine that makes it; undefined when there is nothing to know the machine by. */
  readonly host: string | undefined;
}

/** The tables a lane's rows live in, oldest first. */
export function tablesOf(lane: Lane): readonly string[] {
  return isThinned(lane) ? [thinnedTableOf(lane), tailTableOf(lane)] : [tailTableOf(lane)];
}

/** The table new rows of a lane go to. */
export const tailTableOf = (lane: Lane) => `lane_${lane}`;

/** The table that takes what thinning keeps of a lane. */
export const thinnedTableOf = (lane: Lane) => `${lane}_thinned`;

export const isThinned = (lane: Lane) => laneKind(lane).givenUp.thinned;

/** Whether the tail table of a lane holds every seq from its first to its last: nothing is spared in the middle. */
export const isDense = (lane: Lane) => laneKind(lane).givenUp.spares.length === 0;

const createRows = (table: string) =>
  `create table ${table}(seq integer primary key, body not null, events integer not null default 1);`;

const SCHEMA = `
  create table meta(key text primary key, value text not null) without rowid;
  ${COUNTERS_SCHEMA}
  ${CHECKPOINTS_SCHEMA}
  ${LANES.filter(isThinned).map(thinnedTableOf).map(createRows).join('\n')}
  ${LANES.map(tailTableOf).map(createRows).join('\n')}
`;

/** Whether a file made on another machine is taken: only `adopt` does. */
type ForeignPolicy = 'refuse' | 'take';

/**
 * Opens or creates the file. Throws UnusableFileError for a file that must be set aside, JournalError for one that
 * cannot be opened now or must not be opened here.
 */
export function openFile(
  file: string,
  birth: Birth,
  limitBytes: number,
  foreign: ForeignPolicy = 'refuse',
): { db: Connection; marks: FileMarks } {
  let db: Connection | undefined;
  try {
    if (!existsSync(file)) createFile(file, birth);
    if (walLostCommits(file)) {
      refuseIfInUse(file);
      throw new UnusableFileError('its write-ahead log is damaged: commits are lost');
    }
    if (statSync(file).size < SMALLEST_PAGE_BYTES) throw new UnusableFileError('nothing is left of it');
    if (isMarkedReadOnly(file)) throw new UnusableFileError('its header says that nobody may write it');
    db = connect(file);
    const marks = verify(db, birth.host, foreign);
    db.pragma(`max_page_count = ${Math.ceil(limitBytes / pragmaNumber(db, 'page_size'))}`);
    return { db, marks };
  } catch (error) {
    db?.close();
    throw mapSqliteError(error);
  }
}

/** Under another name until it is whole: what bears the journal's name was one, however little is left of it. */
function createFile(file: string, birth: Birth): void {
  const unborn = `${file}.unborn-${process.pid}`;
  removeDatabase(unborn);
  const db = new Database(unborn);
  try {
    // Only before the first page exists.
    db.pragma(`page_size = ${PAGE_BYTES}`);
    createTables(db, birth);
    db.close();
  } catch (error) {
    db.close();
    removeDatabase(unborn);
    throw error;
  }
  putInPlace(unborn, file);
  syncDirectory(file);
}

/** Never over a file that somebody else has put there meanwhile; that one is in use then, as its lock shows. */
function putInPlace(unborn: string, file: string): void {
  try {
    linkSync(unborn, file);
  } catch (error) {
    if (isFileError(error, 'EEXIST')) rmSync(unborn);
    // A file system without hard links.
    else renameSync(unborn, file);
    return;
  }
  rmSync(unborn);
}

const isFileError = (error: unknown, code: string) =>
  error instanceof Error && 'code' in error && error.code === code;

function connect(file: string): Connection {
  const db = new Database(file, { timeout: LOCK_WAIT_MS });
  try {
    // One connection for ever: no shared memory file, and a second gateway on the same file is refused.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma(`wal_autocheckpoint = ${Math.floor(WAL_LIMIT_BYTES / pragmaNumber(db, 'page_size'))}`);
    db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
    db.pragma('cache_size = -4096');
    // What is written anew to give room back is little (store.ts).
    db.pragma('temp_store = MEMORY');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** No SQLite makes such a file: a write version above 2 (database file format, section 1.3.3) is damage. */
function isMarkedReadOnly(file: string): boolean {
  if (!existsSync(file)) return false;
  const version = Buffer.alloc(1);
  const descriptor = openSync(file, 'r');
  try {
    return readSync(descriptor, version, 0, 1, WRITE_VERSION_AT) === 1 && (version[0] ?? 0) > 2;
  } finally {
    closeSync(descriptor);
  }
}

/** A log that another gateway is writing at this moment may look torn. */
function refuseIfInUse(file: string): void {
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: LOCK_WAIT_MS });
  try {
    pragmaNumber(db, 'schema_version');
  } finally {
    db.close();
  }
}

function createTables(db: Connection, birth: Birth): void {
  db.transaction(() => {
    db.exec(SCHEMA);
    nameEpochInSchema(db, birth.epoch);
    writeFormat(db, FORMAT_VERSION);
    writeMark(db, 'epoch', birth.epoch);
    writeMark(db, 'created', String(birth.createdAt));
    if (birth.host !== undefined) writeMark(db, 'host', birth.host);
    const saveCounters = counterSaver(db);
    for (const lane of LANES) saveCounters(lane, { lastSeq: 0, prunedUpTo: 0 });
  }).immediate();
}

/** Brings a sound file to the format of this release; what it says of itself. */
function verify(db: Connection, host: string | undefined, foreign: ForeignPolicy): FileMarks {
  const tables = new Set(db.prepare<[], string>('select name from sqlite_master').pluck().all());
  if (!tables.has('meta')) throw new UnusableFileError('a SQLite file, but not a journal');
  const format = readFormat(db);
  if (format > FORMAT_VERSION) throw newerFormat(format);
  if (foreign === 'refuse') refuseForeign(hostOf(db, format), host);
  const missing = LANES.flatMap(tablesOf).find((table) => !tables.has(table));
  if (missing !== undefined) throw new UnusableFileError(`table ${missing} is missing`);
  if (fileBytes(db) <= FULL_CHECK_BYTES) {
    const verdict = db.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw new UnusableFileError(`damaged: ${String(verdict)}`);
  }
  migrate(db, format);
  for (const lane of LANES) {
    checkCounters(db, lane);
    checkRows(db, lane);
  }
  readCheckpoints(db);
  return readMarks(db);
}

/** Format 1 did not know the machine. */
const hostOf = (db: Connection, format: number) => (format === 1 ? undefined : readMark(db, 'host'));

function newerFormat(format: number): JournalError {
  return new JournalError(
    'newer-format',
    `written by a newer release (journal format ${format}, this release knows up to ${FORMAT_VERSION}). It is left ` +
      'as it is: run the newer release again, or move the file away to start an empty journal',
  );
}

/** `made` and `here` stand for machines; one without any identification is no reason to refuse the file. */
function refuseForeign(made: string | undefined, here: string | undefined): void {
  if (made === undefined || here === undefined || made === here) return;
  throw new JournalError(
    'foreign',
    'made on another machine: the card or the data directory was copied or moved. Two gateways must not send under ' +
      'one name. If this machine replaces the other for good, keep the events that wait and start a new epoch with: ' +
      'npm run gateway -- adopt --config FILE. If the other one goes on, delete the copied data directory here and ' +
      'give this gateway an identity of its own: npm run gateway -- enroll',
  );
}

/** Rows are removed in the transaction that moves the counter, so none can stand at or below it. */
function checkCounters(db: Connection, lane: Lane): void {
  const { prunedUpTo } = readCounters(db, lane);
  for (const table of tablesOf(lane)) {
    const first = db.prepare<[], number | null>(`select min(seq) from ${table}`).pluck().get();
    if (typeof first === 'number' && first <= prunedUpTo) {
      throw new UnusableFileError(`lane ${lane} holds seq ${first} below its pruned ${prunedUpTo}`);
    }
  }
}

/**
 * What SQLite itself finds nothing wrong with: a schema whose text was changed so that seq is no key any more, and,
 * in a file that is checked as a whole, a row that is missing among others or stands under another seq.
 */
function checkRows(db: Connection, lane: Lane): void {
  for (const table of tablesOf(lane)) {
    const columns = db.pragma(`table_info(${table})`) as { name: string; type: string; pk: number }[];
    const key = columns.find(({ pk }) => pk === 1);
    if (key?.name !== 'seq' || key.type.toLowerCase() !== 'integer') {
      throw new UnusableFileError(`table ${table} is not keyed by seq any more`);
    }
  }
  if (!isDense(lane) || fileBytes(db) > FULL_CHECK_BYTES) return;
  const stray = db
    .prepare<[], number>(
      `select seq from (select seq, seq - events as before, lag(seq) over (order by seq) as previous
       from ${tailTableOf(lane)}) where before <> previous limit 1`,
    )
    .pluck()
    .get();
  if (stray !== undefined) throw new UnusableFileError(`lane ${lane}: rows do not join at seq ${stray}`);
}
