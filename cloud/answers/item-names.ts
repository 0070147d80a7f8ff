/** What items are called: the site's own words first, then the master data that came with shipments. */
import type { Kysely } from 'kysely';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';

export type ItemNames = (gtin: string | null) => string | null;

export async function itemNames(
  db: Kysely<Tables>,
  site: Site,
  gtins: Iterable<string | null>,
): Promise<ItemNames> {
  const names = new Map(site.items.map((item) => [item.gtin, item.name]));
  const unknown = [...new Set(gtins)].filter((gtin) => gtin !== null && !names.has(gtin));
  if (unknown.length > 0) {
    const rows = await db.selectFrom('items').select(['gtin', 'name']).where('gtin', 'in', unknown).execute();
    for (const row of rows) names.set(row.gtin, row.name);
  }
  return (gtin) => (gtin === null ? null : (names.get(gtin) ?? null));
}
