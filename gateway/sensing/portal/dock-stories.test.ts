import { describe, expect, test } from 'vitest';
import type { DeviceEvent, PassEvent } from '../../../protocol/events/stock-event.ts';
import { drive, type Run } from '../sensor.fixture.ts';
import {
  BEAM_GATED,
  type DockStory,
  dockStory,
  epcsOf,
  FIRST_SIGHT,
  type Load,
  MORNING,
  portal,
  type Way,
} from './dock.fixture.ts';
import { createPortalSensor } from './portal-sensor.ts';

const one = (way: Way, at = 30, name = 'aaa', tags = 8): Load => ({ at, way, tags, name });

const isPass = (event: { type: string }): event is PassEvent =>
  event.type === 'receipt' || event.type === 'dispatch' || event.type === 'passage';

function run(mode: Record<string, unknown>, story: DockStory, now = MORNING + story.seconds * 1000): Run {
  return drive(() => createPortalSensor(portal(mode)), dockStory(story), { until: now + 300_000 });
}

const passes = (done: Run) => done.events.filter(isPass);
const brief = (done: Run) =>
  passes(done).map(
    (pass) => `${pass.type} ${pass.direction} ${pass.tags.length} stray ${pass.straysIgnored}`,
  );

const DIRECTION: Record<Way, string> = {
  IN: 'receipt IN',
  OUT: 'dispatch OUT',
  BACK_OUTSIDE: 'passage TURNED_BACK',
  BACK_INSIDE: 'passage TURNED_BACK',
};

const strong = { epc: 'e280aa', rssiDbm: -55, antenna: 2 } as const;
const weak = { epc: 'e280bb', rssiDbm: -69, antenna: 2 } as const;

describe.each([
  ['by its photo-eyes', BEAM_GATED],
  ['by its antennas', FIRST_SIGHT],
])('a dock door judged %s', (_name, mode) => {
  test.each(Object.keys(DIRECTION) as Way[])('recognises a load that goes %s, whatever the seed', (way) => {
    for (let seed = 1; seed <= 5; seed++) {
      for (const metresPerSecond of [0.3, 0.9, 1.2, 1.5]) {
        const load = { ...one(way), metresPerSecond };
        const done = run(mode, { seed, loads: [load], seconds: 80, missed: 0.4 });
        expect(brief(done), `seed ${seed}`).toEqual([`${DIRECTION[way]} 8 stray 0`]);
        expect(
          passes(done)[0]
            ?.tags.map((tag) => tag.epc)
            .sort(),
        ).toEqual(epcsOf(load));
        expect(done.rows.size).toBe(0);
      }
    }
  });

  test('recognises the same of a single tag', () => {
    for (const way of ['IN', 'OUT'] as const) {
      for (let seed = 1; seed <= 15; seed++) {
        const done = run(mode, { seed, loads: [one(way, 30, 'aaa', 1)], seconds: 60 });
        expect(brief(done)).toEqual([`${DIRECTION[way]} 1 stray 0`]);
      }
    }
  });

  test('keeps two pallets 35 seconds apart as two passes', () => {
    const done = run(mode, { loads: [one('IN', 30, 'aaa'), one('IN', 65, 'bbb')], seconds: 90 });
    expect(brief(done)).toEqual(['receipt IN 8 stray 0', 'receipt IN 8 stray 0']);
    expect(new Set(passes(done).map((pass) => pass.passId)).size).toBe(2);
  });

  test('leaves tags parked at the door out of every pass, weak and strong', () => {
    const loads = [one('IN', 40, 'aaa'), one('OUT', 90, 'bbb')];
    for (let seed = 1; seed <= 10; seed++) {
      const done = run(mode, { seed, loads, parked: [strong, weak], seconds: 130 });
      expect(brief(done), `seed ${seed}`).toEqual(['receipt IN 8 stray 2', 'dispatch OUT 8 stray 2']);
    }
  });

  test('leaves a parked tag out that it has not had time to learn', () => {
    const done = run(mode, { loads: [one('IN', 11, 'aaa')], parked: [strong, weak], seconds: 60 });
    expect(brief(done)).toEqual(['receipt IN 8 stray 2']);
  });

  test('knows parked tags again after the reader has been restarted', () => {
    const done = run(mode, {
      loads: [one('IN', 80, 'aaa')],
      parked: [strong, weak],
      readerDown: [[30, 70]],
      seconds: 120,
    });
    expect(brief(done)).toEqual(['receipt IN 8 stray 2']);
  });

  test('reports goods that were moved through the door and set down in the field once', () => {
    const load = one('IN', 30, 'aaa');
    const parked = epcsOf(load).map((epc) => ({ epc, rssiDbm: -56, antenna: 2, from: 37 }) as const);
    const done = run(mode, { loads: [load, one('IN', 120, 'bbb')], parked, seconds: 160 });
    expect(brief(done)).toEqual(['receipt IN 8 stray 0', 'receipt IN 8 stray 8']);
  });

  test('reports goods that lay at the door and then left through it', () => {
    const load = one('OUT', 100, 'aaa');
    const parked = epcsOf(load).map((epc) => ({ epc, rssiDbm: -58, antenna: 2, to: 101 }) as const);
    const done = run(mode, { loads: [load], parked, seconds: 140 });
    expect(brief(done)).toEqual(['dispatch OUT 8 stray 0']);
    expect(done.rows.size).toBe(0);
  });

  test('makes nothing of a door where nothing passes', () => {
    const done = run(mode, { parked: [strong, weak], seconds: 600 });
    expect(passes(done)).toEqual([]);
    expect(done.sensor.status().counters.sessions).toBeLessThanOrEqual(1);
    expect(done.sensor.status().state).toBe('idle');
  });

  test('splits a pass of more than one event into parts of the same pass', () => {
    const done = run(mode, { loads: [one('IN', 30, 'aaa', 900)], seconds: 60, missed: 0 });
    expect(passes(done).map((pass) => [pass.part, pass.parts, pass.tags.length])).toEqual([
      [1, 3, 400],
      [2, 3, 400],
      [3, 3, 100],
    ]);
    expect(new Set(passes(done).map((pass) => pass.passId)).size).toBe(1);
  });
});

describe('a dock door with photo-eyes', () => {
  const blocked = (done: Run) =>
    done.events
      .filter((event): event is DeviceEvent => event.type === 'device')
      .map((event) => [event.condition, event.active, event.detail, (event.occurredAt - MORNING) / 1000]);

  test('reports a beam that stays broken, and is not held up by it', () => {
    const done = run(BEAM_GATED, {
      beams: [
        [9.9, 'outer', true],
        [200.1, 'outer', false],
      ],
      seconds: 220,
    });
    expect(blocked(done)).toEqual([
      ['PHOTO_EYE_BLOCKED', true, 'outer photo-eye gpi-1 broken for 60000 ms', 69.9],
      ['PHOTO_EYE_BLOCKED', false, 'outer photo-eye gpi-1 free again', 200.1],
    ]);
    expect(passes(done)).toEqual([]);
    expect(done.rows.size).toBe(0);
  });

  test('still reports what passes while a beam is blocked, of unknown direction', () => {
    const done = run(BEAM_GATED, {
      loads: [{ ...one('IN', 100) }],
      withoutBeams: true,
      beams: [[9.9, 'outer', true]],
      seconds: 140,
    });
    expect(brief(done)).toEqual(['passage UNKNOWN 8 stray 0']);
    expect(done.sensor.nextTickAt()).toBeUndefined();
  });

  test('does not guess from a single beam', () => {
    const beams = [
      [34.2, 'outer', true],
      [35.1, 'outer', false],
    ] as const;
    const done = run(BEAM_GATED, {
      loads: [one('IN')],
      withoutBeams: true,
      beams: [...beams].map((b) => [...b]),
      seconds: 60,
    });
    expect(brief(done)).toEqual(['passage UNKNOWN 8 stray 0']);
  });

  test('counts reads without a broken beam as outside any session', () => {
    const done = run(BEAM_GATED, { loads: [one('IN')], withoutBeams: true, seconds: 60 });
    expect(done.events).toEqual([]);
    expect(done.sensor.status().counters.readsOutsideSessions).toBeGreaterThan(100);
  });

  test('drops a person walking through without tags, but counts the session', () => {
    const done = run(BEAM_GATED, {
      beams: [
        [10, 'outer', true],
        [11, 'outer', false],
        [11.1, 'inner', true],
        [12, 'inner', false],
      ],
      seconds: 30,
    });
    expect(done.events).toEqual([]);
    expect(done.sensor.status().counters).toMatchObject({ sessions: 1, emptySessions: 1 });
  });

  test('takes the reads shortly before the beam into the pass', () => {
    const done = run(BEAM_GATED, { loads: [one('IN')], seconds: 60 });
    const pass = passes(done)[0];
    expect(pass?.tags.every((tag) => tag.firstSeenAt < (pass?.startedAt ?? 0))).toBe(true);
    expect(pass?.tags.every((tag) => tag.firstSeenAt >= (pass?.startedAt ?? 0) - 5000)).toBe(true);
  });
});

describe('a door without signal strength', () => {
  test.each([
    ['gated by beams', BEAM_GATED],
    ['opened by first sight', { ...FIRST_SIGHT, direction: { mode: 'assigned', as: 'IN' } }],
  ])('%s reports its pass and leaves parked tags out', (_name, mode) => {
    const done = run(mode, { loads: [one('IN', 40)], parked: [strong], seconds: 70, withoutRssi: true });
    expect(brief(done)).toEqual(['receipt IN 8 stray 1']);
  });
});

describe('a session that reaches its maximum length', () => {
  test('is split, and tags still in the door are reported once', () => {
    const loads = [one('IN', 10, 'aaa'), one('IN', 40, 'bbb')];
    const mode = {
      ...FIRST_SIGHT,
      direction: { mode: 'assigned', as: 'IN' },
      session: { openBy: 'first-sight', quietMs: 2000, maxMs: 4000 },
    };
    const done = run(mode, { loads, seconds: 80, missed: 0.1 });
    const reported = passes(done).flatMap((pass) => pass.tags.map((tag) => tag.epc));
    expect(reported.sort()).toEqual(loads.flatMap(epcsOf));
    expect(done.sensor.status().counters.splitSessions).toBeGreaterThan(0);
  });
});
