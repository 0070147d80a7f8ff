/**
 * Bits of an EPC, most significant first. Reading goes over bytes with plain numbers (fields up to 48 bits) and
 * falls back to bigint for wider ones, because it runs once per tag at ingest. Writing collects fields in one
 * bigint. Offsets and widths are in bits.
 */
import { EpcEncodeError } from './encode-error.ts';

const NIBBLES = new Int8Array(128).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  NIBBLES[text.charCodeAt(0)] = digit;
  NIBBLES[text.toUpperCase().charCodeAt(0)] = digit;
}

/** Bytes of a hex text of even length in either case; undefined when it is anything else. */
export function bytesFromHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = NIBBLES[hex.charCodeAt(2 * i)] ?? -1;
    const low = NIBBLES[hex.charCodeAt(2 * i + 1)] ?? -1;
    if (high < 0 || low < 0) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** An unsigned field of at most 48 bits. Bits beyond the end read as zero. */
export function readNumber(bytes: Uint8Array, offset: number, width: number): number {
  let value = 0;
  let position = offset;
  let left = width;
  while (left > 0) {
    const room = 8 - (position & 7);
    const take = room < left ? room : left;
    const part = ((bytes[position >> 3] ?? 0) >> (room - take)) & ((1 << take) - 1);
    value = value * (1 << take) + part;
    position += take;
    left -= take;
  }
  return value;
}

/** An unsigned field of any width. */
export function readBigInt(bytes: Uint8Array, offset: number, width: number): bigint {
  let value = 0n;
  let position = offset;
  let left = width;
  while (left > 0) {
    const take = left < 48 ? left : 48;
    value = (value << BigInt(take)) | BigInt(readNumber(bytes, position, take));
    position += take;
    left -= take;
  }
  return value;
}

/** True when every bit from `offset` to the end is zero. */
export function isZeroFrom(bytes: Uint8Array, offset: number): boolean {
  const first = offset >> 3;
  if (first >= bytes.length) return true;
  if (((bytes[first] ?? 0) & (0xff >> (offset & 7))) !== 0) return false;
  for (let i = first + 1; i < bytes.length; i++) {
    if (bytes[i] !== 0) return false;
  }
  return true;
}

/** One field to write: its value and its width in bits. */
export type BitField = readonly [value: bigint | number, width: number];

/** Fields one after the other, padded with zero bits to whole 16-bit words as in the tag's EPC bank; hex. */
export function packWords(fields: readonly BitField[]): string {
  let bits = 0;
  let packed = 0n;
  for (const [value, width] of fields) {
    const field = BigInt(value);
    if (field < 0n || field >> BigInt(width) !== 0n) {
      throw new EpcEncodeError(`${field} does not fit in ${width} bits`);
    }
    packed = (packed << BigInt(width)) | field;
    bits += width;
  }
  const words = Math.ceil(bits / 16);
  return (packed << BigInt(words * 16 - bits)).toString(16).padStart(words * 4, '0');
}
