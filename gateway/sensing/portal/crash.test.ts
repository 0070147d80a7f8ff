/**
 * The portal's first promise: wherever the process dies in mid-pass, the pass comes out once, under the same name,
 * with the same direction and the same tags.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import { drive, type TimedReading } from '../sensor.fixture.ts';
import { BEAM_GATED, dockStory, epcsOf, FIRST_SIGHT, MORNING, portal, type Way } from './dock.fixture.ts';
import { HELD_REPORTS_MS } from './limits.ts';
import { createPortalSensor } from './portal-sensor.ts';

const MODES = {
  'photo-eyes': BEAM_GATED,
  antennas: FIRST_SIGHT,
  assigned: { ...FIRST_SIGHT, direction: { mode: 'assigned', as: 'OUT' } },
};
const WAYS = ['IN', 'OUT', 'BACK_OUTSIDE', 'BACK_INSIDE'] as const satisfies readonly Way[];

/** What a pass says, without the figures that reads lost in a crash would change. */
function passesOf(events: readonly StockEvent[]): string[] {
  const passes: string[] = [];
  for (const event of events) {
    if (event.type !== 'receipt' && event.type !== 'dispatch' && event.type !== 'passage') continue;
    const tags = event.tags.map((tag) => tag.epc).sort();
    passes.push(
      `${event.type} ${event.passId} ${event.part}/${event.parts} ${event.direction} ${tags.join(',')}`,
    );
  }
  return passes;
}

function play(
  mode: Record<string, unknown>,
  story: readonly TimedReading[],
  crashBefore: number[],
  downMs = 0,
  held = false,
) {
  const point = portal(mode);
  const until = MORNING + 400_000;
  const done = drive(() => createPortalSensor(point), story, { until, crashBefore, downMs, held });
  expect([...done.rows.keys()].filter((key) => !key.includes('/parked/'))).toEqual([]);
  return passesOf(done.events);
}

test.each(Object.entries(MODES))(
  'a crash before any reading changes nothing of a pass judged by %s',
  (_name, mode) => {
    for (const way of WAYS) {
      const story = dockStory({
        seed: 7,
        loads: [{ at: 2, way, tags: 2, name: 'aaa' }],
        seconds: 20,
        missed: 0.5,
      });
      const whole = play(mode, story, []);
      expect(whole).toHaveLength(1);
      for (let index = 0; index <= story.length; index++) {
        expect(
          play(mode, story, [index]),
          `${way}, crash before reading ${index} of ${story.length}`,
        ).toEqual(whole);
      }
    }
  },
);

test.each(Object.entries(MODES))(
  'crashes at random change nothing of a morning judged by %s',
  (_name, mode) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.constantFrom(...WAYS),
        fc.constantFrom(...WAYS),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }),
        (seed, first, second, crashes) => {
          const story = dockStory({
            seed,
            loads: [
              { at: 30, way: first, tags: 3, name: 'aaa' },
              { at: 65, way: second, tags: 3, name: 'bbb' },
            ],
            parked: [
              { epc: 'e280aa', rssiDbm: -56, antenna: 2 },
              { epc: 'e280bb', rssiDbm: -69, antenna: 1 },
            ],
            seconds: 90,
            missed: 0.3,
          });
          const whole = play(mode, story, []);
          const at = crashes.map((share) => Math.floor(share * story.length)).sort((a, b) => a - b);
          expect(whole).toHaveLength(2);
          expect(play(mode, story, at)).toEqual(whole);
        },
      ),
      { numRuns: 25 },
    );
  },
);

test('goods that had moved before the crash and are set down in the field after it are still reported', () => {
  const load = { at: 10, way: 'IN', tags: 3, name: 'aaa' } as const;
  const parked = epcsOf(load).map((epc) => ({ epc, rssiDbm: -56, antenna: 2, from: 17 }) as const);
  const story = dockStory({ loads: [load], parked, seconds: 60, missed: 0.1 });
  const whole = play(FIRST_SIGHT, story, []);
  expect(whole).toHaveLength(1);
  for (let seconds = 16; seconds < 40; seconds++) {
    const crash = story.findIndex(({ now }) => now >= MORNING + seconds * 1000);
    expect(play(FIRST_SIGHT, story, [crash]), `crash after ${seconds} s`).toEqual(whole);
  }
});

test.each(Object.entries(MODES))(
  'a pass judged by %s comes through an outage longer than the quiet time when the reader holds its reports',
  (_name, mode) => {
    fc.assert(
      fc.property(
        fc.constantFrom(...WAYS),
        fc.constantFrom(...WAYS),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 50_000 }),
        fc.integer({ min: 1, max: 1000 }),
        (first, second, when, downMs, seed) => {
          const loads = [
            { at: 2, way: first, tags: 3, name: 'aaa' },
            { at: 36, way: second, tags: 2, name: 'bbb' },
          ];
          const story = dockStory({ seed, loads, seconds: 60, missed: 0.3 });
          const whole = play(mode, story, []);
          expect(whole).toHaveLength(2);
          expect(play(mode, story, [Math.floor(when * story.length)], downMs, true)).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  },
);

test('a gateway that comes back after the quiet time waits for held reports, then ends the pass with what was seen', () => {
  const story = dockStory({ loads: [{ at: 2, way: 'IN', tags: 4, name: 'aaa' }], seconds: 20 });
  const crash = story.findIndex(({ now }) => now >= MORNING + 9000);
  const point = portal(BEAM_GATED);
  const before = drive(() => createPortalSensor(point), story.slice(0, crash), { until: MORNING });
  expect(before.events).toEqual([]);
  const rows = [...before.rows].map(([key, body]) => ({ key, body }));
  const sensor = createPortalSensor(point);
  expect(sensor.restore(rows, MORNING + 3_600_000)).toEqual({ events: [], put: [], drop: [] });
  const due = sensor.nextTickAt();
  expect(due).toBe(MORNING + 3_600_000 + HELD_REPORTS_MS);
  const output = sensor.onTick(due ?? 0);
  expect(output.events).toMatchObject([{ type: 'receipt', direction: 'IN', tags: { length: 4 } }]);
  expect(output.put).toEqual([]);
});

test('rows that cannot be read are skipped and counted, the rest comes back', () => {
  const story = dockStory({ loads: [{ at: 2, way: 'IN', tags: 4, name: 'aaa' }], seconds: 20 });
  const crash = story.findIndex(({ now }) => now >= MORNING + 9000);
  const point = portal(BEAM_GATED);
  const before = drive(() => createPortalSensor(point), story.slice(0, crash), { until: MORNING });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: before.rows.size - 1 }),
      fc.string({ maxLength: 40 }),
      (broken, text) => {
        const rows = [...before.rows].map(([key, body], index) => ({
          key,
          body: index === broken ? text : body,
        }));
        const sensor = createPortalSensor(point);
        sensor.restore(rows, MORNING + 3_600_000);
        const output = sensor.onTick(MORNING + 3_600_000 + HELD_REPORTS_MS);
        const tags = output.events.flatMap((event) => (event.type === 'device' ? [] : [event]));
        expect(tags).toHaveLength(1);
        expect(sensor.status().counters.unreadableRows).toBe(1);
      },
    ),
  );
  const sensor = createPortalSensor(point);
  sensor.restore(
    [
      { key: 'dock-1/nonsense/x', body: '{}' },
      { key: 'dock-1', body: '{}' },
    ],
    MORNING,
  );
  expect(sensor.status().counters.unreadableRows).toBe(2);
});

test('one small row per tag at its first sight and one when it moves, however often it is read', () => {
  const story = dockStory({ loads: [{ at: 2, way: 'IN', tags: 20, name: 'aaa' }], seconds: 20, missed: 0 });
  const done = drive(() => createPortalSensor(portal(BEAM_GATED)), story, { until: MORNING + 60_000 });
  expect(story.length).toBeGreaterThan(1500);
  // Two per tag, one per beam edge, the opening, and one a second to keep the activity fresh.
  expect(done.rowsWritten).toBeLessThanOrEqual(2 * 20 + 4 + 1 + 9);
});
