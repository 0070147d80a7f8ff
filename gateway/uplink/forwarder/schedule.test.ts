import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Lane } from '../../../protocol/events/lanes.ts';
import {
  decide,
  type InFlightView,
  LANE_ORDER,
  type Lanes,
  type LaneView,
  type ScheduleLimits,
} from './schedule.ts';

const LIMITS: ScheduleLimits = {
  window: 16,
  reservedPerLane: 2,
  flushEvents: 500,
  lingerMs: { stock: 50, condition: 250, health: 50 },
};

const idle: LaneView = {
  waiting: 0,
  waitingSinceMs: undefined,
  restUntilMs: 0,
  passedOver: 0,
  silences: 0,
  aheadSinceMs: undefined,
  inFlight: [],
};
const backlog: LaneView = { ...idle, waiting: 10_000, waitingSinceMs: 0 };
const sent: InFlightView = {
  bytes: 20_000,
  live: false,
  publishing: false,
  mustSend: false,
  resendAtMs: 1_000_000,
};
const packed: InFlightView = { ...sent, mustSend: true, resendAtMs: 0 };
const lanes = (some: Partial<Lanes<LaneView>>): Lanes<LaneView> => ({
  stock: idle,
  condition: idle,
  health: idle,
  ...some,
});
const atOnce = () => 0;
/** Bulk waits for its tokens, live events have some of their own. */
const bulkAt = (atMs: number) => (_bytes: number, live: boolean) => (live ? 0 : atMs);

test('a full batch is packed at once, a small one when its first event has lingered as long as its lane allows', () => {
  expect(decide(lanes({ stock: backlog }), LIMITS, atOnce, 1000)).toEqual({ do: 'pack', lane: 'stock' });
  const few = { ...idle, waiting: 3, waitingSinceMs: 1000 };
  for (const [lane, lingerEnd] of [
    ['stock', 1050],
    ['health', 1050],
    ['condition', 1250],
  ] as const) {
    const view = lanes({ [lane]: few });
    expect(decide(view, LIMITS, atOnce, 1000)).toEqual({ do: 'wait', untilMs: lingerEnd });
    expect(decide(view, LIMITS, atOnce, lingerEnd)).toEqual({ do: 'pack', lane });
  }
});

test('a packed batch waits for its pace, one at a time per lane, and nothing is waited for when there is nothing to do', () => {
  const view = lanes({ stock: { ...backlog, inFlight: [packed] } });
  expect(decide(view, LIMITS, bulkAt(1200), 1000)).toEqual({ do: 'wait', untilMs: 1200 });
  expect(decide(view, LIMITS, bulkAt(1200), 1200)).toEqual({
    do: 'publish',
    lane: 'stock',
    index: 0,
    passedOver: [],
  });
  expect(decide(lanes({}), LIMITS, atOnce, 1000)).toEqual({ do: 'wait', untilMs: undefined });
});

test('while the carrier has to answer first there is no time to wait for', () => {
  const view = lanes({ stock: { ...idle, inFlight: [packed] } });
  expect(decide(view, LIMITS, () => Number.POSITIVE_INFINITY, 1000)).toEqual({
    do: 'wait',
    untilMs: undefined,
  });
});

test('a live batch of any lane goes before bulk that is ready, and while bulk waits for its pace', () => {
  const bulk = { ...backlog, inFlight: [packed] };
  const live = { ...idle, inFlight: [{ ...packed, bytes: 300, live: true }] };
  const view = lanes({ stock: bulk, health: bulk, condition: live });
  for (const readyAt of [atOnce, bulkAt(5000)])
    expect(decide(view, LIMITS, readyAt, 1000)).toMatchObject({ do: 'publish', lane: 'condition' });
});

test('a lane far behind sends what is new ahead of its backlog, after its linger, whatever bulk waits for', () => {
  const behind = { ...backlog, aheadSinceMs: 1000, inFlight: [packed] };
  const view = lanes({ stock: behind });
  expect(decide(view, LIMITS, bulkAt(5000), 1049)).toEqual({ do: 'wait', untilMs: 1050 });
  expect(decide(view, LIMITS, bulkAt(5000), 1050)).toMatchObject({ do: 'ahead', lane: 'stock' });
});

test('on silence the oldest unacked batch of the lane goes again, the others and all that is new wait for its ack', () => {
  const silent = { ...sent, resendAtMs: 900 };
  const view = lanes({ stock: { ...idle, inFlight: [silent, silent] } });
  expect(decide(view, LIMITS, atOnce, 1000)).toMatchObject({ do: 'publish', lane: 'stock', index: 0 });
  const headUnderWay = lanes({ stock: { ...idle, inFlight: [{ ...silent, publishing: true }, silent] } });
  expect(decide(headUnderWay, LIMITS, atOnce, 1000)).toEqual({ do: 'wait', untilMs: undefined });
  const unanswered = lanes({ stock: { ...backlog, silences: 1, inFlight: [sent] } });
  expect(decide(unanswered, LIMITS, atOnce, 1000)).toEqual({ do: 'wait', untilMs: sent.resendAtMs });
});

test('what the carrier refused goes again before anything new is packed', () => {
  const view = lanes({ stock: { ...backlog, inFlight: [{ ...sent, publishing: true }, packed] } });
  expect(decide(view, LIMITS, atOnce, 1000)).toMatchObject({ do: 'publish', lane: 'stock', index: 1 });
});

test('one lane that is never acked leaves places of the window to the others', () => {
  const stuck = { ...backlog, inFlight: Array.from({ length: 12 }, () => sent) };
  expect(decide(lanes({ stock: stuck }), LIMITS, atOnce, 0)).toMatchObject({ do: 'wait' });
  expect(decide(lanes({ stock: stuck, condition: backlog }), LIMITS, atOnce, 0)).toEqual({
    do: 'pack',
    lane: 'condition',
  });
});

/** Plays the schedule with all batches acked at once and counts what each lane got. */
function play(busy: readonly Lane[], rounds: number): Lane[] {
  const skipped: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
  const served: Lane[] = [];
  for (let round = 0; round < rounds; round++) {
    const view = (lane: Lane): LaneView =>
      busy.includes(lane) ? { ...backlog, passedOver: skipped[lane], inFlight: [packed] } : idle;
    const now = { stock: view('stock'), condition: view('condition'), health: view('health') };
    const decision = decide(now, LIMITS, atOnce, 1000);
    if (decision.do !== 'publish') break;
    for (const lane of decision.passedOver) skipped[lane]++;
    skipped[decision.lane] = 0;
    served.push(decision.lane);
  }
  return served;
}

test('stock goes before condition backlog, and condition still gets its turn', () => {
  const served = play(['stock', 'condition'], 10);
  expect(served.slice(0, 4)).toEqual(['stock', 'stock', 'stock', 'stock']);
  expect(served).toContain('condition');
});

test('with every mix of backlogs no lane waits longer than a handful of batches', () => {
  fc.assert(
    fc.property(fc.subarray([...LANE_ORDER], { minLength: 1 }), (busy) => {
      const served = play(busy, 60);
      expect(served).toHaveLength(60);
      for (const lane of busy) {
        for (let from = 0; from + 8 <= served.length; from++)
          expect(served.slice(from, from + 8)).toContain(lane);
      }
    }),
  );
});

const viewArbitrary: fc.Arbitrary<LaneView> = fc.record({
  waiting: fc.integer({ min: 0, max: 1500 }),
  waitingSinceMs: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  restUntilMs: fc.integer({ min: 0, max: 2000 }),
  passedOver: fc.integer({ min: 0, max: 9 }),
  silences: fc.integer({ min: 0, max: 2 }),
  aheadSinceMs: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  inFlight: fc.array(
    fc.record({
      bytes: fc.integer({ min: 1, max: 120_000 }),
      live: fc.boolean(),
      publishing: fc.boolean(),
      mustSend: fc.boolean(),
      resendAtMs: fc.integer({ min: 0, max: 2000 }),
    }),
    { maxLength: 8 },
  ),
});

test('a decision never exceeds the window, the pace, or one sending at a time, and waits only for the future', () => {
  fc.assert(
    fc.property(
      fc.record({ stock: viewArbitrary, condition: viewArbitrary, health: viewArbitrary }),
      fc.integer({ min: 0, max: 2000 }),
      fc.integer({ min: 0, max: 2000 }),
      fc.integer({ min: 0, max: 2000 }),
      (views, now, liveAtMs, bulkAtMs) => {
        const readyAt = (_bytes: number, live: boolean) => (live ? Math.min(liveAtMs, bulkAtMs) : bulkAtMs);
        const decision = decide(views, LIMITS, readyAt, now);
        const total = LANE_ORDER.reduce((sum, lane) => sum + views[lane].inFlight.length, 0);
        switch (decision.do) {
          case 'pack':
            expect(total).toBeLessThan(LIMITS.window);
            expect(views[decision.lane].waiting).toBeGreaterThan(0);
            break;
          case 'ahead':
            expect(readyAt(1, true)).toBeLessThanOrEqual(now);
            break;
          case 'publish': {
            const batch = views[decision.lane].inFlight[decision.index];
            expect(batch?.publishing).toBe(false);
            expect(batch?.resendAtMs).toBeLessThanOrEqual(now);
            expect(readyAt(batch?.bytes ?? 0, batch?.live ?? false)).toBeLessThanOrEqual(now);
            break;
          }
          case 'wait':
            if (decision.untilMs !== undefined) expect(decision.untilMs).toBeGreaterThan(now);
        }
      },
    ),
  );
});
