/**
 * Rows as parameters: one array per column, `unnest($1::text[], …) as <name>(…)`. The statement text is the same
 * for any number of rows, there is no limit of parameters, and both engines plan it once.
 */
import { type RawBuilder, sql } from 'kysely';

export type ColumnKind = 'text' | 'bigint' | 'integer' | 'boolean' | 'double precision';

/** The kind of each column of a row; its keys are the columns' names, in this order. */
export type ColumnKinds<Row> = { readonly [Key in keyof Row]-?: ColumnKind };

export function unnest<Row extends object>(
  name: string,
  kinds: ColumnKinds<Row>,
  rows: readonly Row[],
): RawBuilder<unknown> {
  const columns = Object.keys(kinds) as (keyof Row & string)[];
  const arrays = columns.map((column) => {
    const values = rows.map((row) => row[column] ?? null);
    return sql`${values}::${sql.raw(kinds[column])}[]`;
  });
  return sql`unnest(${sql.join(arrays)}) as ${sql.ref(name)}(${sql.join(columns.map((c) => sql.ref(c)))})`;
}

/** The column names of a kinds table as an SQL list, to insert and select in the same order. */
export function columnList<Row>(kinds: ColumnKinds<Row>): RawBuilder<unknown> {
  return sql.join(Object.keys(kinds).map((column) => sql.ref(column)));
}
