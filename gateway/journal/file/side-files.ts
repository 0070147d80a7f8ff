/** The files of a journal as the folder sees them: what lies beside the database, and names that outlive a power cut. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** SQLite's, by their endings. */
const SIDE_FILES = ['-wal', '-shm'];

/** With what lies beside it, if there is any of it. */
export function removeDatabase(file: string): void {
  for (const side of ['', ...SIDE_FILES]) rmSync(file + side, { force: true });
}

export function moveSideFiles(from: string, to: string): void {
  for (const side of SIDE_FILES) if (existsSync(from + side)) renameSync(from + side, to + side);
}

/** Makes the names in the folder of `file` durable. */
export function syncDirectory(file: string): void {
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
