/**
 * Objects as people see them: lot and expiry from the tag's own date, else from the master data of shipments; the
 * disposition `unavailable` while a hold stands. One relation, used by stock and object queries alike.
 */
import { type RawBuilder, sql } from 'kysely';
import type { StockFilter } from '../contract/stock.ts';

export interface ObjectRow {
  epc: string;
  scheme: string;
  uri: string | null;
  gtin: string | null;
  serial: string | null;
  sscc: string | null;
  lot: string | null;
  expiry: string | null;
  location: string | null;
  disposition: string;
  onHold: boolean;
  movedAt: number | null;
  firstSeenAt: number;
  lastSeenAt: number;
}

export const OBJECT_ROWS = sql`(
  select o.epc, o.scheme, o.uri, o.gtin, o.serial, o.sscc, t.lot, coalesce(o.tag_expiry, t.expiry) as expiry,
    o.location, case when h.epc is null then o.disposition else 'unavailable' end as disposition,
    h.epc is not null as "onHold", o.moved_at as "movedAt", o.first_seen_at as "firstSeenAt",
    o.last_seen_at as "lastSeenAt"
  from objects o left join tag_master t on t.epc = o.epc
    left join (select distinct epc from holds where status = 'active') h on h.epc = o.epc
)`;

export function matchesFilter(filter: StockFilter): RawBuilder<boolean>[] {
  const { gtin, lot, location, disposition } = filter;
  return [
    ...(gtin === undefined ? [] : [sql<boolean>`r.gtin = ${gtin}`]),
    ...(lot === undefined ? [] : [sql<boolean>`r.lot = ${lot}`]),
    ...(location === undefined ? [] : [sql<boolean>`r.location = ${location}`]),
    ...(disposition === undefined ? [] : [sql<boolean>`r.disposition = ${disposition}`]),
  ];
}

export function allOf(conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> {
  return conditions.length === 0 ? sql<boolean>`true` : sql.join([...conditions], sql` and `);
}
