/**
 * Reads a journal file as found on the disk, with a SQLite of its own: nothing is pruned there that the cloud has not
 * acked. Works on a copy, since opening replays the log.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { History } from '../history.ts';
import { SCRATCH } from '../world/scratch.ts';

interface LaneRow {
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
    const found = readLanes(join(folder, FILE));
    for (const { name, pruned_up_to: prunedUpTo } of found?.lanes ?? []) {
      const { ackedUpTo } = history.laneOf(gateway, found?.epoch ?? '', name);
      if (prunedUpTo > ackedUpTo) {
        const claim = `${prunedUpTo}, acked is ${ackedUpTo}`;
        history.violate(
          'prunedEarly',
          `the file of ${gateway} is pruned in ${found?.epoch}/${name} up to ${claim}`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined for a file that is damaged, or not yet a journal. */
function readLanes(file: string): { epoch: string; lanes: LaneRow[] } | undefined {
  const db = new Database(file);
  try {
    const epoch = db.prepare<[], string>(`select value from meta where key = 'epoch'`).pluck().get();
    const lanes = db.prepare<[], LaneRow>('select name, pruned_up_to from lane').all();
    return epoch === undefined ? undefined : { epoch, lanes };
  } catch (error) {
    if (error instanceof Database.SqliteError) return undefined;
    throw error;
  } finally {
    db.close();
  }
}
