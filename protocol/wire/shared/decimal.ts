/**
 * Decimal arithmetic between a number as JSON shows it and whole thousandths. Works on the digits, so 27.34 is
 * 27340 and not what binary fractions make of it; digits beyond the third are rounded, halves away from zero.
 */

const DECIMAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?\s*$/;
const MAX_DIGITS = 40;

/** Thousandths of a JSON number or of a text that holds one; undefined for anything else, or out of safe range. */
export function toMilli(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const match = DECIMAL.exec(String(value));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  if (digits === '' || digits.length > MAX_DIGITS) return undefined;
  const milli = shifted(digits, Number(exponent) - fraction.length + 3);
  if (milli === undefined || !Number.isSafeInteger(milli)) return undefined;
  return sign === '-' && milli !== 0 ? -milli : milli;
}

/** The number that JSON shows for so many thousandths. */
export function fromMilli(milli: number): number {
  return Number(`${milli}e-3`);
}

/** The digits as an integer times ten to `places`, rounded. */
function shifted(digits: string, places: number): number | undefined {
  if (places >= 0) return places > MAX_DIGITS ? zeroOr(digits) : Number(digits + '0'.repeat(places));
  const kept = digits.length + places;
  if (kept < 0) return 0;
  const roundUp = (digits[kept] ?? '0') >= '5' ? 1 : 0;
  return Number(kept === 0 ? 0 : digits.slice(0, kept)) + roundUp;
}

function zeroOr(digits: string): number | undefined {
  return /^0*$/.test(digits) ? 0 : undefined;
}
