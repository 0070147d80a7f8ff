/** Stock by item, lot, location and disposition: tagged objects, and loose goods on scales. */
import { type Kysely, sql } from 'kysely';
import type { StockFilter, StockRow } from '../contract/stock.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';
import { itemNames } from './item-names.ts';
import { allOf, matchesFilter, OBJECT_ROWS } from './object-rows.ts';

interface ObjectsOnStock {
  gtin: string | null;
  lot: string | null;
  expiry: string | null;
  location: string;
  disposition: string;
  objects: number;
}

/** Goods outside the walls are stock only when asked for by that location. */
export async function listStock(
  db: Kysely<Tables>,
  site: Site,
  filter: StockFilter = {},
): Promise<StockRow[]> {
  const inside = sql<boolean>`r.location not in ('supplier', 'customer')`;
  const where = allOf([...matchesFilter(filter), ...(filter.location === undefined ? [inside] : [])]);
  const { rows } = await sql<ObjectsOnStock>`
    select r.gtin, r.lot, r.expiry, r.location, r.disposition, count(*) as objects
    from ${OBJECT_ROWS} r where r.location is not null and ${where}
    group by r.gtin, r.lot, r.expiry, r.location, r.disposition
    order by r.gtin nulls last, r.location, r.expiry nulls last, r.lot nulls last, r.disposition
  `.execute(db);
  const loose = await looseStock(db, site, filter);
  const all = [...rows.map((row) => ({ ...row, netMilligrams: null, pieces: null })), ...loose];
  const nameOf = await itemNames(
    db,
    site,
    all.map((row) => row.gtin),
  );
  return all.map((row) => ({ ...row, itemName: nameOf(row.gtin) }));
}

async function looseStock(
  db: Kysely<Tables>,
  site: Site,
  filter: StockFilter,
): Promise<Omit<StockRow, 'itemName'>[]> {
  const bins = site.bins.filter(
    (bin) =>
      (filter.gtin ?? bin.gtin) === bin.gtin &&
      (filter.location ?? bin.location) === bin.location &&
      (filter.lot === undefined || filter.lot === bin.lot) &&
      (filter.disposition ?? 'available') === 'available',
  );
  if (bins.length === 0) return [];
  const weighed = await db.selectFrom('bins').select(['read_point', 'net_milligrams']).execute();
  const netOf = new Map(weighed.map((row) => [row.read_point, row.net_milligrams]));
  return bins.flatMap((bin) => {
    const netMilligrams = netOf.get(bin.readPoint);
    if (netMilligrams === undefined) return [];
    const { gtin, location, lot = null, pieceMilligrams } = bin;
    const pieces = pieceMilligrams === undefined ? null : Math.round(netMilligrams / pieceMilligrams) + 0;
    return [
      { gtin, lot, expiry: null, location, disposition: 'available', objects: 0, netMilligrams, pieces },
    ];
  });
}
