/**
 * The "+" schemes of TDS 2.x (§14.6, SGTIN+, DSGTIN+, SSCC+): header 8 bits, AIDC data toggle 1, filter 3, for
 * DSGTIN+ a date of 20 bits, the key as 4-bit digits with its check digit, then for SGTIN+ and DSGTIN+ a serial of
 * variable length. Without further AIDC data everything after that is zero.
 */
import { type BitField, isZeroFrom, packWords, readNumber } from './bits.ts';
import { isValidGtin14, isValidSscc18 } from './check-digit.ts';
import type { Gs1Epc, PlusSchemeName, RawReason } from './decoded-epc.ts';
import { gtinLink, ssccLink } from './digital-link.ts';
import { EpcEncodeError } from './encode-error.ts';
import { dateElement, type TagDate, tagDateBits, tagDateFromBits } from './tag-date.ts';
import { readVariableText, type TextCoding, variableTextFields } from './variable-text.ts';

interface PlusScheme {
  readonly name: PlusSchemeName;
  readonly header: number;
}

export const PLUS_SCHEMES: readonly PlusScheme[] = [
  { name: 'sgtin+', header: 0xf7 },
  { name: 'dsgtin+', header: 0xfb },
  { name: 'sscc+', header: 0xf9 },
];

const AFTER_FILTER = 12;
const AFTER_DATE = 32;

export function decodePlus(scheme: PlusScheme, bytes: Uint8Array, hex: string): Gs1Epc | RawReason {
  const filter = readNumber(bytes, 9, 3);
  const hasAidcData = readNumber(bytes, 8, 1) === 1;
  switch (scheme.name) {
    case 'sscc+': {
      const sscc = readDigits(bytes, AFTER_FILTER, 18);
      const wrong = keyFault(sscc, isValidSscc18) ?? tailFault(bytes, AFTER_FILTER + 72, hasAidcData);
      if (wrong !== undefined) return wrong;
      const link = ssccLink(sscc);
      return { scheme: scheme.name, hex, filter, uri: link, digitalLink: link, sscc, hasAidcData };
    }
    case 'sgtin+':
      return decodeSerialized(
        bytes,
        AFTER_FILTER,
        { scheme: scheme.name, hex, filter, hasAidcData },
        undefined,
      );
    case 'dsgtin+': {
      const date = tagDateFromBits(readNumber(bytes, 12, 4), readNumber(bytes, 16, 16));
      if (date === undefined) return 'BAD_DATE';
      return decodeSerialized(bytes, AFTER_DATE, { scheme: scheme.name, hex, filter, hasAidcData }, date);
    }
  }
}

type EpcFrame = Pick<Gs1Epc, 'scheme' | 'hex' | 'filter' | 'hasAidcData'>;

function decodeSerialized(
  bytes: Uint8Array,
  keyStart: number,
  frame: EpcFrame,
  date: TagDate | undefined,
): Gs1Epc | RawReason {
  const gtin = readDigits(bytes, keyStart, 14);
  const wrongKey = keyFault(gtin, isValidGtin14);
  if (wrongKey !== undefined) return wrongKey;
  const serial = readVariableText(bytes, keyStart + 56);
  if (!serial.ok) return serial.reason;
  const wrongTail = tailFault(bytes, serial.end, frame.hasAidcData === true);
  if (wrongTail !== undefined) return wrongTail;
  const uri = gtinLink(gtin, serial.text);
  if (date === undefined) return { ...frame, uri, digitalLink: uri, gtin, serial: serial.text };
  return { ...frame, uri, digitalLink: `${uri}?${dateElement(date)}`, gtin, serial: serial.text, date };
}

interface SgtinPlusInput {
  readonly gtin: string;
  readonly serial: string;
  readonly filter?: number;
  /** Forces a coding of the serial instead of the shortest. */
  readonly coding?: TextCoding;
}

interface DsgtinPlusInput extends SgtinPlusInput {
  readonly date: string;
  readonly dateKind: TagDate['kind'];
}

export function encodeSgtinPlus(input: SgtinPlusInput): string {
  return packWords([...frameFields(0xf7, input.filter), ...gtinFields(input)]);
}

/** `date` is YYYY-MM-DD. */
export function encodeDsgtinPlus(input: DsgtinPlusInput): string {
  const { kindBits, dateBits } = tagDateBits({ kind: input.dateKind, iso: input.date });
  return packWords([...frameFields(0xfb, input.filter), [kindBits, 4], [dateBits, 16], ...gtinFields(input)]);
}

export function encodeSsccPlus(input: { readonly sscc: string; readonly filter?: number }): string {
  if (!isValidSscc18(input.sscc)) throw new EpcEncodeError(`not an SSCC-18: "${input.sscc}"`);
  return packWords([...frameFields(0xf9, input.filter), [BigInt(`0x${input.sscc}`), 72]]);
}

function frameFields(header: number, filter = 0): BitField[] {
  return [
    [header, 8],
    [0, 1],
    [filter, 3],
  ];
}

function gtinFields({ gtin, serial, coding }: SgtinPlusInput): BitField[] {
  if (!isValidGtin14(gtin)) throw new EpcEncodeError(`not a GTIN-14: "${gtin}"`);
  return [[BigInt(`0x${gtin}`), 56], ...variableTextFields(serial, coding)];
}

/** Digits of 4 bits; a nibble above 9 shows as a character that is no digit, a missing one as nothing. */
function readDigits(bytes: Uint8Array, start: number, count: number): string {
  let digits = '';
  for (let i = 0; i < count && start + 4 * i + 4 <= bytes.length * 8; i++) {
    digits += readNumber(bytes, start + 4 * i, 4).toString(16);
  }
  return digits.length === count ? digits : '';
}

function keyFault(digits: string, isValid: (key: string) => boolean): RawReason | undefined {
  if (digits === '') return 'WRONG_LENGTH';
  if (isValid(digits)) return undefined;
  return /[a-f]/.test(digits) ? 'BAD_CHARACTER' : 'BAD_CHECK_DIGIT';
}

function tailFault(bytes: Uint8Array, end: number, hasAidcData: boolean): RawReason | undefined {
  return hasAidcData || isZeroFrom(bytes, end) ? undefined : 'BAD_PADDING';
}
