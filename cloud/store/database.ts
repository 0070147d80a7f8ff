/**
 * Opens the one database: PGlite (PostgreSQL in this process; for the demo, tests and small trials) or a real
 * PostgreSQL. Both speak the same SQL and give int8 as number (all our integers are below 2^53).
 *
 * PGlite survives a killed process but not a power cut: it never syncs to the disk. `powerLossSafe` says so, and
 * the app shows it. It has no lock of its own (data-dir-lock.ts), and a directory whose first initialisation was
 * cut short never boots: it is set aside under another name and a new one is begun.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely';
import pg from 'pg';
import { lockDataDir } from './data-dir-lock.ts';
import { beginCluster, openCluster } from './embedded-cluster.ts';
import type { Tables } from './tables.ts';

export interface Store {
  readonly db: Kysely<Tables>;
  readonly engine: 'pglite' | 'postgres';
  /** Whether a committed transaction outlives a power cut. */
  readonly powerLossSafe: boolean;
  close(): Promise<void>;
}

export type DatabaseOptions =
  | {
      /** postgres://user:password@host:port/database */
      url: string;
      /** Where our tables live, when not in the connection's default schema; must exist. */
      schema?: string;
      /** Connections of this process. */
      maxConnections?: number;
      /** A connection that stood idle broke (the server restarted); the pool opens new ones by itself. */
      onIdleError?: (error: Error) => void;
    }
  | { dataDir: string }
  | { memory: true };

/**
 * While another process rebuilds, three lanes, the settling of clocks and three watches may wait for it, each with a
 * connection; people and gateways still need some.
 */
const DEFAULT_MAX_CONNECTIONS = 14;
const CONNECT_TIMEOUT_MS = 10_000;
/** No statement of ours takes this long; one that does is stuck and must not hold its locks for ever. */
const STATEMENT_TIMEOUT_MS = 120_000;

export async function openDatabase(options: DatabaseOptions): Promise<Store> {
  if ('url' in options) return openPostgres(options);
  if ('memory' in options) return storeOf(await beginCluster(), () => {});
  return openDataDir(resolve(options.dataDir));
}

async function openPostgres(options: Extract<DatabaseOptions, { url: string }>): Promise<Store> {
  const int8 = (text: string) => Number(text);
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    application_name: 'tallyport',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    ...(options.schema === undefined ? {} : { options: `-c search_path=${options.schema}` }),
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        oid === pg.types.builtins.INT8
          ? int8
          : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  // A connection that breaks between two statements of a transaction has nobody to report to: the next statement fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', (error) => options.onIdleError?.(withoutClient(error)));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    throw new Error(`cannot connect to PostgreSQL: ${(error as Error).message}`, { cause: error });
  }
  return { db, engine: 'postgres', powerLossSafe: true, close: () => db.destroy() };
}

/** The pool hangs the whole connection on its errors, with the key that cancels its statements: not for a log. */
function withoutClient(error: Error): Error {
  Reflect.deleteProperty(error, 'client');
  return error;
}

async function openDataDir(dataDir: string): Promise<Store> {
  const unlock = lockDataDir(dataDir);
  try {
    const cluster = join(dataDir, 'pg');
    const initialised = join(dataDir, 'initialised');
    if (existsSync(initialised)) return storeOf(await openCluster(cluster), unlock);
    if (existsSync(cluster)) setAside(dataDir, cluster);
    mkdirSync(cluster, { recursive: true });
    const store = storeOf(await beginCluster({ dataDir: cluster }), unlock);
    writeFileSync(initialised, '');
    return store;
  } catch (error) {
    unlock();
    throw new Error(`cannot open the embedded database in ${dataDir}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function storeOf(pglite: PGlite, onClosed: () => void): Store {
  const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
  const close = async () => {
    if (!pglite.closed) await pglite.close();
    onClosed();
  };
  return { db, engine: 'pglite', powerLossSafe: false, close };
}

function setAside(dataDir: string, cluster: string): void {
  const taken = new Set(readdirSync(dataDir));
  let number = 1;
  while (taken.has(`pg.incomplete-${number}`)) number++;
  renameSync(cluster, join(dataDir, `pg.incomplete-${number}`));
}
