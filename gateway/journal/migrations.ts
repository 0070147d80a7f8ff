/**
 * Forward migration of the journal file. A file of an older format is brought up to date in one transaction, epoch and
 * seqs unchanged; a power cut in the middle leaves the old format. A newer one is refused by the caller: this release
 * would not know what it must not lose.
 *
 * Format 1: meta {format, epoch, created}, tables lane, checkpoint, condition_thinned, lane_*.
 * Format 2: a row's body may hold `origin`, the name an event was born with; meta also holds `host`, `opening` and
 * `forked` (file-marks.ts). The tables are the same: only a reader of format 1 would drop what it does not know.
 */
import { writeMark } from './file-marks.ts';
import { UnusableFileError } from './journal-error.ts';
import type { Connection } from './layout.ts';

export const FORMAT_VERSION = 2;

/** From each format to the next; the first leads from 1 to 2. */
const STEPS: readonly ((db: Connection) => void)[] = [() => {}];

/** `format` is what the file says, at most FORMAT_VERSION. */
export function migrate(db: Connection, format: number): void {
  if (!Number.isInteger(format) || format < 1) throw new UnusableFileError('no journal format');
  if (format === FORMAT_VERSION) return;
  db.transaction(() => {
    for (const step of STEPS.slice(format - 1)) step(db);
    writeMark(db, 'format', String(FORMAT_VERSION));
  }).immediate();
}
