/**
 * Text that is believed only as it was written: eight hex digits of CRC-32, then the text. SQLite has no checksums of
 * its own: without ours a flipped bit could change a weight, an epoch or a count, and nobody would know.
 */
import { crc32 } from 'node:zlib';

const DIGITS = 8;

/** `key`: what the text belongs to, where that is stored apart from it; text under another key is not believed. */
export const seal = (text: string, key = '') => digits(key, text) + text;

/** Undefined for what was not sealed so. */
export function unseal(sealed: unknown, key = ''): string | undefined {
  if (typeof sealed !== 'string') return undefined;
  const text = withoutSeal(sealed);
  return sealed.slice(0, DIGITS) === digits(key, text) ? text : undefined;
}

/** Unchecked. */
export const withoutSeal = (sealed: string) => sealed.slice(DIGITS);

const digits = (key: string, text: string) => crc32(text, crc32(key)).toString(16).padStart(DIGITS, '0');
