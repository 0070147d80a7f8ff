/**
 * Decoding and encoding of the partitioned TDS 1.x schemes: bits ↔ the parts of an EPC URI. Decoding answers a
 * reason instead of parts when the bits break a rule of the scheme; encoding throws EpcEncodeError.
 */
import { type BitField, isZeroFrom, packWords, readBigInt, readNumber } from './bits.ts';
import { IS_GS1_CHARACTER, isGs1Text } from './characters.ts';
import type { RawReason } from './decoded-epc.ts';
import { EpcEncodeError } from './encode-error.ts';
import { COMPANY_PREFIX_BITS, type FieldCoding, type PartitionedScheme } from './partitioned-schemes.ts';

/** The parts an EPC URI is written from. */
export interface PartitionedParts {
  readonly filter: number;
  readonly companyPrefix: string;
  /** Item reference with indicator first, serial reference with extension digit first, location or asset type. */
  readonly reference: string;
  /** Empty for schemes without one. */
  readonly serial: string;
}

const KEY_START = 14;

export function decodePartitioned(
  scheme: PartitionedScheme,
  bytes: Uint8Array,
): PartitionedParts | RawReason {
  const exact = (scheme.bits + 7) >> 3;
  if (bytes.length !== exact && bytes.length !== 2 * Math.ceil(scheme.bits / 16)) return 'WRONG_LENGTH';
  const partition = readNumber(bytes, 11, 3);
  const prefixBits = COMPANY_PREFIX_BITS[partition];
  if (prefixBits === undefined) return 'BAD_PARTITION';

  const prefixDigits = 12 - partition;
  const prefix = readNumber(bytes, KEY_START, prefixBits);
  if (prefix >= 10 ** prefixDigits) return 'OUT_OF_RANGE';
  const companyPrefix = String(prefix).padStart(prefixDigits, '0');

  const referenceStart = KEY_START + prefixBits;
  const referenceBits = scheme.keyBits - prefixBits;
  const referenceLength = scheme.keyLength - prefixDigits;
  const reference = readField(bytes, referenceStart, referenceBits, scheme.reference, referenceLength);
  if (!reference.ok) return reference.reason;

  let end = referenceStart + referenceBits;
  let serial = '';
  if (scheme.serial !== undefined) {
    const { bits, coding, maxLength } = scheme.serial;
    const field = readField(bytes, end, bits, coding, maxLength);
    if (!field.ok) return field.reason;
    serial = field.text;
    end += bits;
  }
  if (!isZeroFrom(bytes, end)) return 'BAD_PADDING';
  return { filter: readNumber(bytes, 8, 3), companyPrefix, reference: reference.text, serial };
}

/** The EPC bank as hex, padded to whole words. */
export function encodePartitioned(scheme: PartitionedScheme, parts: PartitionedParts): string {
  const { filter, companyPrefix, reference, serial } = parts;
  if (!/^[0-9]{6,12}$/.test(companyPrefix)) {
    throw new EpcEncodeError(`company prefix must be 6 to 12 digits, got "${companyPrefix}"`);
  }
  const partition = 12 - companyPrefix.length;
  const prefixBits = COMPANY_PREFIX_BITS[partition] ?? 0;
  const referenceBits = scheme.keyBits - prefixBits;
  const referenceLength = scheme.keyLength - companyPrefix.length;
  const fields: BitField[] = [
    [scheme.header, 8],
    [filter, 3],
    [partition, 3],
    [BigInt(companyPrefix), prefixBits],
    [fieldValue('reference', reference, scheme.reference, referenceBits, referenceLength), referenceBits],
  ];
  if (scheme.serial !== undefined) {
    const { coding, bits, maxLength } = scheme.serial;
    fields.push([fieldValue('serial', serial, coding, bits, maxLength), bits]);
  } else if (serial !== '') {
    throw new EpcEncodeError(`${scheme.name} has no serial`);
  }
  const written = fields.reduce((sum, [, width]) => sum + width, 0);
  fields.push([0, scheme.bits - written]);
  return packWords(fields);
}

type FieldResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: RawReason };

function readField(
  bytes: Uint8Array,
  start: number,
  width: number,
  coding: FieldCoding,
  length: number,
): FieldResult {
  switch (coding) {
    case 'text':
      return readText(bytes, start, width, length);
    case 'integer':
      return { ok: true, text: readDecimal(bytes, start, width) };
    case 'digits': {
      const value = readNumber(bytes, start, width);
      if (value >= 10 ** length) return { ok: false, reason: 'OUT_OF_RANGE' };
      return { ok: true, text: length === 0 ? '' : String(value).padStart(length, '0') };
    }
  }
}

function readDecimal(bytes: Uint8Array, start: number, width: number): string {
  return width <= 48 ? String(readNumber(bytes, start, width)) : String(readBigInt(bytes, start, width));
}

function readText(bytes: Uint8Array, start: number, width: number, maxLength: number): FieldResult {
  let text = '';
  let position = start;
  const end = start + width;
  while (text.length < maxLength && position + 7 <= end) {
    const code = readNumber(bytes, position, 7);
    if (code === 0) break;
    if (!IS_GS1_CHARACTER[code]) return { ok: false, reason: 'BAD_CHARACTER' };
    text += String.fromCharCode(code);
    position += 7;
  }
  if (text === '') return { ok: false, reason: 'BAD_CHARACTER' };
  for (; position < end; position += 7) {
    if (readNumber(bytes, position, Math.min(7, end - position)) !== 0) {
      return { ok: false, reason: 'BAD_PADDING' };
    }
  }
  return { ok: true, text };
}

function fieldValue(name: string, text: string, coding: FieldCoding, width: number, length: number): bigint {
  switch (coding) {
    case 'digits':
      if (text.length !== length || !/^[0-9]*$/.test(text)) {
        throw new EpcEncodeError(
          `${name} must be ${length} digits beside this company prefix, got "${text}"`,
        );
      }
      return BigInt(text === '' ? 0 : text);
    case 'integer': {
      const value = /^(0|[1-9][0-9]*)$/.test(text) ? BigInt(text) : -1n;
      if (value < 0n || value >> BigInt(width) !== 0n) {
        throw new EpcEncodeError(
          `${name} must be a number of ${width} bits without leading zeros, got "${text}"`,
        );
      }
      return value;
    }
    case 'text': {
      if (!isGs1Text(text) || text.length > length) {
        throw new EpcEncodeError(`${name} must be 1 to ${length} GS1 characters, got "${text}"`);
      }
      let packed = 0n;
      for (const character of text) packed = (packed << 7n) | BigInt(character.charCodeAt(0));
      return packed << BigInt(width - 7 * text.length);
    }
  }
}
