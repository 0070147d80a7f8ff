import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Lane } from '../../protocol/events/lanes.ts';
import {
  ackTimeoutMs,
  decide,
  type InFlightView,
  LANE_ORDER,
  type Lanes,
  type LaneView,
  passedOver,
  type ScheduleLimits,
} from './schedule.ts';
import { type Bucket, fullBucket, readyAtMs, spend } from './token-bucket.ts';

const LIMITS: ScheduleLimits = {
  window: 16,
  reservedPerLane: 2,
  flushEvents: 500,
  lingerMs: { stock: 50, condition: 250, health: 50 },
};

const idle: LaneView = { waiting: 0, waitingSinceMs: undefined, restUntilMs: 0, passedOver: 0, inFlight: [] };
const backlog: LaneView = { ...idle, waiting: 10_000, waitingSinceMs: 0 };
const answeredLater: InFlightView = { publishing: false, mustResend: false, resendAtMs: 1_000_000 };
const lanes = (some: Partial<Lanes<LaneView>>): Lanes<LaneView> => ({
  stock: idle,
  condition: idle,
  health: idle,
  ...some,
});

test('a full batch goes at once, a small one when its first event has lingered as long as its lane allows', () => {
  expect(decide(lanes({ stock: backlog }), LIMITS, 0, 1000)).toEqual({ do: 'send', lane: 'stock' });
  const few = { ...idle, waiting: 3, waitingSinceMs: 1000 };
  for (const [lane, lingerEnd] of [
    ['stock', 1050],
    ['health', 1050],
    ['condition', 1250],
  ] as const) {
    const view = lanes({ [lane]: few });
    expect(decide(view, LIMITS, 0, 1000)).toEqual({ do: 'wait', untilMs: lingerEnd });
    expect(decide(view, LIMITS, 0, lingerEnd)).toEqual({ do: 'send', lane });
  }
});

test('nothing is sent before the pacing allows, and nothing is waited for when there is nothing to do', () => {
  expect(decide(lanes({ stock: backlog }), LIMITS, 1200, 1000)).toEqual({ do: 'wait', untilMs: 1200 });
  expect(decide(lanes({}), LIMITS, 0, 1000)).toEqual({ do: 'wait', untilMs: undefined });
});

test('on silence the oldest unacked batch of the lane goes again, the others wait for its ack', () => {
  const silent = { publishing: false, mustResend: false, resendAtMs: 900 };
  const view = lanes({ stock: { ...idle, inFlight: [silent, silent] } });
  expect(decide(view, LIMITS, 0, 1000)).toEqual({ do: 'resend', lane: 'stock', index: 0 });
  const headUnderWay = lanes({ stock: { ...idle, inFlight: [{ ...silent, publishing: true }, silent] } });
  expect(decide(headUnderWay, LIMITS, 0, 1000)).toEqual({ do: 'wait', untilMs: undefined });
});

test('after a broken link everything unacked goes again from the floor before anything new', () => {
  const lost = { publishing: false, mustResend: true, resendAtMs: 0 };
  const view = lanes({
    stock: { ...backlog, inFlight: [{ ...lost, mustResend: false, publishing: true }, lost] },
  });
  expect(decide(view, LIMITS, 0, 1000)).toEqual({ do: 'resend', lane: 'stock', index: 1 });
});

test('one lane that is never acked leaves places of the window to the others', () => {
  const stuck = { ...backlog, inFlight: Array.from({ length: 12 }, () => answeredLater) };
  expect(decide(lanes({ stock: stuck }), LIMITS, 0, 0)).toMatchObject({ do: 'wait' });
  expect(decide(lanes({ stock: stuck, condition: backlog }), LIMITS, 0, 0)).toEqual({
    do: 'send',
    lane: 'condition',
  });
});

/** Plays the schedule with all batches acked at once and counts what each lane got. */
function play(views: Lanes<LaneView>, rounds: number): Lane[] {
  const skipped: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
  const served: Lane[] = [];
  for (let round = 0; round < rounds; round++) {
    const now = lanes({
      stock: { ...views.stock, passedOver: skipped.stock },
      condition: { ...views.condition, passedOver: skipped.condition },
      health: { ...views.health, passedOver: skipped.health },
    });
    const decision = decide(now, LIMITS, 0, 1000);
    if (decision.do === 'wait') break;
    for (const lane of passedOver(now, LIMITS, decision.lane, 1000)) skipped[lane]++;
    skipped[decision.lane] = 0;
    served.push(decision.lane);
  }
  return served;
}

test('stock goes before condition backlog, and condition still gets its turn', () => {
  const served = play(lanes({ stock: backlog, condition: backlog }), 10);
  expect(served.slice(0, 4)).toEqual(['stock', 'stock', 'stock', 'stock']);
  expect(served[4]).toBe('condition');
});

test('with every mix of backlogs no lane waits longer than a handful of batches', () => {
  fc.assert(
    fc.property(fc.subarray([...LANE_ORDER], { minLength: 1 }), (busy) => {
      const views = lanes(Object.fromEntries(busy.map((lane) => [lane, backlog])));
      const served = play(views, 60);
      expect(served).toHaveLength(60);
      for (const lane of busy) {
        for (let from = 0; from + 8 <= served.length; from++)
          expect(served.slice(from, from + 8)).toContain(lane);
      }
    }),
  );
});

const inFlightArbitrary = fc.array(
  fc.record({
    publishing: fc.boolean(),
    mustResend: fc.boolean(),
    resendAtMs: fc.integer({ min: 0, max: 2000 }),
  }),
  { maxLength: 8 },
);
const viewArbitrary: fc.Arbitrary<LaneView> = fc.record({
  waiting: fc.integer({ min: 0, max: 1500 }),
  waitingSinceMs: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  restUntilMs: fc.integer({ min: 0, max: 2000 }),
  passedOver: fc.integer({ min: 0, max: 9 }),
  inFlight: inFlightArbitrary,
});

test('a decision never exceeds the window, never doubles a publish under way, and waits only for the future', () => {
  fc.assert(
    fc.property(
      fc.record({ stock: viewArbitrary, condition: viewArbitrary, health: viewArbitrary }),
      fc.integer({ min: 0, max: 2000 }),
      (views, now) => {
        const decision = decide(views, LIMITS, 0, now);
        const total = LANE_ORDER.reduce((sum, lane) => sum + views[lane].inFlight.length, 0);
        if (decision.do === 'send') {
          expect(total).toBeLessThan(LIMITS.window);
          expect(views[decision.lane].waiting).toBeGreaterThan(0);
        } else if (decision.do === 'resend') {
          const batch = views[decision.lane].inFlight[decision.index];
          expect(batch?.publishing).toBe(false);
          expect(batch?.resendAtMs).toBeLessThanOrEqual(now);
        } else if (decision.untilMs !== undefined) {
          expect(decision.untilMs).toBeGreaterThan(now);
        }
      },
    ),
  );
});

test('the token bucket holds its rate over any stretch of spends, whatever their size', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 2, maxLength: 60 }), (amounts) => {
      const limits = { perSecond: 100, burst: 50 };
      let bucket: Bucket = fullBucket(limits, 0);
      let now = 0;
      let spent = 0;
      for (const amount of amounts) {
        now = readyAtMs(bucket, limits, 1, now);
        bucket = spend(bucket, limits, amount, now);
        expect(spent).toBeLessThanOrEqual(limits.burst + (now / 1000) * limits.perSecond);
        spent += amount;
      }
    }),
  );
});

test('the wait for an ack doubles up to its limit, with a fifth of jitter either way', () => {
  const limits = { firstMs: 1000, maxMs: 8000 };
  expect([1, 2, 3, 4, 5, 50].map((attempt) => ackTimeoutMs(attempt, limits, 0.5))).toEqual([
    1000, 2000, 4000, 8000, 8000, 8000,
  ]);
  expect(ackTimeoutMs(1, limits, 0)).toBe(800);
  expect(ackTimeoutMs(1, limits, 1)).toBe(1200);
});
