import { describe, expect, it } from 'vitest';
import type { StockRow } from '../../../contract/stock.ts';
import { expiryState, filterStock, stockTotals } from './stock-rows.ts';

const row = (changes: Partial<StockRow>): StockRow => ({
  gtin: '19521141000011',
  itemName: 'Yoghurt, 24 × 150 g',
  lot: 'Y2603',
  expiry: '2026-03-20',
  location: 'cold-1',
  disposition: 'available',
  objects: 10,
  netMilligrams: null,
  pieces: null,
  ...changes,
});

describe('stock rows', () => {
  const rows = [row({}), row({ lot: 'P1', itemName: 'Pasta', disposition: 'unavailable', objects: 4 })];
  const names = () => 'Cold room 1';

  it.each([
    ['', 2],
    ['yog COLD', 1],
    ['room', 2],
    ['hold', 1],
    ['2026-03', 2],
    ['yoghurt pasta', 0],
  ])('that match %j are %i', (filter, count) => {
    expect(filterStock(rows, filter, names)).toHaveLength(count);
  });

  it('add up to totals', () => {
    expect(stockTotals([...rows, row({ objects: 0, netMilligrams: 5 })])).toEqual({
      rows: 3,
      objects: 14,
      onHold: 4,
      milligrams: 5,
    });
  });

  it.each([
    ['2026-03-02T23:59:59Z', 'soon'],
    ['2026-03-03T00:00:00Z', 'expired'],
    ['2026-02-01T00:00:00Z', 'good'],
  ])('that expire on 2 March are at %s %s', (now, state) => {
    expect(expiryState('2026-03-02', Date.parse(now))).toBe(state);
  });
});
