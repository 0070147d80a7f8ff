/**
 * GS1 key arithmetic: the modulo-10 check digit shared by GTIN, SSCC, GLN and GRAI (GS1 General Specifications
 * §7.9.1: weights 3, 1, 3, … from the right). Pure functions on digit strings; only the
 * `…FromParts` functions throw, EpcEncodeError, when their parts do not make a key.
 */
import { EpcEncodeError } from './encode-error.ts';

const DIGITS = /^[0-9]+$/;

/** The check digit over `body` (the key without its last digit), or undefined when `body` is not digits only. */
function checkDigit(body: string): string | undefined {
  if (!DIGITS.test(body)) return undefined;
  return checkDigitOfDigits(body);
}

/** As above for a body that is known to consist of digits. */
export function checkDigitOfDigits(body: string): string {
  let sum = 0;
  let weight = 3;
  for (let i = body.length - 1; i >= 0; i--) {
    sum += (body.charCodeAt(i) - 48) * weight;
    weight = 4 - weight;
  }
  return String((10 - (sum % 10)) % 10);
}

/** Check digit of a GTIN: `body` is the 13 (or 12, 11, 7) digits before it. */
export function gtinCheckDigit(body: string): string | undefined {
  return [7, 11, 12, 13].includes(body.length) ? checkDigit(body) : undefined;
}

/** Check digit of an SSCC: `body` is extension digit, company prefix and serial reference, 17 digits. */
export function ssccCheckDigit(body: string): string | undefined {
  return body.length === 17 ? checkDigit(body) : undefined;
}

export function isValidGtin14(gtin: string): boolean {
  return hasCheckDigit(gtin, 14);
}

export function isValidSscc18(sscc: string): boolean {
  return hasCheckDigit(sscc, 18);
}

export function isValidGln13(gln: string): boolean {
  return hasCheckDigit(gln, 13);
}

/** GTIN-8, -12, -13 or -14 as 14 digits with leading zeros; undefined when the check digit is wrong. */
export function toGtin14(gtin: string): string | undefined {
  if (![8, 12, 13, 14].includes(gtin.length)) return undefined;
  const padded = gtin.padStart(14, '0');
  return isValidGtin14(padded) ? padded : undefined;
}

function hasCheckDigit(key: string, length: number): boolean {
  return key.length === length && DIGITS.test(key) && checkDigitOfDigits(key.slice(0, -1)) === key.at(-1);
}

/** SSCC-18 of a company prefix and a serial reference with the extension digit first, 17 digits together. */
export function ssccFromParts(companyPrefix: string, serialReference: string): string {
  return keyFromParts(serialReference.charAt(0) + companyPrefix + serialReference.slice(1), 17);
}

/** GTIN-14 of a company prefix and an item reference with the indicator first, 13 digits together. */
export function gtinFromParts(companyPrefix: string, itemReference: string): string {
  return keyFromParts(itemReference.charAt(0) + companyPrefix + itemReference.slice(1), 13);
}

function keyFromParts(body: string, length: number): string {
  const digit = body.length === length ? checkDigit(body) : undefined;
  if (digit === undefined)
    throw new EpcEncodeError(`parts of a GS1 key must be ${length} digits, got "${body}"`);
  return body + digit;
}
