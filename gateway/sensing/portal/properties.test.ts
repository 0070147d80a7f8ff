import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stockEventSchema } from '../../../protocol/events/stock-event.ts';
import type { Reading } from '../../../protocol/readings/reading.ts';
import { drive } from '../sensor.fixture.ts';
import { MAX_CROSSINGS, MAX_PARKED_TAGS, MAX_TRACKED_TAGS } from '../signal/limits.ts';
import { createPhotoEyes } from '../signal/photo-eyes.ts';
import { dockStory, FIRST_SIGHT, MORNING, portal } from './dock.fixture.ts';
import { MAX_TAGS_PER_SESSION } from './limits.ts';
import { createPortalSensor } from './portal-sensor.ts';

const ASSIGNED = { ...FIRST_SIGHT, direction: { mode: 'assigned', as: 'IN' } };

function read(epc: string, at: number, peakRssiDbm: number | undefined = -50, antenna = '1'): Reading {
  return {
    kind: 'tag',
    device: 'reader',
    channel: antenna,
    at,
    epc,
    ...(peakRssiDbm === undefined ? {} : { peakRssiDbm }),
    readCount: 1,
    firstSeenAt: at,
    lastSeenAt: at,
  };
}

const epcOf = (index: number) => index.toString(16).padStart(24, '0');

test('readings delivered again, at once or late, change no event', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 400 })), {
        minLength: 1,
        maxLength: 40,
      }),
      fc.constantFrom({}, FIRST_SIGHT, ASSIGNED),
      (seed, repeats, mode) => {
        const story = dockStory({
          seed,
          loads: [
            { at: 10, way: 'IN', tags: 2, name: 'aaa' },
            { at: 45, way: 'OUT', tags: 2, name: 'bbb' },
          ],
          parked: [{ epc: 'e280aa', rssiDbm: -56, antenna: 2 }],
          seconds: 70,
        });
        const repeated = story.map((timed) => [timed]);
        for (const [share, later] of repeats) {
          const index = Math.floor(share * (story.length - 1));
          const again = story[index];
          const place = Math.min(story.length - 1, index + later);
          const now = story[place]?.now;
          if (again === undefined || again.reading.kind !== 'tag' || now === undefined) continue;
          repeated[place]?.push({ now, reading: again.reading });
        }
        const run = (readings: typeof story) =>
          drive(() => createPortalSensor(portal(mode)), readings, { until: MORNING + 200_000 }).events;
        expect(run(repeated.flat())).toEqual(run(story));
      },
    ),
    { numRuns: 40 },
  );
});

test('a pass that is delivered a second time after it was closed makes no second event', () => {
  const story = dockStory({ loads: [{ at: 2, way: 'IN', tags: 4, name: 'aaa' }], seconds: 20 });
  const again = story.filter(({ reading }) => reading.kind === 'tag');
  const late = again.map(({ reading }) => ({ now: MORNING + 30_000, reading }));
  const done = drive(() => createPortalSensor(portal(ASSIGNED)), [...story, ...late], {
    until: MORNING + 90_000,
  });
  expect(done.events).toHaveLength(1);
  expect(done.sensor.status().counters.repeatedReads).toBe(again.length);
});

test('passes that a reader held back and delivers in one burst stay apart', () => {
  const story = dockStory({
    loads: [
      { at: 2, way: 'IN', tags: 4, name: 'aaa' },
      { at: 40, way: 'OUT', tags: 4, name: 'bbb' },
    ],
    seconds: 60,
  });
  const burst = story
    .filter(({ reading }) => reading.kind === 'tag')
    .map(({ reading }) => ({ now: MORNING + 120_000, reading }));
  const done = drive(() => createPortalSensor(portal(FIRST_SIGHT)), burst, { until: MORNING + 300_000 });
  expect(done.events).toMatchObject([
    { type: 'receipt', tags: { length: 4 } },
    { type: 'dispatch', tags: { length: 4 } },
  ]);
});

const reading: fc.Arbitrary<Reading> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('tag' as const),
      device: fc.constantFrom('reader', 'other'),
      channel: fc.constantFrom('1', '2', '3'),
      at: fc.integer({ min: 0, max: 4e12 }),
      epc: fc.constantFrom('aa', 'bb', 'cc', 'dd', 'ee'),
      peakRssiDbm: fc.integer({ min: -90, max: 0 }),
      readCount: fc.integer({ min: 1, max: 9 }),
      firstSeenAt: fc.integer({ min: 0, max: 4e12 }),
      lastSeenAt: fc.integer({ min: 0, max: 4e12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('input' as const),
      device: fc.constant('reader'),
      channel: fc.constantFrom('gpi-1', 'gpi-2', 'gpi-3'),
      at: fc.integer({ min: 0, max: 4e12 }),
      active: fc.boolean(),
    }),
  },
);

test('no stream of readings, with any times and a clock that jumps, makes it throw, hang or say nonsense', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(reading, fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: -4e11, max: 4e11 }))),
        { maxLength: 120 },
      ),
      fc.constantFrom({}, FIRST_SIGHT, ASSIGNED),
      (stream, mode) => {
        const sensor = createPortalSensor(portal(mode));
        let now = MORNING;
        sensor.restore([], now);
        for (const [one, step] of stream) {
          now = Math.max(0, now + step);
          for (const output of [sensor.onReading(one, now), sensor.onTick(now)]) {
            for (const event of output.events) stockEventSchema.parse(event);
          }
          const due = sensor.nextTickAt();
          expect(due === undefined || due > now).toBe(true);
        }
        // Left alone, it comes to rest: no beam, no session, no tick waits for ever.
        for (let rounds = 0; sensor.nextTickAt() !== undefined; rounds++) {
          expect(rounds).toBeLessThan(10);
          now = Math.max(now, sensor.nextTickAt() ?? now);
          sensor.onTick(now);
        }
        expect(sensor.status().state).toBe('idle');
      },
    ),
    { numRuns: 200 },
  );
});

test('a flood of different tags is remembered up to the limit, and the newest still pass', () => {
  const sensor = createPortalSensor(portal(ASSIGNED));
  for (let index = 0; index < 2 * MAX_TRACKED_TAGS; index++) {
    sensor.onReading(read(epcOf(index), MORNING + index, -80), MORNING + index);
    expect(sensor.status().counters.trackedTags).toBeLessThanOrEqual(MAX_TRACKED_TAGS);
  }
  const at = MORNING + 60_000;
  for (let round = 0; round < 5; round++) sensor.onReading(read('f00d', at + round * 100), at + round * 100);
  expect(sensor.onTick(at + 10_000).events).toMatchObject([{ type: 'receipt', tags: [{ epc: 'f00d' }] }]);
});

test('a session with more tags than it holds is split, and every tag is reported once', () => {
  const story = Array.from({ length: (MAX_TAGS_PER_SESSION + 500) * 3 }, (_, index) => {
    const now = MORNING + Math.floor(index / 3);
    return { now: now + (index % 3), reading: read(epcOf(Math.floor(index / 3)), now + (index % 3)) };
  }).sort((a, b) => a.now - b.now);
  const done = drive(() => createPortalSensor(portal(ASSIGNED)), story, { until: MORNING + 100_000 });
  const epcs = done.events
    .flatMap((event) => (event.type === 'receipt' ? event.tags : []))
    .map((tag) => tag.epc);
  expect(new Set(epcs).size).toBe(epcs.length);
  // The last two before the split had not yet been read three times.
  expect(epcs.length).toBeGreaterThanOrEqual(MAX_TAGS_PER_SESSION + 500 - 2);
  expect(done.sensor.status().counters.splitSessions).toBe(1);
});

test('lay-around tags are learnt up to the limit, each with one row that goes when it is forgotten', () => {
  const story = [];
  for (let elapsed = 0; elapsed < 30_000; elapsed += 3000) {
    for (let index = 0; index < MAX_PARKED_TAGS + 100; index++) {
      story.push({ now: MORNING + elapsed, reading: read(epcOf(index), MORNING + elapsed, -70) });
    }
  }
  const done = drive(() => createPortalSensor(portal(ASSIGNED)), story, { until: MORNING + 100_000 });
  expect(done.sensor.status().counters.parkedTags).toBe(MAX_PARKED_TAGS);
  expect(done.rows.size).toBe(MAX_PARKED_TAGS);
  expect(done.events).toEqual([]);
});

test('a fluttering beam is remembered up to the limit and gives no direction', () => {
  const eyes = createPhotoEyes(1e9);
  for (let index = 0; index < 3 * MAX_CROSSINGS; index++) {
    eyes.onInput('outer', true, index * 10_000, index * 10_000);
    eyes.onInput('outer', false, index * 10_000 + 10, index * 10_000 + 10);
    eyes.onInput('inner', true, index * 10_000 + 20, index * 10_000 + 20);
    eyes.onInput('inner', false, index * 10_000 + 30, index * 10_000 + 30);
    expect(eyes.state.crossings.length).toBeLessThanOrEqual(MAX_CROSSINGS);
  }
  expect(eyes.direction(0, 1e9)).toBe('UNKNOWN');
});

test('repeated reads of a pass leave nothing behind but numbers', () => {
  const sensor = createPortalSensor(portal(ASSIGNED));
  for (let index = 0; index < 8; index++) sensor.onReading(read(epcOf(index), MORNING), MORNING);
  let written = 0;
  for (let round = 1; round <= 100; round++) {
    for (let index = 0; index < 8; index++) {
      const at = MORNING + round * 10;
      written += sensor.onReading(read(epcOf(index), at), at).put.length;
    }
  }
  // 800 reads in one second: the activity is saved once.
  expect(written).toBeLessThanOrEqual(1);
});
