/** Stock rows as the table shows them: filtered by words, summed up, judged by their expiry. Pure. */
import type { StockObject } from '../../../contract/objects.ts';
import type { StockRow } from '../../../contract/stock.ts';

const DAY_MS = 86_400_000;
/** Dock crews look twice at what expires within a week. */
const SOON_MS = 7 * DAY_MS;

/** Rows in which every word of the filter is found somewhere. */
export function filterStock(
  rows: readonly StockRow[],
  filter: string,
  placeName: (location: string) => string,
): readonly StockRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const { gtin, itemName, lot, expiry, location, disposition } = row;
    const held = disposition === 'unavailable' ? 'on hold' : disposition.replaceAll('_', ' ');
    const text = [gtin, itemName, lot, expiry, location, placeName(location), held].join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function isCounted(row: StockRow): boolean {
  return row.netMilligrams !== null || row.pieces !== null;
}

interface StockTotals {
  readonly rows: number;
  readonly objects: number;
  readonly onHold: number;
  readonly milligrams: number;
}

export function stockTotals(rows: readonly StockRow[]): StockTotals {
  const sum = (figure: (row: StockRow) => number) => rows.reduce((total, row) => total + figure(row), 0);
  return {
    rows: rows.length,
    objects: sum(({ objects }) => objects),
    onHold: sum(({ objects, disposition }) => (disposition === 'unavailable' ? objects : 0)),
    milligrams: sum(({ netMilligrams }) => netMilligrams ?? 0),
  };
}

/** Goods may be used until the end of their expiry date. */
export function expiryState(expiry: string, now: number): 'good' | 'soon' | 'expired' {
  const endsAt = Date.parse(expiry) + DAY_MS;
  if (now >= endsAt) return 'expired';
  return endsAt - now <= SOON_MS ? 'soon' : 'good';
}

/** The API filters by what a row names; what the row leaves open is compared here. */
export function belongsTo(row: StockRow, object: StockObject): boolean {
  return (
    object.gtin === row.gtin &&
    object.lot === row.lot &&
    object.expiry === row.expiry &&
    object.location === row.location &&
    object.disposition === row.disposition
  );
}
