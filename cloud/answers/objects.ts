/** Tagged objects and where they have been. */
import { type Kysely, sql } from 'kysely';
import type { Movement, ObjectFilter, StockObject } from '../contract/objects.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';
import { isoTime, isoTimeOrNull } from './iso-time.ts';
import { itemNames } from './item-names.ts';
import { allOf, matchesFilter, OBJECT_ROWS, type ObjectRow } from './object-rows.ts';

/** In the order of their EPC. */
export async function listObjects(
  db: Kysely<Tables>,
  site: Site,
  filter: ObjectFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<StockObject[]> {
  const { onHold, search } = filter;
  const part = `%${(search ?? '').toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`;
  const where = allOf([
    ...matchesFilter(filter),
    ...(onHold === undefined ? [] : [sql<boolean>`r."onHold" = ${onHold}`]),
    ...(search === undefined
      ? []
      : [sql<boolean>`(r.epc like ${part} or lower(r.serial) like ${part} or r.sscc like ${part})`]),
  ]);
  const { rows } = await sql<ObjectRow>`
    select r.* from ${OBJECT_ROWS} r where ${where}
    order by r.epc limit ${page.limit} offset ${page.offset}
  `.execute(db);
  return objectsOf(db, site, rows);
}

export async function findObject(
  db: Kysely<Tables>,
  site: Site,
  epc: string,
): Promise<StockObject | undefined> {
  const { rows } = await sql<ObjectRow>`
    select r.* from ${OBJECT_ROWS} r where r.epc = ${epc.toLowerCase()}
  `.execute(db);
  return (await objectsOf(db, site, rows))[0];
}

async function objectsOf(db: Kysely<Tables>, site: Site, rows: readonly ObjectRow[]): Promise<StockObject[]> {
  const nameOf = await itemNames(
    db,
    site,
    rows.map((row) => row.gtin),
  );
  return rows.map((row) => ({
    ...row,
    itemName: nameOf(row.gtin),
    movedAt: isoTimeOrNull(row.movedAt),
    firstSeenAt: isoTime(row.firstSeenAt),
    lastSeenAt: isoTime(row.lastSeenAt),
  }));
}

/** The newest first. */
export async function movementsOf(db: Kysely<Tables>, epc: string, limit: number): Promise<Movement[]> {
  const rows = await db
    .selectFrom('movements')
    .selectAll()
    .where('epc', '=', epc.toLowerCase())
    .orderBy('occurred_at', 'desc')
    .orderBy('occurred_key', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    occurredAt: isoTime(row.occurred_at),
    eventType: row.event_type,
    readPoint: row.read_point,
    passId: row.pass_id,
    direction: row.direction,
    from: row.from_location,
    to: row.to_location,
    moved: row.moved,
    readCount: row.read_count,
    peakRssiDbm: row.peak_rssi_dbm,
  }));
}
