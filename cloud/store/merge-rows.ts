/**
 * Rows of many events → one table, in one sorted set-based statement: concurrent transactions lock in the same order.
 * What stands afterwards does not depend on the order of arrival: the latest (occurred_at, occurred_key) decides.
 */
import { sql, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';
import { type ColumnKinds, columnList, unnest } from './unnest.ts';

/** In the order of their keys. */
export function sortedRows<Row>(rows: ReadonlyMap<string, Row>): Row[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** The caller has made sure that none of the rows was written before. */
export async function appendRows<Row extends object>(
  trx: Transaction<Tables>,
  table: keyof Tables,
  kinds: ColumnKinds<Row>,
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    insert into ${sql.table(table)} (${columnList(kinds)}) select * from ${unnest('t', kinds, rows)}
  `.execute(trx);
}

/** Where the latest row of a key stands, and by which columns one is later than another. */
export interface LatestTable<Row> {
  readonly table: keyof Tables;
  readonly kinds: ColumnKinds<Row>;
  /** As SQL has it: column names with commas. */
  readonly primaryKey: string;
  readonly at: keyof Row & string;
  readonly key: keyof Row & string;
}

/** Upserts rows of which the one with the greatest (at, key) stands. */
export async function keepLatest<Row extends object>(
  trx: Transaction<Tables>,
  { table, kinds, primaryKey, at, key }: LatestTable<Row>,
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const assignments = Object.keys(kinds).map((column) => sql.raw(`${column} = excluded.${column}`));
  await sql`
    insert into ${sql.table(table)} as old (${columnList(kinds)}) select * from ${unnest('t', kinds, rows)}
    on conflict (${sql.raw(primaryKey)}) do update set ${sql.join(assignments)}
    where (excluded.${sql.ref(at)}, excluded.${sql.ref(key)}) > (old.${sql.ref(at)}, old.${sql.ref(key)})
  `.execute(trx);
}
