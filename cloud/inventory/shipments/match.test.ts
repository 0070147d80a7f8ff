import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DoorCrossing,
  type ExpectedLine,
  type ExpectedShipment,
  IDENTITY_LATE_MS,
  matchShipments,
} from './match.ts';

const line = (number: number, more: Partial<ExpectedLine>): ExpectedLine => {
  return { line: number, gtin: null, sscc: null, lot: null, quantity: 1, epcs: [], ...more };
};
const shipment = (
  id: string,
  lines: ExpectedLine[],
  more: Partial<ExpectedShipment> = {},
): ExpectedShipment => {
  return { id, kind: 'inbound', readPoint: 'dock-1', from: 100, to: 200, lines, ...more };
};
const crossing = (epc: string, more: Partial<DoorCrossing> = {}): DoorCrossing => {
  const occurredAt = more.occurredAt ?? 150;
  return {
    kind: 'inbound',
    epc,
    occurredAt,
    occurredKey: `k${occurredAt}`,
    readPoint: 'dock-1',
    passId: `p${occurredAt}`,
    gtin: 'milk',
    sscc: null,
    lot: null,
    ...more,
  };
};
const matched = (shipments: ExpectedShipment[], crossings: DoorCrossing[]) =>
  matchShipments(shipments, crossings)
    .map(
      (match) => `${match.crossing.epc} ${match.shipment} ${match.line}${match.counted ? '' : ' uncounted'}`,
    )
    .sort();

describe('matching', () => {
  it('puts a listed tag on its line before any line of its item', () => {
    const shipments = [
      shipment('a', [line(1, { gtin: 'milk', quantity: 5 })]),
      shipment('b', [line(1, { gtin: 'milk', epcs: ['e1'] })]),
    ];
    expect(matched(shipments, [crossing('e1'), crossing('e2')])).toEqual(['e1 b 1', 'e2 a 1']);
  });

  it('calls goods unexpected on an order although they came in with another shipment', () => {
    const shipments = [
      shipment('in', [line(1, { gtin: 'milk', epcs: ['e1', 'e2'], quantity: 2 })]),
      shipment('out', [line(1, { gtin: 'milk', epcs: ['e1'] })], { kind: 'outbound' }),
    ];
    const out = { kind: 'outbound', occurredAt: 180 } as const;
    const crossings = [crossing('e1'), crossing('e2'), crossing('e1', out), crossing('e2', out)];
    expect(matched(shipments, crossings)).toEqual([
      'e1 in 1',
      'e1 out 1',
      'e2 in 1',
      'e2 out null uncounted',
    ]);
  });

  it('takes listed tags and pallets late and at another door, but tags of an item only where they are expected', () => {
    const shipments = [
      shipment('a', [
        line(1, { gtin: 'milk', epcs: ['e1'] }),
        line(2, { sscc: 's1' }),
        line(3, { gtin: 'milk' }),
      ]),
    ];
    const elsewhere = { readPoint: 'dock-2', occurredAt: 200 + IDENTITY_LATE_MS };
    expect(
      matched(shipments, [
        crossing('e1', elsewhere),
        crossing('p', { ...elsewhere, gtin: null, sscc: 's1' }),
      ]),
    ).toEqual(['e1 a 1', 'p a 2']);
    expect(matched(shipments, [crossing('e9', elsewhere)])).toEqual([]);
    expect(matched(shipments, [crossing('e1', { occurredAt: 201 + IDENTITY_LATE_MS })])).toEqual([]);
  });

  it('fills lines with the same lot first, then lines for any lot, then lines whose lot the tag cannot confirm', () => {
    const shipments = [
      shipment('a', [
        line(1, { gtin: 'milk', lot: 'L1' }),
        line(2, { gtin: 'milk' }),
        line(3, { gtin: 'milk', lot: 'L2' }),
      ]),
    ];
    const crossings = [
      crossing('e1', { lot: 'L2' }),
      crossing('e2', { lot: null, occurredAt: 151 }),
      crossing('e3', { lot: null, occurredAt: 152 }),
    ];
    expect(matched(shipments, crossings)).toEqual(['e1 a 3', 'e2 a 2', 'e3 a 1']);
  });

  it('counts more of an item than expected as over on its line, and strangers as unexpected', () => {
    const shipments = [shipment('a', [line(1, { gtin: 'milk', quantity: 1 })])];
    const crossings = [crossing('e1'), crossing('e2'), crossing('x', { gtin: 'beer' })];
    expect(matched(shipments, crossings)).toEqual(['e1 a 1', 'e2 a 1', 'x a null uncounted']);
  });

  it('takes a tag of the item that is not on the list for unexpected, not for one of the listed', () => {
    const shipments = [shipment('a', [line(1, { gtin: 'milk', epcs: ['e1'] })])];
    expect(matched(shipments, [crossing('e2')])).toEqual(['e2 a null uncounted']);
  });

  it('gives a stranger to the shipment of its pass when two are expected at the door', () => {
    const shipments = [
      shipment('a', [line(1, { gtin: 'milk' })]),
      shipment('b', [line(1, { gtin: 'beer', quantity: 2 })]),
    ];
    const crossings = [
      crossing('e1', { gtin: 'beer' }),
      crossing('e2', { gtin: 'beer' }),
      crossing('x', { gtin: null }),
    ];
    expect(matched(shipments, crossings)).toContain('x b null uncounted');
  });

  it('does not count the tag of a pallet whose cases are counted', () => {
    const shipments = [shipment('a', [line(1, { sscc: 's1', gtin: 'milk', quantity: 2 })])];
    const crossings = [crossing('p', { gtin: null, sscc: 's1' }), crossing('e1'), crossing('e2')];
    expect(matched(shipments, crossings)).toEqual(['e1 a 1', 'e2 a 1', 'p a 1 uncounted']);
  });

  it('counts a tag once per shipment, also when it comes twice', () => {
    const shipments = [shipment('a', [line(1, { gtin: 'milk', quantity: 2 })])];
    expect(matched(shipments, [crossing('e1'), crossing('e1', { occurredAt: 160 })])).toEqual(['e1 a 1']);
  });

  it('keeps inbound and outbound apart', () => {
    const shipments = [shipment('a', [line(1, { epcs: ['e1'] })], { kind: 'outbound' })];
    expect(matched(shipments, [crossing('e1')])).toEqual([]);
  });

  const anyLine = fc.record({
    gtin: fc.constantFrom('milk', 'beer', null),
    sscc: fc.constantFrom('s1', null, null),
    lot: fc.constantFrom('L1', 'L2', null),
    quantity: fc.integer({ min: 2, max: 4 }),
    epcs: fc.uniqueArray(fc.constantFrom('e1', 'e2', 'e3'), { maxLength: 2 }),
  });
  const anyShipments = fc
    .array(fc.record({ lines: fc.array(anyLine, { minLength: 1, maxLength: 3 }), from: fc.nat(20) }), {
      maxLength: 4,
    })
    .map((list) =>
      list.map(({ lines, from }, index) =>
        shipment(
          `s${index}`,
          lines.map((entry, position) => line(position + 1, entry)),
          { from, to: from + 10 },
        ),
      ),
    );
  const anyCrossings = fc
    .uniqueArray(
      fc.record({ epc: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'p'), at: fc.nat(30), pass: fc.nat(2) }),
      { maxLength: 12, selector: ({ epc, at }) => `${epc} ${at}` },
    )
    .map((list) =>
      list.map(({ epc, at, pass }) =>
        crossing(epc, {
          occurredAt: at,
          passId: `p${pass}`,
          gtin: epc === 'p' ? null : epc < 'e4' ? 'milk' : 'beer',
          sscc: epc === 'p' ? 's1' : null,
          lot: epc === 'e1' ? 'L1' : null,
        }),
      ),
    );

  it('does not depend on the order of shipments, lines or crossings', () => {
    fc.assert(
      fc.property(anyShipments, anyCrossings, (shipments, crossings) => {
        const turned = shipments.toReversed().map((entry) => ({ ...entry, lines: entry.lines.toReversed() }));
        expect(matched(turned, crossings.toReversed())).toEqual(matched(shipments, crossings));
      }),
    );
  });

  it('never puts a tag twice on one shipment', () => {
    fc.assert(
      fc.property(anyShipments, anyCrossings, (shipments, crossings) => {
        const matches = matchShipments(shipments, crossings);
        const names = matches.map((match) => `${match.shipment} ${match.crossing.epc}`);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});
