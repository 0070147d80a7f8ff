/**
 * Variable-length serials of the "+" schemes (TDS 2.x §14.5.6 and table E): an encoding indicator of 3 bits, a
 * length of 5 bits, then the characters in one of six codings. The encoder takes the shortest coding that fits;
 * the first of equals in the order of the indicators.
 */
import { type BitField, readBigInt, readNumber } from './bits.ts';
import { IS_GS1_CHARACTER, isGs1Text } from './characters.ts';
import type { RawReason } from './decoded-epc.ts';
import { EpcEncodeError } from './encode-error.ts';

/** In the order of the encoding indicators 0…5. */
export const TEXT_CODINGS = ['integer', 'upperHex', 'lowerHex', 'base64url', 'ascii7', 'urnCode40'] as const;
export type TextCoding = (typeof TEXT_CODINGS)[number];

/** AI 21: at most 20 characters. */
const MAX_SERIAL_LENGTH = 20;

interface Alphabet {
  /** Characters by value; a space stands for a value without a character. */
  readonly characters: string;
  readonly bitsPerCharacter: number;
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ASCII7 = IS_GS1_CHARACTER.map((allowed, code) => (allowed ? String.fromCharCode(code) : ' ')).join('');
/** URN Code 40 (TDS §14.5.6.5): value 0 is padding. */
const CODE40 = ' ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789';

const ALPHABETS: Readonly<Record<'upperHex' | 'lowerHex' | 'base64url' | 'ascii7', Alphabet>> = {
  upperHex: { characters: '0123456789ABCDEF', bitsPerCharacter: 4 },
  lowerHex: { characters: '0123456789abcdef', bitsPerCharacter: 4 },
  base64url: { characters: BASE64URL, bitsPerCharacter: 6 },
  ascii7: { characters: ASCII7, bitsPerCharacter: 7 },
};

const PATTERNS: Readonly<Record<TextCoding, RegExp>> = {
  integer: /^(0|[1-9][0-9]*)$/,
  upperHex: /^[0-9A-F]+$/,
  lowerHex: /^[0-9a-f]+$/,
  base64url: /^[0-9A-Za-z_-]+$/,
  ascii7: /^[\x21-\x7e]+$/,
  urnCode40: /^[0-9A-Z.:-]+$/,
};

type VariableText =
  | { readonly ok: true; readonly text: string /** Where the next field starts. */; readonly end: number }
  | { readonly ok: false; readonly reason: RawReason };

/** Reads indicator, length and characters from `start`. */
export function readVariableText(bytes: Uint8Array, start: number): VariableText {
  const coding = TEXT_CODINGS[readNumber(bytes, start, 3)];
  const length = readNumber(bytes, start + 3, 5);
  if (coding === undefined || length === 0 || length > MAX_SERIAL_LENGTH) return refused('OUT_OF_RANGE');
  const first = start + 8;
  const end = first + textBits(coding, length);
  if (end > bytes.length * 8) return refused('WRONG_LENGTH');
  const text = readCoded(bytes, first, coding, length);
  if (typeof text !== 'string') return text;
  return { ok: true, text, end };
}

/** Indicator, length and characters as fields; `coding` forces one, which must be able to hold the text. */
export function variableTextFields(text: string, coding = shortestCoding(text)): BitField[] {
  if (!isGs1Text(text) || text.length > MAX_SERIAL_LENGTH || !PATTERNS[coding].test(text)) {
    throw new EpcEncodeError(
      `serial must be 1 to ${MAX_SERIAL_LENGTH} characters that fit ${coding}, got "${text}"`,
    );
  }
  return [
    [TEXT_CODINGS.indexOf(coding), 3],
    [text.length, 5],
    [codedValue(text, coding), textBits(coding, text.length)],
  ];
}

/** True when the coding can hold the text. */
export function fitsCoding(text: string, coding: TextCoding): boolean {
  return PATTERNS[coding].test(text);
}

function shortestCoding(text: string): TextCoding {
  let best: TextCoding = 'ascii7';
  for (const coding of TEXT_CODINGS) {
    if (fitsCoding(text, coding) && isShorter(coding, best, text.length)) best = coding;
  }
  return best;
}

function isShorter(coding: TextCoding, than: TextCoding, length: number): boolean {
  const difference = textBits(coding, length) - textBits(than, length);
  return difference < 0 || (difference === 0 && TEXT_CODINGS.indexOf(coding) < TEXT_CODINGS.indexOf(than));
}

/** Bits that `length` characters take. */
function textBits(coding: TextCoding, length: number): number {
  switch (coding) {
    case 'integer':
      return Math.ceil(length * Math.log2(10));
    case 'urnCode40':
      return 16 * Math.ceil(length / 3);
    case 'upperHex':
    case 'lowerHex':
    case 'base64url':
    case 'ascii7':
      return length * ALPHABETS[coding].bitsPerCharacter;
  }
}

function readCoded(
  bytes: Uint8Array,
  start: number,
  coding: TextCoding,
  length: number,
): string | { ok: false; reason: RawReason } {
  switch (coding) {
    case 'integer': {
      const text = String(readBigInt(bytes, start, textBits(coding, length)));
      return text.length === length ? text : refused('OUT_OF_RANGE');
    }
    case 'urnCode40':
      return readCode40(bytes, start, length);
    case 'upperHex':
    case 'lowerHex':
    case 'base64url':
    case 'ascii7': {
      const { characters, bitsPerCharacter } = ALPHABETS[coding];
      let text = '';
      for (let i = 0; i < length; i++) {
        const character =
          characters[readNumber(bytes, start + i * bitsPerCharacter, bitsPerCharacter)] ?? ' ';
        if (character === ' ') return refused('BAD_CHARACTER');
        text += character;
      }
      return text;
    }
  }
}

function readCode40(
  bytes: Uint8Array,
  start: number,
  length: number,
): string | { ok: false; reason: RawReason } {
  let text = '';
  for (let done = 0; done < length; done += 3) {
    const triple = readNumber(bytes, start + (done / 3) * 16, 16) - 1;
    if (triple < 0 || triple >= 64_000) return refused('BAD_CHARACTER');
    text += CODE40.charAt(Math.floor(triple / 1600));
    text += CODE40.charAt(Math.floor(triple / 40) % 40);
    text += CODE40.charAt(triple % 40);
  }
  const kept = text.slice(0, length);
  if (kept.includes(' ') || text.slice(length).trim() !== '') return refused('BAD_CHARACTER');
  return kept;
}

function codedValue(text: string, coding: TextCoding): bigint {
  switch (coding) {
    case 'integer':
      return BigInt(text);
    case 'urnCode40': {
      let value = 0n;
      for (let i = 0; i < text.length; i += 3) {
        const [a, b, c] = [0, 1, 2].map((k) => CODE40.indexOf(text[i + k] ?? ' '));
        value = (value << 16n) | BigInt(1600 * (a ?? 0) + 40 * (b ?? 0) + (c ?? 0) + 1);
      }
      return value;
    }
    case 'upperHex':
    case 'lowerHex':
    case 'base64url':
    case 'ascii7': {
      const { characters, bitsPerCharacter } = ALPHABETS[coding];
      let value = 0n;
      for (const character of text) {
        value = (value << BigInt(bitsPerCharacter)) | BigInt(characters.indexOf(character));
      }
      return value;
    }
  }
}

function refused(reason: RawReason): { ok: false; reason: RawReason } {
  return { ok: false, reason };
}
