/**
 * Forward migration of the journal file. A file of an older format is brought up to date in one transaction, epoch and
 * seqs unchanged; a power cut in the middle leaves the old format. A newer one is refused by the caller: this release
 * would not know what it must not lose.
 *
 * Format 1: meta {format, epoch, created}, tables lane, checkpoint, condition_thinned, lane_*; a row is one event.
 * Format 2: a row holds several events (packed-row.ts) and says how many; a row of format 1 is one of one event. An
 * event may carry `origin`, its original name; meta also holds `host`, `opening` and `forked`, and a view names
 * the epoch (file-marks.ts). Marks and checkpoints are sealed (sealed.ts), counters bear a checksum (lane-counters.ts).
 */
import { LANES } from '../../../protocol/events/lanes.ts';
import { UnusableFileError } from '../journal-error.ts';
import { sealCheckpoints } from './checkpoints.ts';
import type { Connection } from './connection.ts';
import { nameEpochInSchema, readPlainEpoch, sealMarks, writeFormat } from './file-marks.ts';
import { sealCounters } from './lane-counters.ts';
import { TOMBSTONE } from './packed-row.ts';

export const FORMAT_VERSION = 2;

/** `format` is what the file says, at most FORMAT_VERSION. */
export function migrate(db: Connection, format: number): void {
  if (!Number.isInteger(format) || format < 1) throw new UnusableFileError('no journal format');
  if (format === FORMAT_VERSION) return;
  db.transaction(() => {
    for (const step of STEPS.slice(format - 1)) step(db);
    writeFormat(db, FORMAT_VERSION);
  }).immediate();
}

/** From each format to the next; the first leads from 1 to 2. */
const STEPS: readonly ((db: Connection) => void)[] = [toFormat2];

/** Of the lanes' rows only tombstones are written anew. */
function toFormat2(db: Connection): void {
  const epoch = readPlainEpoch(db);
  if (epoch === undefined) throw new UnusableFileError('no epoch');
  nameEpochInSchema(db, epoch);
  sealMarks(db);
  sealCounters(db);
  sealCheckpoints(db);
  for (const table of ['condition_thinned', ...LANES.map((lane) => `lane_${lane}`)]) {
    db.exec(`alter table ${table} add column events integer not null default 1`);
    db.prepare(`update ${table} set body = ? where body = ''`).run(TOMBSTONE);
  }
}
