/** Everything that can be written on a tag is read back the same, for every scheme, partition and serial coding. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gtinCheckDigit, ssccCheckDigit } from './check-digit.ts';
import {
  decodeEpc,
  encodeDigitalLink,
  encodeDsgtinPlus,
  encodeEpcUri,
  encodeGiai96,
  encodeGrai96,
  encodeSgln96,
  encodeSgtin96,
  encodeSgtin198,
  encodeSgtinPlus,
  encodeSscc96,
  encodeSsccPlus,
  encodeTagUri,
  fromDigitalLink,
  type Gs1Epc,
  gtinFromParts,
  isValidGln13,
  isValidGtin14,
  isValidSscc18,
  ssccFromParts,
  type TagDateKind,
  toGtin14,
} from './epc.ts';
import { fitsCoding, TEXT_CODINGS, type TextCoding } from './variable-text.ts';

const digits = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((list) => list.join(''));
const textOf = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength });
const SET_82 = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`;
const filter = fc.integer({ min: 0, max: 7 });
/** A company prefix of 6 to 12 digits and a reference that fills up to `total`. */
const prefixAnd = (total: number) =>
  fc
    .integer({ min: 6, max: 12 })
    .chain((length) => fc.record({ companyPrefix: digits(length), reference: digits(total - length) }));
const numberBelow = (bits: bigint) => fc.bigInt({ min: 0n, max: 2n ** bits - 1n });

function decodeGs1(hex: string): Gs1Epc {
  const decoded = decodeEpc(hex);
  if (decoded.scheme === 'raw') throw new Error(`${hex} stayed raw: ${decoded.reason}`);
  return decoded;
}

/** The names of a tag of TDS 1.x all lead back to its bits. */
function leadsBack(hex: string, decoded: Gs1Epc): void {
  expect(decoded.hex).toBe(hex);
  expect(encodeTagUri(decoded.tagUri ?? '')).toBe(hex);
  const companyPrefixLength = decoded.companyPrefix?.length ?? 0;
  const { filter } = decoded;
  const again = decodeGs1(encodeEpcUri(decoded.uri, { filter }));
  expect(again.uri).toBe(decoded.uri);
  expect(decodeGs1(encodeDigitalLink(decoded.digitalLink, { filter, companyPrefixLength })).uri).toBe(
    decoded.uri,
  );
}

describe('TDS 1.x schemes', () => {
  it('SGTIN-96 carries any GTIN and any serial of 38 bits', () => {
    fc.assert(
      fc.property(prefixAnd(13), numberBelow(38n), filter, ({ companyPrefix, reference }, serial, filter) => {
        const hex = encodeSgtin96({ companyPrefix, itemReference: reference, serial, filter });
        const decoded = decodeGs1(hex);
        expect(decoded).toMatchObject({ scheme: 'sgtin-96', filter, serial: String(serial), companyPrefix });
        expect(decoded.gtin).toBe(gtinFromParts(companyPrefix, reference));
        expect(isValidGtin14(decoded.gtin ?? '')).toBe(true);
        leadsBack(hex, decoded);
      }),
    );
  });

  it('SGTIN-198 carries serials of 1 to 20 characters such as 32a/b', () => {
    fc.assert(
      fc.property(
        prefixAnd(13),
        textOf(SET_82, 20),
        filter,
        ({ companyPrefix, reference }, serial, filter) => {
          const hex = encodeSgtin198({ companyPrefix, itemReference: reference, serial, filter });
          const decoded = decodeGs1(hex);
          expect(decoded).toMatchObject({ scheme: 'sgtin-198', filter, serial });
          expect(hex).toHaveLength(52);
          leadsBack(hex, decoded);
        },
      ),
    );
  });

  it('SSCC-96 carries any SSCC', () => {
    fc.assert(
      fc.property(prefixAnd(17), filter, ({ companyPrefix, reference }, filter) => {
        const hex = encodeSscc96({ companyPrefix, serialReference: reference, filter });
        const decoded = decodeGs1(hex);
        expect(decoded.sscc).toBe(ssccFromParts(companyPrefix, reference));
        expect(isValidSscc18(decoded.sscc ?? '')).toBe(true);
        leadsBack(hex, decoded);
      }),
    );
  });

  it('SGLN-96 carries any GLN, with extension or without', () => {
    fc.assert(
      fc.property(
        prefixAnd(12),
        numberBelow(41n),
        filter,
        ({ companyPrefix, reference }, extension, filter) => {
          const hex = encodeSgln96({ companyPrefix, locationReference: reference, extension, filter });
          const decoded = decodeGs1(hex);
          expect(isValidGln13(decoded.gln ?? '')).toBe(true);
          expect(decoded.serial).toBe(extension === 0n ? undefined : String(extension));
          leadsBack(hex, decoded);
        },
      ),
      { examples: [[{ companyPrefix: '061414112345', reference: '' }, 0n, 1]] },
    );
  });

  it('GRAI-96 carries any returnable asset', () => {
    fc.assert(
      fc.property(prefixAnd(12), numberBelow(38n), filter, ({ companyPrefix, reference }, serial, filter) => {
        const hex = encodeGrai96({ companyPrefix, assetType: reference, serial, filter });
        const decoded = decodeGs1(hex);
        expect(decoded).toMatchObject({ scheme: 'grai-96', serial: String(serial) });
        expect(isValidGln13(decoded.grai ?? '')).toBe(true);
        leadsBack(hex, decoded);
      }),
    );
  });

  it('GIAI-96 carries any asset number', () => {
    fc.assert(
      fc.property(prefixAnd(12), numberBelow(42n), filter, ({ companyPrefix }, assetReference, filter) => {
        const hex = encodeGiai96({ companyPrefix, assetReference, filter });
        const decoded = decodeGs1(hex);
        expect(decoded.giai).toBe(`${companyPrefix}${assetReference}`);
        leadsBack(hex, decoded);
      }),
    );
  });

  it.each([
    ['sgln-195', 12, 20],
    ['grai-170', 12, 16],
    ['giai-202', 6, 18],
  ])('%s carries text', (scheme, total, longest) => {
    fc.assert(
      fc.property(
        prefixAnd(12),
        textOf(SET_82, longest),
        filter,
        ({ companyPrefix, reference }, text, filter) => {
          const escaped = text.replace(/["%&/<>?]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
          const middle = total === 12 ? `${reference}.` : '';
          const tagUri = `urn:epc:tag:${scheme}:${filter}.${companyPrefix}.${middle}${escaped}`;
          const decoded = decodeGs1(encodeTagUri(tagUri));
          expect(decoded).toMatchObject({ scheme, tagUri });
        },
      ),
    );
  });
});

describe('"+" schemes', () => {
  const gtin = digits(13).map((body) => body + gtinCheckDigit(body));
  const sscc = digits(17).map((body) => body + ssccCheckDigit(body));
  const ALPHABETS: Record<TextCoding, string> = {
    integer: '123456789',
    upperHex: '0123456789ABCDEF',
    lowerHex: '0123456789abcdef',
    base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
    ascii7: SET_82,
    urnCode40: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789',
  };

  it.each(TEXT_CODINGS)('SGTIN+ reads a serial written as %s', (coding) => {
    fc.assert(
      fc.property(gtin, textOf(ALPHABETS[coding], 20), filter, (gtin, serial, filter) => {
        const decoded = decodeGs1(encodeSgtinPlus({ gtin, serial, filter, coding }));
        expect(decoded).toMatchObject({ scheme: 'sgtin+', gtin, serial, filter, hasAidcData: false });
      }),
    );
  });

  it('SGTIN+ takes the shortest coding, and its link leads back', () => {
    fc.assert(
      fc.property(gtin, textOf(SET_82, 20), filter, (gtin, serial, filter) => {
        const hex = encodeSgtinPlus({ gtin, serial, filter });
        const decoded = decodeGs1(hex);
        expect(decoded.serial).toBe(serial);
        expect(encodeDigitalLink(decoded.digitalLink, { filter })).toBe(hex);
        for (const coding of TEXT_CODINGS.filter((candidate) => fitsCoding(serial, candidate))) {
          const other = encodeSgtinPlus({ gtin, serial, filter, coding });
          expect(other.length).toBeGreaterThanOrEqual(hex.length);
        }
      }),
    );
  });

  it('DSGTIN+ carries every kind of date', () => {
    const kinds: TagDateKind[] = [
      'production',
      'packaging',
      'bestBefore',
      'sellBy',
      'expiry',
      'firstFreeze',
      'harvest',
    ];
    const day = fc
      .integer({ min: Date.UTC(2000, 0, 1) / 86_400_000, max: Date.UTC(2099, 11, 31) / 86_400_000 })
      .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10));
    fc.assert(
      fc.property(
        gtin,
        textOf(SET_82, 20),
        day,
        fc.constantFrom(...kinds),
        (gtin, serial, date, dateKind) => {
          const hex = encodeDsgtinPlus({ gtin, serial, date, dateKind, filter: 2 });
          const decoded = decodeGs1(hex);
          expect(decoded).toMatchObject({
            scheme: 'dsgtin+',
            gtin,
            serial,
            date: { kind: dateKind, iso: date },
          });
          expect(encodeDigitalLink(decoded.digitalLink, { filter: 2 })).toBe(hex);
        },
      ),
    );
  });

  it('SSCC+ carries any SSCC', () => {
    fc.assert(
      fc.property(sscc, filter, (sscc, filter) => {
        const hex = encodeSsccPlus({ sscc, filter });
        expect(decodeGs1(hex)).toMatchObject({ scheme: 'sscc+', sscc, filter });
        expect(hex).toHaveLength(24);
        expect(encodeDigitalLink(`https://id.gs1.org/00/${sscc}`, { filter })).toBe(hex);
      }),
    );
  });

  it('day 00 on a tag means the last day of the month', () => {
    const hex = encodeDsgtinPlus({
      gtin: '79521141123453',
      serial: '1',
      date: '2028-02-01',
      dateKind: 'bestBefore',
    });
    const dayZero = `${hex.slice(0, 4)}${(Number.parseInt(hex.slice(4, 8), 16) - 1).toString(16)}${hex.slice(8)}`;
    expect(decodeGs1(dayZero).date).toEqual({ kind: 'bestBefore', iso: '2028-02-29' });
  });
});

describe('GS1 keys', () => {
  it('a GTIN of any length is found behind a Digital Link on any domain', () => {
    expect(toGtin14('4006381333931')).toBe('04006381333931');
    expect(
      fromDigitalLink('https://shop.example/de/p/01/4006381333931/10/L%2F7/21/a%3Cb?x=1&11=240101&17=251200'),
    ).toEqual({
      key: 'gtin',
      gtin: '04006381333931',
      lot: 'L/7',
      serial: 'a<b',
      date: { kind: 'expiry', iso: '2025-12-31' },
    });
    expect(toGtin14('4006381333932')).toBeUndefined();
  });

  it('one changed digit never passes the check digit', () => {
    fc.assert(
      fc.property(digits(13), fc.nat({ max: 13 }), fc.integer({ min: 1, max: 9 }), (body, at, by) => {
        const gtin = body + gtinCheckDigit(body);
        const changed = gtin.slice(0, at) + ((Number(gtin[at]) + by) % 10) + gtin.slice(at + 1);
        expect(isValidGtin14(gtin)).toBe(true);
        expect(isValidGtin14(changed)).toBe(false);
      }),
    );
  });
});
