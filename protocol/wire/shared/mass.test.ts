import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromMilligrams, MASS_UNITS, toMilligrams } from './mass.ts';

describe('masses as decimal text', () => {
  test.each([
    ['100.00', 'g', 100_000],
    ['-0.01', 'g', -10],
    ['-0.00', 'g', 0],
    ['60.18', 'kg', 60_180_000],
    ['1.250', 't', 1_250_000_000],
    ['12.5', 'mg', 13],
    ['-12.5', 'mg', -13],
    ['1', 'lb', 453_592],
    ['0.005', 'lb', 2_268],
    ['1', 'oz', 28_350],
    ['16', 'oz', 453_592],
    ['0.1', 'kg', 100_000],
    ['12.', 'g', 12_000],
  ])('%s %s is %d mg', (text, unit, milligrams) => {
    expect(Object.is(toMilligrams(text, unit), milligrams)).toBe(true);
  });

  test.each([
    ['', 'g'],
    ['.', 'g'],
    ['1,5', 'g'],
    ['1e3', 'g'],
    ['--1', 'g'],
    ['1.0', 'stone'],
    ['1.0', 'constructor'],
    ['999999999999', 't'],
    ['1234567890123', 'mg'],
  ])('"%s" %s is no mass', (text, unit) => {
    expect(toMilligrams(text, unit)).toBeUndefined();
  });

  test('what a scale shows is within half a division of the mass', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -60_000_000, max: 60_000_000 }),
        fc.constantFrom(...MASS_UNITS),
        fc.integer({ min: 0, max: 6 }),
        (milligrams, unit, decimals) => {
          const shown = fromMilligrams(milligrams, unit, decimals);
          const division = toMilligrams(fromMilligrams(0, unit, decimals).replace(/0$/, '1'), unit) ?? 0;
          expect(Math.abs((toMilligrams(shown, unit) ?? Number.NaN) - milligrams)).toBeLessThanOrEqual(
            division / 2 + 1,
          );
        },
      ),
    );
  });

  test('text in grams with up to three places comes back digit for digit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -99_999_999, max: 99_999_999 }),
        fc.integer({ min: 0, max: 3 }),
        (mg, decimals) => {
          const text = fromMilligrams(mg, 'g', decimals);
          expect(fromMilligrams(toMilligrams(text, 'g') ?? Number.NaN, 'g', decimals)).toBe(text);
        },
      ),
    );
  });
});
