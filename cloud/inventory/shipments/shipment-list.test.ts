import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.ts';
import { parseShipmentCsv } from './shipment-csv.ts';
import { parseShipmentList } from './shipment-list.ts';

const SHIPMENT = {
  id: 'ASN-1',
  kind: 'inbound',
  partner: 'Dairy',
  readPoint: 'dock-1',
  expectedFrom: '2026-03-02T06:00:00Z',
  expectedTo: '2026-03-02T12:00:00+02:00',
  lines: [{ gtin: '4006381333931', quantity: 3, lot: 'L1', expiry: '2026-04-01' }],
};
const LINE = SHIPMENT.lines[0];

function problemsOf(value: unknown): string[] {
  const parsed = parseShipmentList(value);
  return parsed.ok ? [] : parsed.problems.map(({ place, message }) => `${place}: ${message}`);
}

describe('a shipment list in JSON', () => {
  it('is taken as an array or with items, with the defaults filled in', () => {
    const listed = {
      ...SHIPMENT,
      lines: [{ epcs: ['AABB', 'aabb', 'ccdd'] }, { sscc: '106141412345678908' }],
    };
    const list = { shipments: [listed], items: [{ gtin: '4006381333931', name: 'Milk' }] };
    expect(parseShipmentList(list)).toEqual({
      ok: true,
      list: {
        shipments: [
          {
            id: 'ASN-1',
            kind: 'inbound',
            reference: 'ASN-1',
            partner: 'Dairy',
            readPoint: 'dock-1',
            expectedFrom: Date.UTC(2026, 2, 2, 6),
            expectedTo: Date.UTC(2026, 2, 2, 10),
            lines: [
              {
                line: 1,
                gtin: null,
                sscc: null,
                lot: null,
                expiry: null,
                quantity: 2,
                epcs: ['aabb', 'ccdd'],
              },
              {
                line: 2,
                gtin: null,
                sscc: '106141412345678908',
                lot: null,
                expiry: null,
                quantity: 1,
                epcs: [],
              },
            ],
          },
        ],
        items: [{ gtin: '04006381333931', name: 'Milk', sku: null }],
      },
    });
    expect(parseShipmentList([SHIPMENT])).toMatchObject({ ok: true });
  });

  it.each([
    ['a typing error', [{ ...SHIPMENT, refrence: 'x' }], /^\[0\]: .*"refrence"/],
    [
      'a wrong check digit',
      [{ ...SHIPMENT, lines: [{ ...LINE, gtin: '4006381333932' }] }],
      /^\[0\]\.lines\[0\]\.gtin: /,
    ],
    ['a wrong SSCC', [{ ...SHIPMENT, lines: [{ sscc: '106141412345678909' }] }], /lines\[0\]\.sscc: /],
    ['a line that says nothing', [{ ...SHIPMENT, lines: [{ quantity: 2 }] }], /does not say what comes/],
    [
      'an item without a number',
      [{ ...SHIPMENT, lines: [{ gtin: '4006381333931' }] }],
      /quantity: expected how many/,
    ],
    [
      'fewer than are listed',
      [{ ...SHIPMENT, lines: [{ epcs: ['aa', 'bb'], quantity: 1 }] }],
      /at least as many as tags are listed/,
    ],
    [
      'a window that ends before it begins',
      [{ ...SHIPMENT, expectedTo: SHIPMENT.expectedFrom }],
      /expectedTo: /,
    ],
    ['a time without a zone', [{ ...SHIPMENT, expectedFrom: '2026-03-02T06:00:00' }], /expectedFrom: /],
    ['one id twice', { shipments: [SHIPMENT, SHIPMENT] }, /^shipments\[1\]\.id: shipment ASN-1 stands twice/],
    ['one line twice', [{ ...SHIPMENT, lines: [{ ...LINE, line: 2 }, { ...LINE }] }], /line 2 stands twice/],
    ['one tag twice', [{ ...SHIPMENT, lines: [{ epcs: ['aa'] }, { epcs: ['AA'] }] }], /tag aa stands twice/],
    ['text that no database keeps', [{ ...SHIPMENT, partner: 'a\0b' }], /partner: expected plain text/],
    ['nothing at all', null, /^the list: /],
  ])('with %s is refused with its place', (_title, value, problem) => {
    expect(problemsOf(value)).toContainEqual(expect.stringMatching(problem));
  });
});

const HEADER =
  'shipment,kind,reference,partner,read_point,expected_from,expected_to,gtin,lot,quantity,epcs,item_name';
const FIRST = 'ASN-1,inbound,PO 7,"Dairy, ""Hill""",dock-1,2026-03-02T06:00:00Z,2026-03-02T12:00:00Z';

describe('a shipment list in CSV', () => {
  it('is taken row by row; the columns of the shipment may be left out after its first row', () => {
    const text = `\uFEFF${HEADER}\r\n${FIRST},4006381333931,L1,3,,Milk\r\nASN-1,,,,,,,,,,AA11 BB22,\r\n`;
    const parsed = parseShipmentCsv(text);
    expect(parsed).toMatchObject({
      ok: true,
      list: {
        shipments: [
          {
            id: 'ASN-1',
            reference: 'PO 7',
            partner: 'Dairy, "Hill"',
            lines: [
              { line: 1, gtin: '04006381333931', lot: 'L1', quantity: 3 },
              { line: 2, quantity: 2, epcs: ['aa11', 'bb22'] },
            ],
          },
        ],
        items: [{ gtin: '04006381333931', name: 'Milk' }],
      },
    });
    expect(parseShipmentCsv(text.replaceAll(',', ';').replaceAll('Dairy;', 'Dairy,'))).toEqual(parsed);
  });

  it.each([
    ['an unknown column', `${HEADER},colour\n`, 'line 1: unknown column "colour"'],
    ['no column for the door', 'shipment,kind\n', 'line 1: expected a column "read_point"'],
    ['a short row', `${HEADER}\n${FIRST},4006381333931\n`, 'line 2: expected 12 fields, got 8'],
    ['a wrong number', `${HEADER}\n${FIRST},4006381333931,L1,three,,\n`, 'line 2, quantity: '],
    [
      'a wrong check digit after a field of two lines',
      `${HEADER}\n${FIRST.replace('PO 7', '"PO\n7"')},4006381333931,L1,1,,\nASN-1,,,,,,,4006381333932,,1,,\n`,
      'line 4, gtin: ',
    ],
    [
      'rows that disagree',
      `${HEADER}\n${FIRST},,,,aa,\nASN-1,outbound,,,,,,,,,bb,\n`,
      'line 3: kind is "outbound"',
    ],
    ['a quote without an end', `${HEADER}\n"ASN-1,inbound\n`, 'line 2: a quoted field has no end'],
    ['nothing', '', 'line 1: expected a header'],
  ])('with %s is refused with its line', (_title, text, problem) => {
    const parsed = parseShipmentCsv(text);
    const problems = parsed.ok ? [] : parsed.problems.map(({ place, message }) => `${place}: ${message}`);
    expect(problems).toContainEqual(expect.stringContaining(problem));
  });

  it('gives back any table that was written with quotes', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ' ', ',', ';', '"', '\n', '\r\n') });
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 }), (table) => {
        const header = ['a', 'b', 'c'];
        const written = [header, ...table]
          .map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(','))
          .join('\r\n');
        const parsed = parseCsv(written);
        expect(parsed.ok && parsed.rows.map((row) => row.fields)).toEqual([header, ...table]);
      }),
    );
  });

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom(HEADER, FIRST, ',', '"', '\n', '\r', 'ASN-1', ';', '\0', '4006381333931');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        parseShipmentCsv(pieces.join(''));
      }),
    );
  });
});
