/**
 * Rows as parameters: one array per column, `unnest($1::text[])`. There is no limit of rows or parameters, and
 * nothing is ever written into the statement's text. A column that says the same in every row (the gateway of a
 * batch) is sent once, as a scalar: batches are mostly such columns, and the bytes cost more than the insert. JSON is
 * sent as lines: in an array each of its quotes would have to be escaped here and understood there.
 */
import { type RawBuilder, sql } from 'kysely';

/**
 * jsonb: the row holds JSON text, as JSON.stringify writes it. Only for rows that are inserted: PostgreSQL takes lines
 * for a thousand rows, however few they are, and would plan a join for as many.
 */
type ColumnKind = 'text' | 'bigint' | 'integer' | 'boolean' | 'double precision' | 'jsonb';

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
  const sets = varying.map((column) => {
    const values = rows.map((row) => row[column] ?? null);
    return kinds[column] === 'jsonb' ? lines(values) : sql`unnest(${values}::${sql.raw(kinds[column])}[])`;
  });
  const list = columns.map((column) => {
    const value = varying.includes(column) ? sql.ref(column) : sql`${rows[0]?.[column] ?? null}`;
    return sql`${value}::${sql.raw(kinds[column])} as ${sql.ref(column)}`;
  });
  const names = sql.join(varying.map((column) => sql.ref(column)));
  return sql`(select ${sql.join(list)} from rows from (${sql.join(sets)}) as rows(${names})) as ${sql.ref(name)}`;
}

/** JSON texts, none of which holds a line break or is empty; null is sent as the empty line. */
function lines(values: readonly unknown[]): RawBuilder<unknown> {
  return sql`string_to_table(${values.join('\n')}::text, E'\\n', '')`;
}

function isConstant<Row>(rows: readonly Row[], column: keyof Row): boolean {
  const first = rows[0]?.[column];
  return rows.length > 1 && rows.every((row) => row[column] === first);
}

/** The column names of a kinds table as an SQL list, to insert and select in the same order. */
export function columnList<Row>(kinds: ColumnKinds<Row>): RawBuilder<unknown> {
  return sql.join(Object.keys(kinds).map((column) => sql.ref(column)));
}
