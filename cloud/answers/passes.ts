/** Passes through doors, the newest first, with what was in them and the shipment they belong to. */
import { type Kysely, sql } from 'kysely';
import type { Pass } from '../contract/passes.ts';
import { placesOf } from '../site/places.ts';
import type { Site } from '../site/site.ts';
import type { PassesTable } from '../store/tables/projections.ts';
import type { Tables } from '../store/tables.ts';
import { isoTime, isoTimeOrNull } from './iso-time.ts';
import { itemNames } from './item-names.ts';

interface PassRow extends PassesTable {
  items: { gtin: string | null; count: number }[];
  shipment: string | null;
}

export async function listPasses(
  db: Kysely<Tables>,
  site: Site,
  query: { readonly limit: number; readonly readPoint?: string | undefined },
): Promise<Pass[]> {
  const { limit, readPoint } = query;
  const { rows } = await sql<PassRow>`
    with p as (
      select * from passes where ${readPoint === undefined ? sql`true` : sql`read_point = ${readPoint}`}
      order by occurred_at desc, pass_id desc limit ${limit}
    )
    select p.*,
      (select coalesce(jsonb_agg(jsonb_build_object('gtin', i.gtin, 'count', i.count)
          order by i.count desc, i.gtin), '[]'::jsonb)
        from (select o.gtin, count(distinct m.epc) as count from movements m join objects o on o.epc = m.epc
              where m.read_point = p.read_point and m.occurred_at between p.started_at and p.occurred_at
                and m.pass_id = p.pass_id group by o.gtin) i) as items,
      (select s.shipment from shipment_matches s where s.pass_id = p.pass_id
        group by s.shipment order by count(s.line) desc, s.shipment limit 1) as shipment
    from p order by p.occurred_at desc, p.pass_id desc
  `.execute(db);
  const { doors } = placesOf(site);
  const nameOf = await itemNames(
    db,
    site,
    rows.flatMap((row) => row.items.map((item) => item.gtin)),
  );
  return rows.map((row) => ({
    passId: row.pass_id,
    readPoint: row.read_point,
    doorName: doors.get(row.read_point)?.name ?? row.read_point,
    type: row.event_type,
    direction: row.direction,
    directionSource: row.direction_source,
    startedAt: isoTime(row.started_at),
    occurredAt: isoTime(row.occurred_at),
    timeQuality: row.time_quality,
    rawOccurredAt: isoTimeOrNull(row.correction_ms === null ? null : row.occurred_at - row.correction_ms),
    tags: row.tags,
    straysIgnored: row.strays_ignored,
    items: row.items.map((item) => ({ ...item, itemName: nameOf(item.gtin) })),
    shipment: row.shipment,
  }));
}
