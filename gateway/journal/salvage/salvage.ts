/**
 * Puts a new journal file in the place of one that must not go on: a damaged one (salvage), or one that this machine
 * takes over from another or from a forked past (adoption). Nothing is ever deleted: the old file ends as
 * `<file>.corrupt-<n>` or `<file>.adopted-<n>`, with its WAL beside it.
 *
 * Steps, each safe to be cut short; `finishReplacing` at the next boot goes on from what it finds:
 *   1. `<file>` → `<file>.salvaging` or `.adopting` (then -wal and -shm): the start mark, atomic.
 *   2. `<file>.new` is built (carry-over.ts). Leftovers of a cut-short build are built over.
 *   3. `<file>.new` → `<file>`: from here on the replacing is done.
 *   4. The old file gets its last name.
 */
import { existsSync, renameSync } from 'node:fs';
import { basename } from 'node:path';
import { moveSideFiles, removeDatabase, syncDirectory } from '../file/side-files.ts';
import { walLostCommits } from '../file/wal-damage.ts';
import { JournalError } from '../journal-error.ts';
import { type Carried, carryOver, type SalvageContext } from './carry-over.ts';
import { readDamaged, SalvageSource } from './salvage-source.ts';

type Kind = 'salvage' | 'adoption';
const UNDER_WAY: Record<Kind, string> = { salvage: 'salvaging', adoption: 'adopting' };
const AT_LAST: Record<Kind, string> = { salvage: 'corrupt', adoption: 'adopted' };

/** What became of a file that was replaced. */
export interface Replaced extends Carried {
  /** Where the old file is now. */
  readonly aside: string;
}

/** Sets a damaged `file` aside and puts a salvaged one in its place. */
export function salvage(file: string, reason: string, context: SalvageContext): Replaced | undefined {
  renameSync(file, underWay(file, 'salvage'));
  return finish(file, 'salvage', reason, context);
}

/** Replaces a sound, closed `file` by one of a new epoch. When there is no room for that, it stays as it was. */
export function replaceAdopted(file: string, context: SalvageContext): Replaced | undefined {
  const source = underWay(file, 'adoption');
  renameSync(file, source);
  try {
    return finish(file, 'adoption', 'adopted', context);
  } catch (error) {
    removeDatabase(`${file}.new`);
    if (existsSync(source) && !existsSync(file)) {
      moveSideFiles(source, file);
      renameSync(source, file);
      syncDirectory(file);
    }
    throw error;
  }
}

/** Completes what was begun, if anything was. */
export function finishReplacing(file: string, context: SalvageContext): void {
  finish(file, 'salvage', 'salvage was cut short', context);
  finish(file, 'adoption', 'adoption was cut short', context);
  // A WAL whose database is gone would be thrown away by SQLite.
  if (!existsSync(file) && existsSync(`${file}-wal`)) {
    renameSync(`${file}-wal`, `${freeName(file, 'salvage')}-wal`);
  }
}

const underWay = (file: string, kind: Kind) => `${file}.${UNDER_WAY[kind]}`;

function finish(file: string, kind: Kind, reason: string, context: SalvageContext): Replaced | undefined {
  const source = underWay(file, kind);
  if (!existsSync(source)) return undefined;
  let carried: Carried | undefined;
  if (!existsSync(file)) {
    moveSideFiles(file, source);
    syncDirectory(file);
    carried = build(file, source, kind, reason, context);
    renameSync(`${file}.new`, file);
    syncDirectory(file);
  }
  const aside = freeName(file, kind);
  moveSideFiles(source, aside);
  renameSync(source, aside);
  syncDirectory(file);
  return carried && { ...carried, aside };
}

function build(file: string, source: string, kind: Kind, reason: string, context: SalvageContext): Carried {
  const aside = basename(freeName(file, kind));
  const plan = (because: string) => ({
    sound: kind === 'adoption',
    lostCommits: walLostCommits(source),
    story: (carried: number, sessions: boolean) =>
      `journal set aside as ${aside}, ${carried} waiting events carried over${
        sessions ? '' : ', open sessions lost'
      }: ${because}`,
  });
  const target = `${file}.new`;
  try {
    return carryOver(target, readDamaged(source), plan(reason), context);
  } catch (error) {
    // No room for a copy of the rows: start empty and say so; they stay readable in the file set aside. A sound
    // file can wait for room instead.
    const full = error instanceof JournalError && error.code === 'disk-full';
    if (!full || kind === 'adoption') throw error;
    const why = `${reason}; no room to carry events over`;
    return carryOver(target, SalvageSource.unreadable(), plan(why), context);
  }
}

function freeName(file: string, kind: Kind): string {
  for (let n = 1; ; n++) {
    const name = `${file}.${AT_LAST[kind]}-${n}`;
    if (!existsSync(name) && !existsSync(`${name}-wal`)) return name;
  }
}
