/**
 * Reads the journal's own tables: nothing is pruned there that the cloud has not acked. A file as a crash left it is
 * read in a copy, with a SQLite of its own, since opening replays the log; one in use through its connection.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database, { type Database as Connection } from 'better-sqlite3';
import type { History } from '../history.ts';
import { SCRATCH } from '../world/scratch.ts';

interface JournalLaneRow {
  readonly name: string;
  readonly pruned_up_to: number;
}

const FILE = 'journal.db';

export function inspectJournal(history: History, gateway: string, image: ReadonlyMap<string, Buffer>): void {
  const database = image.get(FILE);
  if (database === undefined || database.length === 0) return;
  const folder = mkdtempSync(join(SCRATCH, 'tallyport-inspect-'));
  try {
    writeFileSync(join(folder, FILE), database);
    const log = image.get(`${FILE}-wal`);
    if (log !== undefined) writeFileSync(join(folder, `${FILE}-wal`), log);
    const db = new Database(join(folder, FILE));
    try {
      checkPruned(history, gateway, db);
    } finally {
      db.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `db`: between two transactions. */
export function checkPruned(history: History, gateway: string, db: Connection): void {
  const found = readLanes(db);
  for (const { name, pruned_up_to: prunedUpTo } of found?.lanes ?? []) {
    const { ackedUpTo } = history.laneOf(gateway, found?.epoch ?? '', name);
    if (prunedUpTo <= ackedUpTo) continue;
    const claim = `${prunedUpTo}, acked is ${ackedUpTo}`;
    history.violate(
      'prunedEarly',
      `the file of ${gateway} is pruned in ${found?.epoch}/${name} up to ${claim}`,
    );
  }
}

/** Undefined for a file that is damaged, or not yet a journal. */
function readLanes(db: Connection): { epoch: string; lanes: JournalLaneRow[] } | undefined {
  try {
    const epoch = db
      .prepare<[], string>(`select substr(value, 9) from meta where key = 'epoch'`)
      .pluck()
      .get();
    const lanes = db.prepare<[], JournalLaneRow>('select name, pruned_up_to from lane').all();
    return epoch === undefined ? undefined : { epoch, lanes };
  } catch (error) {
    if (error instanceof Database.SqliteError) return undefined;
    throw error;
  }
}
