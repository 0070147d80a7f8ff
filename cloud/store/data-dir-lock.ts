/**
 * One process per data directory: the embedded engine has no lock of its own and two processes corrupt it. The
 * lock is a file naming the process (pid and, on Linux, its start tick, so that a reused pid does not count).
 * A lock left by a process that is gone is taken over. It does not see processes on other machines or in other
 * pid namespaces: do not put the directory on a shared volume.
 */
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const ownerSchema = z.object({ pid: z.int().positive(), startTick: z.string().optional() });
type Owner = z.infer<typeof ownerSchema>;

export class DataDirLockedError extends Error {
  readonly pid: number;
  constructor(directory: string, lockFile: string, pid: number) {
    super(
      `${directory} is in use by process ${pid}. Stop that process, or give this one another data directory ` +
        `(delete ${lockFile} only if you are sure that it is not running).`,
    );
    this.name = 'DataDirLockedError';
    this.pid = pid;
  }
}

/** Directories that this very process holds: in a container the pid is the same after each restart. */
const heldHere = new Set<string>();

/** Takes the lock; the returned function gives it back. */
export function lockDataDir(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const lockFile = join(directory, 'lock');
  if (heldHere.has(lockFile)) throw new DataDirLockedError(directory, lockFile, process.pid);
  const mine = join(directory, `lock.${process.pid}`);
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startTick: startTickOf(process.pid) }));
  try {
    while (!tryLink(mine, lockFile)) {
      const text = readIfThere(lockFile);
      if (text === undefined) continue;
      const owner = parseOwner(text);
      if (owner !== undefined && isAlive(owner)) throw new DataDirLockedError(directory, lockFile, owner.pid);
      takeAway(lockFile, text, `${mine}.stale`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  heldHere.add(lockFile);
  return () => {
    if (heldHere.delete(lockFile)) rmSync(lockFile, { force: true });
  };
}

/** Removes a stale lock; if another process has put its own in the meantime, that one is put back. */
function takeAway(lockFile: string, expected: string, aside: string): void {
  try {
    renameSync(lockFile, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== expected) tryLink(aside, lockFile);
  rmSync(aside, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function parseOwner(text: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    // An unreadable lock names nobody: it is stale.
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  // This process would be in heldHere: the name is left from an earlier life with the same pid.
  if (owner.pid === process.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  const tick = startTickOf(owner.pid);
  return owner.startTick === undefined || tick === undefined || owner.startTick === tick;
}

/** Field 22 of /proc/<pid>/stat: clock ticks after boot when the process started. */
function startTickOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    // No /proc on this system, or the process is gone: the pid alone decides.
    return undefined;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
