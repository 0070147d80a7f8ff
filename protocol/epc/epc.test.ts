/** Golden tags both ways, and what may never happen with any hex. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEpc,
  EpcEncodeError,
  encodeDigitalLink,
  encodeEpcUri,
  encodeGiai96,
  encodeGrai96,
  encodeSgln96,
  encodeSgtin96,
  encodeSgtin198,
  encodeSscc96,
  encodeTagUri,
  fromDigitalLink,
  fromEpcUri,
  toDigitalLink,
  toEpcUri,
} from './epc.ts';
import rawTags from './golden/raw.json' with { type: 'json' };
import vectors from './golden/vectors.json' with { type: 'json' };

describe('golden tags', () => {
  it.each(vectors)('$source: bits to names', ({ hex, expected }) => {
    expect(decodeEpc(hex)).toEqual({ hex, ...expected });
    expect(decodeEpc(hex.toUpperCase())).toEqual({ hex, ...expected });
  });

  it.each(vectors)('$source: names to the same bits', ({ hex, expected }) => {
    const { filter, tagUri, uri, digitalLink, companyPrefix } = expected;
    if (tagUri === undefined || companyPrefix === undefined) {
      expect(encodeDigitalLink(digitalLink, { filter })).toBe(hex);
    } else {
      expect(encodeTagUri(tagUri)).toBe(hex);
      expect(encodeEpcUri(uri, { filter })).toBe(hex);
      expect(encodeDigitalLink(digitalLink, { filter, companyPrefixLength: companyPrefix.length })).toBe(hex);
    }
  });

  it.each(vectors)('$source: URI and Digital Link name the same key', ({ expected }) => {
    const key = fromDigitalLink(expected.digitalLink);
    expect(key && toDigitalLink(key)).toBe(expected.digitalLink);
    if (expected.companyPrefix === undefined || key === undefined) return;
    expect(fromEpcUri(expected.uri)).toEqual(key);
    expect(fromEpcUri(expected.tagUri)).toEqual(key);
    expect(toEpcUri(key, expected.companyPrefix.length)).toBe(expected.uri);
  });

  it.each(rawTags)('$story stays raw', ({ hex, reason }) => {
    expect(decodeEpc(hex)).toEqual({ scheme: 'raw', hex, reason });
  });

  it('a 198-bit tag reported without its last padding byte is the same tag', () => {
    const whole = decodeEpc('3674257bf6b7a659b2c2bf100000000000000000000000000000');
    const short = decodeEpc('3674257bf6b7a659b2c2bf1000000000000000000000000000');
    expect({ ...short, hex: '' }).toEqual({ ...whole, hex: '' });
  });

  it('AIDC data after an SGTIN+ do not hide its key', () => {
    const decoded = decodeEpc('f7b795211411234538566cb0afc517220630');
    expect(decoded).toMatchObject({ gtin: '79521141123453', serial: '32a/b', hasAidcData: true });
  });
});

describe('any hex', () => {
  /** Starts with a known header often enough that every decoder is reached. */
  const header = fc.constantFrom(
    '30',
    '31',
    '32',
    '33',
    '34',
    '36',
    '37',
    '38',
    '39',
    'f7',
    'f9',
    'fb',
    '00',
    'e2',
  );
  const hexText = (size: fc.ArrayConstraints) =>
    fc.uint8Array(size).map((bytes) => Buffer.from(bytes).toString('hex'));
  const anyTag = fc.oneof(
    fc.tuple(header, hexText({ maxLength: 40 })).map(([first, rest]) => first + rest),
    fc.tuple(header, hexText({ minLength: 11, maxLength: 11 })).map(([first, rest]) => first + rest),
    fc.tuple(header, hexText({ minLength: 25, maxLength: 25 })).map(([first, rest]) => first + rest),
    fc.string(),
  );

  it('of any length never throws and keeps its hex', () => {
    fc.assert(
      fc.property(anyTag, (hex) => {
        expect(decodeEpc(hex).hex).toBe(hex.toLowerCase());
      }),
      { numRuns: 2000 },
    );
  });

  it('that decodes comes back as the same bits from its tag URI', () => {
    fc.assert(
      fc.property(anyTag, (hex) => {
        const decoded = decodeEpc(hex);
        if (decoded.scheme === 'raw' || decoded.tagUri === undefined) return;
        const words = Math.ceil(hex.length / 4) * 4;
        expect(encodeTagUri(decoded.tagUri)).toBe(decoded.hex.padEnd(words, '0'));
      }),
      { numRuns: 2000 },
    );
  });

  it('nothing that is no URI makes the parsers throw', () => {
    const uri = fc.oneof(
      fc.string(),
      fc.webUrl({ withQueryParameters: true }),
      fc.string().map((tail) => `urn:epc:tag:sgtin-96:${tail}`),
      fc.string().map((tail) => `urn:epc:id:giai:0614141.${tail}`),
      fc.string().map((tail) => `https://example.com/01/${tail}`),
    );
    fc.assert(
      fc.property(uri, (text) => {
        fromDigitalLink(text);
        fromEpcUri(text);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('values that cannot stand on a tag', () => {
  const sgtin = { companyPrefix: '0614141', itemReference: '812345', serial: '6789' };
  it.each([
    ['a serial above 38 bits', () => encodeSgtin96({ ...sgtin, serial: 274_877_906_944n })],
    ['a serial with a leading zero', () => encodeSgtin96({ ...sgtin, serial: '06789' })],
    ['a serial with letters', () => encodeSgtin96({ ...sgtin, serial: '32a' })],
    ['a serial of 21 characters', () => encodeSgtin198({ ...sgtin, serial: 'x'.repeat(21) })],
    ['a serial with a space', () => encodeSgtin198({ ...sgtin, serial: 'a b' })],
    ['a filter of 8', () => encodeSgtin96({ ...sgtin, filter: 8 })],
    ['a company prefix of 5 digits', () => encodeSgtin96({ ...sgtin, companyPrefix: '06141' })],
    ['an item reference that is too short', () => encodeSgtin96({ ...sgtin, itemReference: '12345' })],
    [
      'a serial reference that is too long',
      () => encodeSscc96({ companyPrefix: '0614141', serialReference: '12345678901' }),
    ],
    [
      'an asset reference above its bits',
      () => encodeGiai96({ companyPrefix: '061414112345', assetReference: 2n ** 42n }),
    ],
    ['a tag URI of an unknown scheme', () => encodeTagUri('urn:epc:tag:gid-96:1.2.3')],
    [
      'a Digital Link with a wrong check digit',
      () => encodeDigitalLink('https://id.gs1.org/00/323563453213454347'),
    ],
    ['a Digital Link without a serial', () => encodeDigitalLink('https://id.gs1.org/01/80614141123458')],
  ])('%s is refused', (_, encode) => {
    expect(encode).toThrow(EpcEncodeError);
  });

  it('the largest values that fit come back', () => {
    const cases = [
      encodeSgtin96({ ...sgtin, serial: 274_877_906_943 }),
      encodeSgln96({ companyPrefix: '061414112345', locationReference: '', extension: 2_199_023_255_551 }),
      encodeGrai96({ companyPrefix: '061414112345', assetType: '', serial: 274_877_906_943 }),
      encodeGiai96({ companyPrefix: '061414', assetReference: 2n ** 62n - 1n }),
    ];
    for (const hex of cases) {
      const decoded = decodeEpc(hex);
      expect(decoded.scheme).not.toBe('raw');
      expect('tagUri' in decoded && decoded.tagUri && encodeTagUri(decoded.tagUri)).toBe(hex);
    }
  });
});
