/**
 * The databases that a suite runs on: PGlite in memory always, PostgreSQL too when DATABASE_URL is set. A test
 * worker starts and migrates each of them once; every `open()` empties it. So only the store opened last is usable.
 */
import { Kysely, PGliteDialect, sql } from 'kysely';
import { openDatabase, type Store } from '../../cloud/store/database.ts';
import { beginCluster } from '../../cloud/store/embedded-cluster.ts';
import { migrate } from '../../cloud/store/migrate.ts';
import type { Tables } from '../../cloud/store/tables.ts';
import { clearing } from './clear-tables.ts';

export interface TestDatabase {
  readonly name: string;
  open(): Promise<Store>;
}

/** What the schemas of a run's workers on a PostgreSQL server begin with; vitest-run.setup.ts drops them. */
export const schemasOfRun = (runnerPid: number) => `test_${runnerPid}_`;

export function databases(): TestDatabase[] {
  const url = process.env.DATABASE_URL;
  const embedded: TestDatabase = { name: 'PGlite', open: openEmbedded };
  return url === undefined || url === ''
    ? [embedded]
    : [embedded, { name: 'PostgreSQL', open: () => openPostgres(url) }];
}

interface Migrated {
  open(): Promise<Store>;
  clear(): Promise<void>;
}

let embedded: Promise<Migrated> | undefined;
let server: Promise<Migrated> | undefined;

/** A store on the worker's PGlite. */
export async function openEmbedded(): Promise<Store> {
  embedded ??= startEmbedded();
  return await opened(await embedded);
}

async function openPostgres(url: string): Promise<Store> {
  server ??= prepareServer(url);
  return await opened(await server);
}

async function opened({ open, clear }: Migrated): Promise<Store> {
  await clear();
  return await open();
}

async function startEmbedded(): Promise<Migrated> {
  const pglite = await beginCluster();
  const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
  await migrate(db);
  const open = async (): Promise<Store> => ({
    db: new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) }),
    engine: 'pglite',
    powerLossSafe: false,
    close: async () => {},
  });
  return { open, clear: await clearing(db, 'public') };
}

async function prepareServer(url: string): Promise<Migrated> {
  const schema = `${schemasOfRun(process.ppid)}${process.pid}`;
  const { db } = await openDatabase({ url, maxConnections: 1 });
  await sql`create schema if not exists ${sql.ref(schema)}`.execute(db);
  const first = await openDatabase({ url, schema });
  await migrate(first.db, { schema });
  await first.close();
  return { open: () => openDatabase({ url, schema }), clear: await clearing(db, schema) };
}
