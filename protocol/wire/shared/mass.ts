/**
 * Masses in the units that scales send, exact in whole milligrams: decimal text in, integer out, no
 * floating point in between. The pound is 453.59237 g (International Yard and Pound Agreement 1959), the ounce a
 * sixteenth of it. What falls between two milligrams is rounded half away from zero.
 */

interface UnitInMilligrams {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const UNITS: ReadonlyMap<string, UnitInMilligrams> = new Map([
  ['mg', { numerator: 1n, denominator: 1n }],
  ['g', { numerator: 1_000n, denominator: 1n }],
  ['kg', { numerator: 1_000_000n, denominator: 1n }],
  ['t', { numerator: 1_000_000_000n, denominator: 1n }],
  ['lb', { numerator: 45_359_237n, denominator: 100n }],
  ['oz', { numerator: 28_349_523_125n, denominator: 1_000_000n }],
]);

/** Units whose masses can be converted, as MT-SICS spells them. */
export const MASS_UNITS: readonly string[] = [...UNITS.keys()];

const DECIMAL = /^(-?)(\d{1,12})(?:\.(\d{0,9}))?$/;

/** Undefined when the text is no decimal number, the unit is not known or the mass leaves the safe integers. */
export function toMilligrams(text: string, unit: string): number | undefined {
  const parts = DECIMAL.exec(text);
  const scale = UNITS.get(unit);
  if (parts === null || scale === undefined) return undefined;
  const [, sign, whole = '', fraction = ''] = parts;
  const numerator = BigInt(whole + fraction) * scale.numerator;
  const denominator = 10n ** BigInt(fraction.length) * scale.denominator;
  const magnitude = (2n * numerator + denominator) / (2n * denominator);
  const milligrams = Number(sign === '-' ? -magnitude : magnitude);
  return Number.isSafeInteger(milligrams) ? milligrams : undefined;
}

/** The indication a scale shows: `milligrams` in `unit` with `decimals` places, rounded half away from zero. */
export function fromMilligrams(milligrams: number, unit: string, decimals: number): string {
  const scale = UNITS.get(unit);
  if (scale === undefined) throw new RangeError(`no such mass unit: ${unit}`);
  const numerator = BigInt(Math.abs(milligrams)) * scale.denominator * 10n ** BigInt(decimals);
  const count = (2n * numerator + scale.numerator) / (2n * scale.numerator);
  const digits = count.toString().padStart(decimals + 1, '0');
  const sign = milligrams < 0 && count !== 0n ? '-' : '';
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
