import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JudgedBatch } from './delivery/judge.ts';
import { advance, type LaneState, type Openings } from './delivery/lanes.ts';
import { judgeOpening } from './delivery/openings.ts';
import { START } from './delivery/watermark.ts';

const LANES = ['stock', 'condition', 'health'] as const;
type TestedLane = (typeof LANES)[number];

function batch(lane: TestedLane, firstSeq: number, lastSeq: number, boot: JudgedBatch['boot']): JudgedBatch {
  const name = { gateway: 'gw-1', epoch: 'epoch-0001', lane };
  const payload = new Uint8Array();
  return { ...name, firstSeq, lastSeq, prunedUpTo: 0, boot, events: [], deadLetters: [], payload };
}

/** What the ledger says to these batches, in this order: for each, what is wrong with it. */
function verdicts(batches: readonly JudgedBatch[]): (string | undefined)[] {
  const lanes = new Map<string, LaneState>();
  const openings: Openings = new Map();
  return batches.map((one) => {
    const lane = lanes.get(one.lane) ?? {
      ...one,
      watermark: START,
      lost: [],
      opening: 0,
    };
    lanes.set(one.lane, lane);
    const verdict = judgeOpening(one, lane, openings);
    if (!verdict.taken) return verdict.detail;
    advance(lane, one);
    return undefined;
  });
}

/** One opening of an honest journal: what it writes to its lanes, and what of the lanes it manages to send. */
const opening = fc.array(
  fc.record({
    lane: fc.constantFrom(...LANES),
    written: fc.integer({ min: 1, max: 5 }),
    sent: fc.array(
      fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
      {
        maxLength: 3,
      },
    ),
  }),
  { maxLength: 6 },
);

/** Batches of all openings: each sends from anything that is in the journal by then, also what earlier ones sent. */
function honest(openings: fc.Arbitrary<typeof opening extends fc.Arbitrary<infer One> ? One[] : never>) {
  return openings.map((all) => {
    const lastSeq: Record<TestedLane, number> = { stock: 0, condition: 0, health: 0 };
    return all.flatMap((steps, index) => {
      const base = { ...lastSeq };
      return steps.flatMap(({ lane, written, sent }) => {
        lastSeq[lane] += written;
        const top = lastSeq[lane];
        return sent.map(([from, length]) => {
          const firstSeq = 1 + Math.floor(from * (top - 1));
          const last = firstSeq + Math.floor(length * (top - firstSeq));
          return batch(lane, firstSeq, last, { n: index + 1, id: `opening-${index + 1}`, base: base[lane] });
        });
      });
    });
  });
}

const histories = honest(fc.array(opening, { maxLength: 6 }));

describe('openings of a journal', () => {
  it('are never refused to an honest one, whatever is lost, late, twice or in another order', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat(1000)), (batches, noise) => {
        const order = [...batches, ...batches]
          .map((one) => ({ one, at: noise.next().value, kept: noise.next().value > 200 }))
          .filter(({ kept }) => kept)
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        expect(verdicts(order).filter((verdict) => verdict !== undefined)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('find a copy by its id', () => {
    const boot = { n: 3, base: 0 };
    const [original, copy, elsewhere] = verdicts([
      batch('stock', 1, 5, { ...boot, id: 'one' }),
      batch('stock', 6, 9, { ...boot, id: 'other' }),
      batch('health', 1, 1, { ...boot, id: 'other' }),
    ]);
    expect(original).toBeUndefined();
    expect(copy).toContain('another id');
    expect(elsewhere).toContain('another id');
  });

  it('find a journal that was set back, on each lane that is behind, however often it asks', () => {
    const back = { n: 4, id: 'restored' };
    const found = verdicts([
      batch('stock', 1, 90, { n: 3, id: 'sound', base: 0 }),
      // The lane that is not behind makes the opening known.
      batch('health', 1, 1, { ...back, base: 0 }),
      batch('stock', 41, 45, { ...back, base: 40 }),
      batch('stock', 46, 48, { ...back, base: 40 }),
    ]);
    expect(found.map((verdict) => verdict !== undefined)).toEqual([false, false, true, true]);
    expect(found[2]).toContain('set back');
  });

  it('see what lies beyond a hole', () => {
    const [, refused] = verdicts([
      batch('stock', 50, 60, { n: 1, id: 'sound', base: 0 }),
      batch('stock', 31, 32, { n: 2, id: 'restored', base: 30 }),
    ]);
    expect(refused).toContain('60 is in the ledger');
  });

  it('do not matter to gateways that do not send them', () => {
    expect(verdicts([batch('stock', 1, 9, undefined), batch('stock', 1, 9, undefined)])).toEqual([
      undefined,
      undefined,
    ]);
  });
});
