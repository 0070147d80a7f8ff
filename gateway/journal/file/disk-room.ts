/**
 * How much of the disk the journal may take. Default: 4 GB or 80 % of what is free and what it already takes,
 * whichever is less, but never less than it holds: a disk that others have filled is no reason to give up events.
 */
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { JournalError } from '../journal-error.ts';

const MEBIBYTE = 1024 * 1024;
const MOST_BYTES = 4 * 1024 * MEBIBYTE;
const SHARE = 0.8;
/** Some hundred thousand events: below this an hour without network is a loss. */
export const LEAST_BYTES = 32 * MEBIBYTE;

/** What the engine asks of the machine, so that tests can answer. */
export interface Surroundings {
  /** Bytes that may still be written in the file system of `folder`. */
  freeBytes(folder: string): number;
  /** Size of a file; 0 when there is none. */
  sizeOf(file: string): number;
}

export const REAL_SURROUNDINGS: Surroundings = {
  freeBytes(folder) {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  },
  sizeOf: (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0,
};

/** Throws `disk-too-small` where a new journal would be too small to be of use. */
export function defaultMaxBytes(file: string, surroundings: Surroundings): number {
  const own = surroundings.sizeOf(file) + surroundings.sizeOf(`${file}-wal`);
  const free = surroundings.freeBytes(dirname(file));
  const share = Math.floor((free + own) * SHARE);
  if (share < LEAST_BYTES && own === 0) {
    throw new JournalError(
      'disk-too-small',
      `only ${inMebibytes(free)} MiB are free for the journal, and a useful one needs ` +
        `${inMebibytes(LEAST_BYTES / SHARE)}: free some, point dataDir at a larger disk, or set journal.maxBytes`,
    );
  }
  return Math.max(Math.min(MOST_BYTES, share), own, LEAST_BYTES);
}

const inMebibytes = (bytes: number) => Math.ceil(bytes / MEBIBYTE);
