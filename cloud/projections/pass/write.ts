/** Objects and passes on record: each statement merges so that the order of arrival does not matter. */
import { sql, type Transaction } from 'kysely';
import type { MovementsTable, ObjectsTable, PassesTable } from '../../store/tables/projections.ts';
import type { Tables } from '../../store/tables.ts';
import { type ColumnKinds, columnList, unnest } from '../../store/unnest.ts';

export const MOVEMENT: ColumnKinds<MovementsTable> = {
  epc: 'text',
  occurred_at: 'bigint',
  occurred_key: 'text',
  event_type: 'text',
  read_point: 'text',
  pass_id: 'text',
  direction: 'text',
  from_location: 'text',
  to_location: 'text',
  moved: 'boolean',
  disposition: 'text',
  read_count: 'bigint',
  peak_rssi_dbm: 'double precision',
};

const OBJECT: ColumnKinds<ObjectsTable> = {
  epc: 'text',
  scheme: 'text',
  uri: 'text',
  gtin: 'text',
  serial: 'text',
  sscc: 'text',
  tag_expiry: 'text',
  location: 'text',
  disposition: 'text',
  moved_at: 'bigint',
  moved_key: 'text',
  first_seen_at: 'bigint',
  last_seen_at: 'bigint',
};

const PASS: ColumnKinds<PassesTable> = {
  pass_id: 'text',
  read_point: 'text',
  event_type: 'text',
  direction: 'text',
  direction_source: 'text',
  started_at: 'bigint',
  occurred_at: 'bigint',
  occurred_key: 'text',
  tags: 'bigint',
  strays_ignored: 'bigint',
  correction_ms: 'bigint',
  time_quality: 'text',
};

/** The latest movement that moved decides; first and last sight take the extremes. */
export async function mergeObjects(trx: Transaction<Tables>, rows: readonly ObjectsTable[]): Promise<void> {
  if (rows.length === 0) return;
  const decides = sql`(excluded.moved_at is not null and (old.moved_at is null
    or (excluded.moved_at, excluded.moved_key) > (old.moved_at, old.moved_key)))`;
  await sql`
    insert into objects as old (${columnList(OBJECT)}) select * from ${unnest('t', OBJECT, rows)}
    on conflict (epc) do update set
      location = case when ${decides} then excluded.location else old.location end,
      disposition = case when ${decides} then excluded.disposition else old.disposition end,
      moved_at = case when ${decides} then excluded.moved_at else old.moved_at end,
      moved_key = case when ${decides} then excluded.moved_key else old.moved_key end,
      first_seen_at = least(old.first_seen_at, excluded.first_seen_at),
      last_seen_at = greatest(old.last_seen_at, excluded.last_seen_at)
  `.execute(trx);
}

/** The tags of its parts add up, which is right only because each event is folded once. */
export async function mergePasses(trx: Transaction<Tables>, rows: readonly PassesTable[]): Promise<void> {
  if (rows.length === 0) return;
  const later = sql`((excluded.occurred_at, excluded.occurred_key) > (old.occurred_at, old.occurred_key))`;
  const decided = [
    'read_point',
    'event_type',
    'direction',
    'direction_source',
    'occurred_at',
    'occurred_key',
    'correction_ms',
    'time_quality',
  ].map(
    (column) =>
      sql`${sql.raw(column)} = case when ${later} then excluded.${sql.raw(column)} else old.${sql.raw(column)} end`,
  );
  await sql`
    insert into passes as old (${columnList(PASS)}) select * from ${unnest('t', PASS, rows)}
    on conflict (pass_id) do update set
      ${sql.join(decided)},
      started_at = least(old.started_at, excluded.started_at),
      tags = old.tags + excluded.tags,
      strays_ignored = greatest(old.strays_ignored, excluded.strays_ignored)
  `.execute(trx);
}
