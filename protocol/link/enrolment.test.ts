import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODE_BYTES, enrolmentCode, normalizeCode } from './enrolment.ts';

const random = fc.uint8Array({ minLength: CODE_BYTES, maxLength: CODE_BYTES });
const code = random.map((bytes) => enrolmentCode(bytes));
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

describe('an enrolment code', () => {
  it('reads as four groups of five and is its own one spelling', () => {
    fc.assert(
      fc.property(code, (text) => {
        expect(text).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
        expect(normalizeCode(text)).toBe(text);
      }),
    );
  });

  it('may be typed in lower case, without dashes, with blanks and with look-alikes', () => {
    fc.assert(
      fc.property(code, (text) => {
        const typed = text.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
        expect(normalizeCode(` ${typed}\n`)).toBe(text);
        expect(normalizeCode(text.replaceAll('-', '').replaceAll('1', 'i'))).toBe(text);
      }),
    );
  });

  it('with one wrong character is found out before anybody is asked', () => {
    fc.assert(
      fc.property(code, fc.nat(19), fc.nat(30), (text, at, other) => {
        const characters = [...text.replaceAll('-', '')];
        const others = [...ALPHABET].filter((character) => character !== characters[at]);
        characters[at] = others[other] ?? '';
        expect(normalizeCode(characters.join(''))).toBeUndefined();
      }),
    );
  });

  it('keeps 95 of the random bits: two that differ there give two codes', () => {
    fc.assert(
      fc.property(random, fc.integer({ min: 1, max: 95 }), (bytes, bit) => {
        const other = Uint8Array.from(bytes);
        const at = CODE_BYTES * 8 - bit;
        other[at >> 3] = (other[at >> 3] ?? 0) ^ (0x80 >> (at & 7));
        expect(enrolmentCode(other)).not.toBe(enrolmentCode(bytes));
      }),
    );
  });

  it('of any other text is none', () => {
    fc.assert(fc.property(fc.string({ maxLength: 15 }), (text) => normalizeCode(text) === undefined));
    expect(normalizeCode('0'.repeat(100_000))).toBeUndefined();
    expect(() => enrolmentCode(new Uint8Array(4))).toThrow(RangeError);
  });
});
