/**
 * Deterministic ids: FNV-1a with 64 bits (offset basis and prime of the FNV reference by Fowler, Noll and Vo)
 * over the UTF-8 bytes of the parts, joined by U+001F, which occurs in none of our ids. Not cryptographic: it
 * names things whose parts we chose ourselves. At a million names a collision has a chance of about 3e-8.
 */
const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;
const SEPARATOR = '\u001f';

const encoder = new TextEncoder();

/** 16 lower-case hex digits. */
export function fnv1a64(text: string): string {
  let hash = OFFSET_BASIS;
  for (const byte of encoder.encode(text)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash.toString(16).padStart(16, '0');
}

export function fingerprint(...parts: readonly (string | number)[]): string {
  return fnv1a64(parts.join(SEPARATOR));
}
