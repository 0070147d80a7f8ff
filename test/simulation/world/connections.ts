/**
 * Which SQLite connections stand open, by file. The journal keeps its connection to itself; a crash must end it, a
 * full disk must limit it, and a power cut must know what it syncs, so each connection is noted when it sets its
 * first pragma.
 */
import Database, { type Database as Connection } from 'better-sqlite3';

const open = new Set<Connection>();
const setPragma = Database.prototype.pragma;

/** Rewrites pragmas on their way to SQLite: how a mutation gets in. */
type PragmaFilter = (source: string) => string;
let filter: PragmaFilter | undefined;

export function withPragmaFilter(next: PragmaFilter | undefined): void {
  filter = next;
}

/** Begins to note connections; for the rest of the process. */
export function watchConnections(): void {
  Database.prototype.pragma = function (this: Connection, source, options) {
    open.add(this);
    return setPragma.call(this, filter?.(source) ?? source, options);
  };
}

/** The open connections whose file lies in the folder. */
export function connectionsIn(folder: string): Connection[] {
  for (const connection of open) if (!connection.open) open.delete(connection);
  return [...open].filter((connection) => connection.name.startsWith(`${folder}/`));
}

interface Syncing {
  /** A commit is on the disk when it returns. */
  readonly atCommit: boolean;
  /** What was written before a checkpoint is on the disk after it. */
  readonly atCheckpoint: boolean;
}

/** What the connection really syncs (SQLite, PRAGMA synchronous and PRAGMA journal_mode). */
export function syncingOf(connection: Connection): Syncing {
  const level = Number(setPragma.call(connection, 'synchronous', { simple: true }));
  const mode = String(setPragma.call(connection, 'journal_mode', { simple: true }));
  if (mode === 'memory' || mode === 'off') return { atCommit: false, atCheckpoint: false };
  return { atCommit: level >= 2 || (mode !== 'wal' && level >= 1), atCheckpoint: level >= 1 };
}

/** Lets the file grow by so many pages from now on; undefined: without limit. */
export function limitPages(connection: Connection, more: number | undefined): void {
  const pages = Number(setPragma.call(connection, 'page_count', { simple: true }));
  setPragma.call(connection, `max_page_count = ${more === undefined ? 0xfffffffe : pages + more}`);
}
