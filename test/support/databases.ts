/**
 * The databases that a suite runs on: PGlite in memory always, PostgreSQL too when DATABASE_URL is set. Each
 * `open()` gives a fresh schema with all migrations applied. Starting PGlite takes seconds and much memory, so a
 * test file has one instance: on it only the store opened last is usable.
 */
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PGliteDialect, sql } from 'kysely';
import { openDatabase, PGLITE_PARSERS, type Store } from '../../cloud/store/database.ts';
import { migrate } from '../../cloud/store/migrate.ts';
import type { Tables } from '../../cloud/store/tables.ts';

export interface TestDatabase {
  readonly name: string;
  open(): Promise<Store>;
}

export function databases(): TestDatabase[] {
  const url = process.env.DATABASE_URL;
  const embedded: TestDatabase = { name: 'PGlite', open: openEmbedded };
  return url === undefined || url === ''
    ? [embedded]
    : [embedded, { name: 'PostgreSQL', open: () => openPostgres(url) }];
}

let shared: PGlite | undefined;
let schemas = 0;

async function openEmbedded(): Promise<Store> {
  shared ??= new PGlite({ parsers: PGLITE_PARSERS });
  const pglite = shared;
  await pglite.waitReady;
  const schema = `test_${++schemas}`;
  await pglite.exec(`create schema ${schema}; set search_path to ${schema}`);
  const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
  await migrate(db, { schema });
  const close = async () => {
    await pglite.exec(`drop schema ${schema} cascade`);
  };
  return { db, engine: 'pglite', powerLossSafe: false, close };
}

async function openPostgres(url: string): Promise<Store> {
  const schema = `test_${process.pid}_${++schemas}`;
  const admin = await openDatabase({ url, maxConnections: 1 });
  await sql`create schema ${sql.ref(schema)}`.execute(admin.db);
  const store = await openDatabase({ url, schema });
  await migrate(store.db, { schema });
  const close = async () => {
    await store.close();
    await sql`drop schema ${sql.ref(schema)} cascade`.execute(admin.db);
    await admin.close();
  };
  return { ...store, close };
}
