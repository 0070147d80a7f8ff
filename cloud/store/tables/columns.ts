/** Columns that are read otherwise than they are written. */
import type { ColumnType } from 'kysely';

/** jsonb: read as what JSON.parse gives; written as JSON text. */
export type JsonColumn<T> = ColumnType<T, string, string>;
