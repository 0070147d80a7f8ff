/** Empties a migrated database for the next test or seed: to migrate a new one costs ten times as much. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../../cloud/store/tables.ts';

/** So often the tables are truncated; between, rows are deleted, which costs a third and leaves dead rows behind. */
const TRUNCATE_EVERY = 25;

/** Gives what empties every table of the schema but the migrations' own. */
export async function clearing(db: Kysely<Tables>, schema: string): Promise<() => Promise<void>> {
  const { rows } = await sql<{ tablename: string }>`
    select tablename from pg_tables where schemaname = ${schema} and tablename not like 'kysely%'
  `.execute(db);
  const names = rows.map(({ tablename }) => sql.id(schema, tablename));
  const truncation = sql`truncate ${sql.join(names)} restart identity cascade`;
  const deletions = names.map((name) => sql`delete from ${name}`);
  let rounds = 0;
  return async () => {
    if (rounds++ % TRUNCATE_EVERY === 0) await truncation.execute(db);
    else for (const deletion of deletions) await deletion.execute(db);
  };
}
