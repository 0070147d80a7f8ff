/**
 * The engine under the simulated database: PGlite in memory (one connection, everything repeats) or a PostgreSQL
 * server (true concurrency, so that several ingest workers may run). One per process, its tables emptied between
 * seeds: starting one costs as much as ten seeds.
 */
import { type Dialect, Kysely, PGliteDialect, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { openDatabase } from '../../../cloud/store/database.ts';
import { beginCluster } from '../../../cloud/store/embedded-cluster.ts';
import { migrate } from '../../../cloud/store/migrate.ts';
import type { Tables } from '../../../cloud/store/tables.ts';
import { clearing } from '../../support/clear-tables.ts';

export interface SimulationEngine {
  readonly kind: 'pglite' | 'postgres';
  /** Whether several transactions can be open at once. */
  readonly concurrent: boolean;
  /** For a new client. */
  dialect(): Dialect;
  /** For the checkers: never sees what is not committed. */
  readonly admin: Kysely<Tables>;
  /** Empties all tables. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openEngine(url: string | undefined): Promise<SimulationEngine> {
  return url === undefined ? openEmbedded() : openServer(url);
}

async function openEmbedded(): Promise<SimulationEngine> {
  const pglite = await beginCluster();
  const admin = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
  await migrate(admin);
  // Tables of a few rows: looking for a better plan costs more than any plan.
  for (const limit of ['join_collapse_limit', 'from_collapse_limit']) {
    await sql`set ${sql.raw(limit)} = 1`.execute(admin);
  }
  return {
    kind: 'pglite',
    concurrent: false,
    admin,
    dialect: () => new PGliteDialect({ pglite }),
    clear: await clearing(admin, 'public'),
    close: () => pglite.close(),
  };
}

async function openServer(url: string): Promise<SimulationEngine> {
  const schema = `simulation_${process.pid}`;
  const setup = await openDatabase({ url, maxConnections: 1 });
  await sql`drop schema if exists ${sql.ref(schema)} cascade`.execute(setup.db);
  await sql`create schema ${sql.ref(schema)}`.execute(setup.db);
  const store = await openDatabase({ url, schema, maxConnections: 2 });
  await migrate(store.db, { schema });
  const pool = new pg.Pool({
    connectionString: url,
    max: 12,
    options: `-c search_path=${schema} -c synchronous_commit=off`,
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        oid === pg.types.builtins.INT8
          ? Number
          : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  return {
    kind: 'postgres',
    concurrent: true,
    admin: store.db,
    dialect: () => new PostgresDialect({ pool }),
    clear: await clearing(store.db, schema),
    async close() {
      await pool.end();
      await store.close();
      await sql`drop schema ${sql.ref(schema)} cascade`.execute(setup.db);
      await setup.close();
    },
  };
}
