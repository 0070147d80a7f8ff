/** The scorer must be able to fail: a ledger that is right in all but one thing has exactly that thing found. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Truth } from '../world/truth.ts';
import type { LedgerView, LedgerViewEvent } from './ledger-view.ts';
import { type Finding, score } from './score.ts';

const START = Date.parse('2026-03-02T06:00:00Z');
const at = (seconds: number) => START + seconds * 1000;
const PALLET = ['case-1', 'case-2', 'pallet-a'];
const LEAVING = ['case-3', 'pallet-b'];

/** A pallet comes in and goes into the cold, another leaves, one turns back; a bin is filled and picked from. */
function truth(): Truth {
  return {
    passes: [
      { readPoint: 'dock-1', direction: 'IN', from: at(10), to: at(14), epcs: PALLET },
      { readPoint: 'dock-1', direction: 'IN', from: at(40), to: at(44), epcs: LEAVING },
      { readPoint: 'dock-1', direction: 'TURNED_BACK', from: at(80), to: at(88), epcs: LEAVING },
      { readPoint: 'cold-door', direction: 'IN', from: at(120), to: at(124), epcs: PALLET },
      { readPoint: 'dock-2', direction: 'OUT', from: at(200), to: at(204), epcs: LEAVING },
    ],
    weighings: [
      { readPoint: 'bin', at: at(20), netMilligrams: 5_000_000, toleranceMilligrams: 5_000 },
      { readPoint: 'bin', at: at(60), netMilligrams: 4_000_000, toleranceMilligrams: 5_000 },
    ],
    excursions: [
      { readPoint: 'air', location: 'cold', rule: 'high', hold: true, from: at(300), to: at(400) },
    ],
    faults: [{ fault: 'open', exceptions: ['SENSOR_FAULT air'], from: at(500), to: at(510) }],
    presences: [
      ...PALLET.map((epc) => ({ epc, location: 'inbound', from: at(12), to: at(122) })),
      ...PALLET.map((epc) => ({ epc, location: 'cold', from: at(122) })),
      ...LEAVING.map((epc) => ({ epc, location: 'inbound', from: at(42), to: at(202) })),
    ],
    shipments: [
      {
        id: 'asn-1',
        kind: 'inbound',
        reference: 'asn-1',
        partner: 'a farm',
        readPoint: 'dock-1',
        expectedFrom: at(0),
        expectedTo: at(100),
        lines: [{ quantity: 3, epcs: [...PALLET, 'case-9'] }],
        actualEpcs: PALLET,
      },
    ],
  };
}

function pass(
  seq: number,
  type: string,
  readPoint: string,
  direction: string,
  seconds: number,
  epcs: string[],
): LedgerViewEvent {
  const body = { passId: `${readPoint}@${seconds}`, direction, tags: epcs.map((epc) => ({ epc })) };
  return event(seq, type, readPoint, seconds, body);
}

function event(
  seq: number,
  type: string,
  readPoint: string,
  seconds: number,
  body: Record<string, unknown>,
): LedgerViewEvent {
  const occurredAt = new Date(at(seconds)).toISOString();
  return { gateway: 'gw', lane: 'stock', seq, type, readPoint, occurredAt, body };
}

function rightLedger(): LedgerView {
  const object = (epc: string, location: string, onHold: boolean) => ({
    epc,
    location,
    gtin: null,
    lot: null,
    onHold,
  });
  const open = { status: 'raised' };
  return {
    events: [
      pass(1, 'receipt', 'dock-1', 'IN', 13, PALLET),
      // A large pass comes in two parts.
      pass(2, 'receipt', 'dock-1', 'IN', 43, LEAVING.slice(0, 1)),
      pass(3, 'receipt', 'dock-1', 'IN', 43, LEAVING.slice(1)),
      pass(4, 'passage', 'dock-1', 'TURNED_BACK', 86, LEAVING),
      pass(5, 'passage', 'cold-door', 'IN', 123, PALLET),
      pass(6, 'dispatch', 'dock-2', 'OUT', 203, LEAVING),
      event(7, 'weighing', 'bin', 22, { netMilligrams: 5_000_000 }),
      event(8, 'weighing', 'bin', 62, { netMilligrams: 4_001_000 }),
    ],
    objects: [
      ...PALLET.map((epc) => object(epc, 'cold', true)),
      ...LEAVING.map((epc) => object(epc, 'customer', false)),
    ],
    stock: [
      { gtin: 'g', lot: null, location: 'cold', objects: 3, netMilligrams: null },
      { gtin: 'g', lot: null, location: 'customer', objects: 2, netMilligrams: null },
      { gtin: 'h', lot: null, location: 'picking', objects: 0, netMilligrams: 4_001_000 },
    ],
    exceptions: [
      { id: 'e-1', kind: 'TEMP_HIGH', ...open, subject: 'air', readPoint: 'air' },
      { id: 'e-2', kind: 'SENSOR_FAULT', ...open, subject: 'air', readPoint: 'air' },
      { id: 'e-3', kind: 'SHIPMENT_SHORT', ...open, subject: 'asn-1', readPoint: null },
      { id: 'e-4', kind: 'TEMP_HIGH', status: 'withdrawn', subject: 'air', readPoint: 'air' },
    ],
    holds: PALLET.map((epc) => ({ exceptionId: 'e-1', epc, status: 'active' })),
    shipments: [{ id: 'asn-1', status: 'closed', expected: 4, actual: 3, unexpected: [] }],
  };
}

const options = { dockDoors: new Set(['dock-1', 'dock-2']) };
const judge = (ledger: LedgerView) => score(truth(), ledger, options);

type Tamper = (ledger: LedgerView) => Partial<LedgerView>;
const without = <T>(items: readonly T[], index: number) => items.filter((_, each) => each !== index);
const changed = <T>(items: readonly T[], index: number, change: Partial<T>) =>
  items.map((item, each) => (each === index ? { ...item, ...change } : item));
const doubled = <T>(items: readonly T[], index: number) => [
  ...items,
  ...structuredClone(items.slice(index, index + 1)),
];
const bodyOf = (ledger: LedgerView, index: number) => ledger.events[index]?.body ?? {};

const tampers: [what: string, tamper: Tamper, found: [Finding['verdict'], RegExp]][] = [
  ['a receipt gone', ({ events }) => ({ events: without(events, 0) }), ['lost', /receipt at dock-1/]],
  ['a passage gone', ({ events }) => ({ events: without(events, 3) }), ['lost', /passage at dock-1/]],
  ['a dispatch gone', ({ events }) => ({ events: without(events, 5) }), ['lost', /dispatch at dock-2/]],
  ['half a pass gone', ({ events }) => ({ events: without(events, 2) }), ['lost', /1 tags missing/]],
  ['a receipt there twice', ({ events }) => ({ events: doubled(events, 0) }), ['duplicated', /receipt/]],
  [
    'a receipt split into two passes',
    (ledger) => ({
      events: [
        ...ledger.events,
        {
          ...pass(9, 'receipt', 'dock-1', 'IN', 14, PALLET),
          body: { ...bodyOf(ledger, 0), passId: 'other' },
        },
      ],
    }),
    ['duplicated', /receipt at dock-1/],
  ],
  [
    'a tag that did not pass',
    (ledger) => ({
      events: changed(ledger.events, 0, {
        body: { ...bodyOf(ledger, 0), tags: [...PALLET, 'stray'].map((epc) => ({ epc })) },
      }),
    }),
    ['wrong', /1 tags that did not pass/],
  ],
  [
    'the wrong direction',
    (ledger) => ({
      events: changed(ledger.events, 4, { body: { ...bodyOf(ledger, 4), direction: 'OUT' } }),
    }),
    ['wrong', /ledger says passage OUT/],
  ],
  [
    'a turned-back load taken for a receipt',
    ({ events }) => ({ events: changed(events, 3, { type: 'receipt' }) }),
    ['wrong', /ledger says receipt/],
  ],
  [
    'a pass that never was',
    ({ events }) => ({ events: [...events, pass(9, 'receipt', 'dock-1', 'IN', 900, ['x'])] }),
    ['wrong', /never happened/],
  ],
  ['a weighing gone', ({ events }) => ({ events: without(events, 6) }), ['lost', /weighing at bin/]],
  ['a weighing there twice', ({ events }) => ({ events: doubled(events, 7) }), ['duplicated', /weighing/]],
  [
    'a weighing that never was',
    ({ events }) => ({ events: [...events, event(9, 'weighing', 'bin', 3, { netMilligrams: 1 })] }),
    ['wrong', /weighing at bin .* never happened/],
  ],
  [
    'a mass in between',
    ({ events }) => ({ events: [...events, event(9, 'weighing', 'bin', 21, { netMilligrams: 2_500_000 })] }),
    ['wrong', /ledger also says 2500000 mg/],
  ],
  ['an object gone', ({ objects }) => ({ objects: without(objects, 0) }), ['lost', /object case-1/]],
  ['an object twice', ({ objects }) => ({ objects: doubled(objects, 0) }), ['duplicated', /object case-1/]],
  [
    'an object in the wrong place',
    ({ objects }) => ({ objects: changed(objects, 0, { location: 'inbound' }) }),
    ['wrong', /case-1 is in cold, ledger says inbound/],
  ],
  [
    'an object that does not exist',
    ({ objects }) => ({ objects: [...objects, { ...objects[0], epc: 'ghost' } as (typeof objects)[0]] }),
    ['wrong', /ghost/],
  ],
  [
    'a stock figure one off',
    ({ stock }) => ({ stock: changed(stock, 0, { objects: 4 }) }),
    ['wrong', /stock shows 4 objects at hand/],
  ],
  [
    'a bin that holds less',
    ({ stock }) => ({ stock: changed(stock, 2, { netMilligrams: 3_000_000 }) }),
    ['wrong', /bins hold 4000000 mg, stock shows 3000000/],
  ],
  [
    'an excursion nobody was notified of',
    ({ exceptions, holds }) => ({
      exceptions: changed(exceptions, 0, { kind: 'TEMP_HIGH', status: 'withdrawn' }),
      holds,
    }),
    ['missed exception', /^TEMP air$/],
  ],
  [
    'a sensor fault nobody was notified of',
    ({ exceptions }) => ({ exceptions: without(exceptions, 1) }),
    ['missed exception', /^SENSOR_FAULT air$/],
  ],
  [
    'a short shipment nobody was notified of',
    ({ exceptions }) => ({ exceptions: without(exceptions, 2) }),
    ['missed exception', /^SHIPMENT_SHORT asn-1$/],
  ],
  [
    'the same exception twice',
    ({ exceptions }) => ({ exceptions: doubled(exceptions, 2) }),
    ['false exception', /^SHIPMENT_SHORT asn-1$/],
  ],
  [
    'an exception about nothing',
    ({ exceptions }) => ({
      exceptions: changed(exceptions, 3, { kind: 'DATA_GAP', status: 'raised', subject: 'gw' }),
    }),
    ['false exception', /^DATA_GAP gw$/],
  ],
  ['a hold gone', ({ holds }) => ({ holds: without(holds, 0) }), ['lost', /hold on case-1/]],
  ['a hold twice', ({ holds }) => ({ holds: doubled(holds, 0) }), ['duplicated', /hold on case-1/]],
  [
    'a hold on goods that were not there',
    ({ holds }) => ({ holds: [...holds, { exceptionId: 'e-1', epc: 'case-3', status: 'active' }] }),
    ['wrong', /case-3, which was not exposed/],
  ],
  [
    'a hold without an excursion',
    ({ holds }) => ({ holds: [...holds, { exceptionId: 'e-3', epc: 'case-3', status: 'active' }] }),
    ['wrong', /case-3 without an excursion/],
  ],
  ['a shipment gone', () => ({ shipments: [] }), ['lost', /shipment asn-1/]],
  [
    'a shipment with one too many',
    ({ shipments }) => ({ shipments: changed(shipments, 0, { actual: 4 }) }),
    ['wrong', /truth 3 of 4 .* ledger 4 of 4/],
  ],
  [
    'a shipment with something unlisted',
    ({ shipments }) => ({ shipments: changed(shipments, 0, { unexpected: [{}] }) }),
    ['wrong', /shipment asn-1/],
  ],
];

describe('the scorer', () => {
  it('finds nothing where the ledger matches the world, and counts both the same', () => {
    const { findings, truth: world, ledger } = judge(rightLedger());
    expect(findings).toEqual([]);
    expect(ledger).toEqual(world);
    expect(world).toEqual({
      receipts: 2,
      dispatches: 1,
      passages: 2,
      weighings: 2,
      objects: 5,
      excursions: 1,
      holds: 3,
      shipments: 1,
    });
  });

  it.each(tampers)('finds %s', (_what, tamper, [verdict, what]) => {
    const right = rightLedger();
    const { findings } = judge({ ...right, ...tamper(right) });
    expect(findings).toContainEqual({ verdict, what: expect.stringMatching(what) });
  });

  it('does not care in which order the ledger lists it', () => {
    const shuffled = <T>(items: T[]) => fc.shuffledSubarray(items, { minLength: items.length });
    const right = rightLedger();
    fc.assert(
      fc.property(
        fc.record({
          events: shuffled(right.events),
          objects: shuffled(right.objects),
          stock: shuffled(right.stock),
          exceptions: shuffled(right.exceptions),
          holds: shuffled(right.holds),
          shipments: shuffled(right.shipments),
        }),
        (ledger) => {
          expect(judge(ledger).findings).toEqual([]);
        },
      ),
    );
  });

  it('finds any row of events, objects, holds and exceptions that is missing or there twice', () => {
    const right = rightLedger();
    const list = fc.constantFrom('events' as const, 'objects' as const, 'holds' as const);
    fc.assert(
      fc.property(list, fc.nat(), fc.boolean(), (name, pick, twice) => {
        const index = pick % right[name].length;
        const rows = twice ? doubled<unknown>(right[name], index) : without<unknown>(right[name], index);
        const { findings } = judge({ ...right, [name]: rows });
        expect(findings.map((finding) => finding.verdict)).toContain(twice ? 'duplicated' : 'lost');
      }),
    );
  });

  it('leaves out the kinds it is asked to, and only those', () => {
    const right = rightLedger();
    const outage = { id: 'e-9', kind: 'GATEWAY_SILENT', status: 'raised', subject: 'gw', readPoint: null };
    const ledger = { ...right, exceptions: [...right.exceptions, outage] };
    expect(judge(ledger).findings).toEqual([{ verdict: 'false exception', what: 'GATEWAY_SILENT gw' }]);
    const ignoring = { ...options, ignoreKinds: new Set(['GATEWAY_SILENT']) };
    expect(score(truth(), ledger, ignoring).findings).toEqual([]);
  });
});
