/** How a hold is named in `decisions`: by its exception and its object. The one place that knows. */
import { type RawBuilder, sql } from 'kysely';

export function holdSubject(exceptionId: string, epc: string): string {
  return `${exceptionId}/${epc}`;
}

/** The same of a row in SQL; `row` is an alias with exception_id and epc. */
export function holdSubjectOf(row: string): RawBuilder<string> {
  return sql<string>`(${sql.ref(`${row}.exception_id`)} || '/' || ${sql.ref(`${row}.epc`)})`;
}
