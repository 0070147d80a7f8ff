/**
 * Rows as parameters: one array per column, `unnest($1::text[], …)`. There is no limit of rows or parameters, and
 * nothing is ever written into the statement's text. A column that says the same in every row (the gateway of a
 * batch) is sent once, as a scalar: batches are mostly such columns, and the bytes cost more than the insert.
 */
import { type RawBuilder, sql } from 'kysely';

export type ColumnKind = 'text' | 'bigint' | 'integer' | 'boolean' | 'double precision';

/** The kind of each column of a row; its keys are the columns' names, in this order. */
export type ColumnKinds<Row> = { readonly [Key in keyof Row]-?: ColumnKind };

/** A relation of these rows, to stand in a `from`; its columns are those of `kinds`, in their order. */
export function unnest<Row extends object>(
  name: string,
  kinds: ColumnKinds<Row>,
  rows: readonly Row[],
): RawBuilder<unknown> {
  const columns = Object.keys(kinds) as (keyof Row & string)[];
  const varying = columns.filter((column, index) => index === 0 || !isConstant(rows, column));
  const arrays = varying.map((column) => {
    const values = rows.map((row) => row[column] ?? null);
    return sql`${values}::${sql.raw(kinds[column])}[]`;
  });
  const list = columns.map((column) =>
    varying.includes(column)
      ? sql.ref(column)
      : sql`${rows[0]?.[column] ?? null}::${sql.raw(kinds[column])} as ${sql.ref(column)}`,
  );
  const names = sql.join(varying.map((column) => sql.ref(column)));
  return sql`(select ${sql.join(list)} from unnest(${sql.join(arrays)}) as rows(${names})) as ${sql.ref(name)}`;
}

function isConstant<Row>(rows: readonly Row[], column: keyof Row): boolean {
  const first = rows[0]?.[column];
  return rows.length > 1 && rows.every((row) => row[column] === first);
}

/** The column names of a kinds table as an SQL list, to insert and select in the same order. */
export function columnList<Row>(kinds: ColumnKinds<Row>): RawBuilder<unknown> {
  return sql.join(Object.keys(kinds).map((column) => sql.ref(column)));
}
