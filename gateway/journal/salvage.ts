/**
 * A journal file that cannot be trusted is set aside and its readable rows carried into a new one. Nothing is ever
 * deleted: the old file ends as `<file>.corrupt-<n>` with its WAL beside it.
 *
 * Steps, each safe to be cut short; `finishSalvage` at the next boot goes on from what it finds:
 *   1. `<file>` → `<file>.salvaging` (then -wal and -shm): the start mark, atomic.
 *   2. `<file>.new` is built: new epoch, the waiting events in their old order with new seqs, checkpoints, and gap
 *      events that tell what is missing. Leftovers of a cut-short build are built over; they hold nothing of their own.
 *   3. `<file>.new` → `<file>`: from here on the salvage is done.
 *   4. `<file>.salvaging` → `<file>.corrupt-<n>`.
 * Events that were delivered but not yet acked are carried over too: under their new names the cloud sees them
 * twice, and the gap event says why. Losing them would be worse.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { LANES } from '../../protocol/events/lanes.ts';
import type { Stamp } from '../../protocol/events/record.ts';
import { JournalError } from './journal-error.ts';
import { type Birth, openFile } from './layout.ts';
import { readDamaged, type SalvagedLane, SalvageSource } from './salvage-source.ts';
import { JournalStore } from './store.ts';
import { encodeStoredEvent, laneGap } from './stored-event.ts';

const SIDE_FILES = ['-wal', '-shm'];
const ROWS_PER_COMMIT = 1000;

export interface SalvageContext {
  readonly birth: Birth;
  readonly stamp: Stamp;
}

/** Sets `file` aside and puts a salvaged one in its place. */
export function salvage(file: string, reason: string, context: SalvageContext): void {
  renameSync(file, salvaging(file));
  finishSalvage(file, reason, context);
}

/** Completes a salvage that was begun, if there is one. */
export function finishSalvage(file: string, reason: string, context: SalvageContext): void {
  const source = salvaging(file);
  if (existsSync(source)) {
    if (!existsSync(file)) {
      moveSideFiles(file, source);
      syncDirectory(file);
      build(file, source, reason, context);
      renameSync(`${file}.new`, file);
      syncDirectory(file);
    }
    const aside = freeName(file);
    moveSideFiles(source, aside);
    renameSync(source, aside);
    syncDirectory(file);
  }
  // A WAL whose database is gone would be thrown away by SQLite.
  if (!existsSync(file) && existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${freeName(file)}-wal`);
}

const salvaging = (file: string) => `${file}.salvaging`;

function build(file: string, source: string, reason: string, context: SalvageContext): void {
  try {
    carryOver(file, readDamaged(source), reason, context);
  } catch (error) {
    // No room for a copy of the rows: start empty and say so; they stay readable in the file set aside.
    if (!(error instanceof JournalError) || error.code !== 'disk-full') throw error;
    carryOver(file, SalvageSource.unreadable(), `${reason}; no room to carry events over`, context);
  }
}

function carryOver(file: string, source: SalvageSource, reason: string, context: SalvageContext): void {
  const target = `${file}.new`;
  for (const side of ['', ...SIDE_FILES]) rmSync(target + side, { force: true });
  const { db, marks } = openFile(target, context.birth, Number.MAX_SAFE_INTEGER);
  const store = new JournalStore({ db, epoch: marks.epoch, file: target, maxBytes: Number.MAX_SAFE_INTEGER });
  try {
    store.commit({ events: NO_EVENTS, checkpoints: source.checkpoints() }, [], context.stamp);
    let carried = 0;
    const lossy: SalvagedLane[] = [];
    for (const lane of LANES) {
      let bodies: string[] = [];
      const write = () => {
        store.commit({ events: { ...NO_EVENTS, [lane]: bodies }, checkpoints: [] }, [], context.stamp);
        bodies = [];
      };
      const salvaged = source.readLane(lane, (body) => {
        if (bodies.push(body) === ROWS_PER_COMMIT) write();
      });
      write();
      carried += salvaged.carried;
      if (salvaged.lost !== 0) lossy.push(salvaged);
    }
    const aside = basename(freeName(file));
    const story = `journal set aside as ${aside}, ${carried} waiting events carried over: ${reason}`;
    const health = gaps(lossy, story, context.stamp);
    store.commit({ events: { ...NO_EVENTS, health }, checkpoints: [] }, [], context.stamp);
  } finally {
    source.close();
    store.close();
  }
}

const NO_EVENTS = { stock: [], condition: [], health: [] };

/** One gap per lane that lost something; one for the file as a whole when none did. */
function gaps(lossy: readonly SalvagedLane[], story: string, stamp: Stamp): string[] {
  const now = stamp.recordedAt;
  const losses =
    lossy.length === 0
      ? [{ from: now, to: now, lost: 0, reason: story }]
      : lossy.map(({ lane, from, to, lost }) => ({
          lane,
          from: from ?? now,
          to: to ?? now,
          ...(lost === undefined ? {} : { lost }),
          reason: story,
        }));
  return losses.map((loss) => encodeStoredEvent(stamp, laneGap(stamp, loss)));
}

function moveSideFiles(from: string, to: string): void {
  for (const side of SIDE_FILES) if (existsSync(from + side)) renameSync(from + side, to + side);
}

function freeName(file: string): string {
  for (let n = 1; ; n++) {
    const name = `${file}.corrupt-${n}`;
    if (!existsSync(name) && !existsSync(`${name}-wal`)) return name;
  }
}

function syncDirectory(file: string): void {
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
