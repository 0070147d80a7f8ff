/** Once for the whole run: drops what the workers leave on a PostgreSQL server. */
import { sql } from 'kysely';
import { openDatabase } from '../../cloud/store/database.ts';
import { schemasOfRun } from './databases.ts';

export async function teardown(): Promise<void> {
  const url = process.env.DATABASE_URL;
  if (url === undefined || url === '') return;
  const { db, close } = await openDatabase({ url, maxConnections: 1 });
  const { rows } = await sql<{ name: string }>`
    select nspname as name from pg_namespace where nspname like ${`${schemasOfRun(process.pid)}%`}
  `.execute(db);
  for (const { name } of rows) await sql`drop schema ${sql.ref(name)} cascade`.execute(db);
  await close();
}
