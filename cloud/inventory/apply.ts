/**
 * Facts → tables, one sorted set-based statement per table, in one fixed order of tables: concurrent transactions
 * lock in the same order. Each statement merges so that the result does not depend on the order of arrival: the
 * latest (occurred_at, occurred_key) decides, extremes take extremes. Pass counts add up, which is right only
 * because the caller applies each event exactly once.
 */
import { sql, type Transaction } from 'kysely';
import type {
  BinsTable,
  ConditionsTable,
  ContactsTable,
  DevicesTable,
  MovementsTable,
  ObjectsTable,
  PassesTable,
  SamplesTable,
  Tables,
} from '../store/tables.ts';
import { type ColumnKinds, columnList, unnest } from '../store/unnest.ts';
import type { Facts } from './facts.ts';
import { type DecodeEpc, objectsOf } from './objects.ts';

const MOVEMENT: ColumnKinds<MovementsTable> = {
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

const SAMPLE: ColumnKinds<SamplesTable> = {
  read_point: 'text',
  metric: 'text',
  occurred_at: 'bigint',
  occurred_key: 'text',
  value_milli: 'bigint',
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

const BIN: ColumnKinds<BinsTable> = {
  read_point: 'text',
  net_milligrams: 'bigint',
  weighed_at: 'bigint',
  weighed_key: 'text',
};

const CONTACT: ColumnKinds<ContactsTable> = {
  read_point: 'text',
  state: 'text',
  changed_at: 'bigint',
  changed_key: 'text',
};

const DEVICE: ColumnKinds<DevicesTable> = {
  gateway: 'text',
  device: 'text',
  condition: 'text',
  active: 'boolean',
  detail: 'text',
  since: 'bigint',
  since_key: 'text',
};

const CONDITION: ColumnKinds<ConditionsTable> = {
  read_point: 'text',
  metric: 'text',
  value_milli: 'bigint',
  sampled_at: 'bigint',
  sampled_key: 'text',
};

/** Writes what the facts say. The caller has made sure that none of the events took effect before. */
export async function applyFacts(
  trx: Transaction<Tables>,
  facts: Facts,
  options: { decode: DecodeEpc },
): Promise<void> {
  await append(trx, 'movements', MOVEMENT, facts.movements);
  await append(trx, 'samples', SAMPLE, facts.samples);
  await mergeObjects(trx, objectsOf(facts.movements, options.decode));
  await mergePasses(trx, sorted(facts.passes));
  await keepLatest(trx, 'bins', BIN, 'read_point', ['weighed_at', 'weighed_key'], sorted(facts.bins));
  await keepLatest(
    trx,
    'contacts',
    CONTACT,
    'read_point',
    ['changed_at', 'changed_key'],
    sorted(facts.contacts),
  );
  await keepLatest(
    trx,
    'devices',
    DEVICE,
    'gateway, device, condition',
    ['since', 'since_key'],
    sorted(facts.devices),
  );
  await keepLatest(
    trx,
    'conditions',
    CONDITION,
    'read_point, metric',
    ['sampled_at', 'sampled_key'],
    sorted(facts.conditions),
  );
}

function sorted<Row>(rows: ReadonlyMap<string, Row>): Row[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

async function append<Row extends object>(
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

/** Upserts rows of which the one with the greatest (at, key) stands. */
async function keepLatest<Row extends object>(
  trx: Transaction<Tables>,
  table: keyof Tables,
  kinds: ColumnKinds<Row>,
  primaryKey: string,
  [at, key]: readonly [string, string],
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

async function mergeObjects(trx: Transaction<Tables>, rows: readonly ObjectsTable[]): Promise<void> {
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

async function mergePasses(trx: Transaction<Tables>, rows: readonly PassesTable[]): Promise<void> {
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
