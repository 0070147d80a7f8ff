import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Weight } from '../../../protocol/readings/reading.ts';
import { drive, type TimedReading } from '../sensor.fixture.ts';
import { scaleSchema } from './scale-point.ts';
import { createScaleSensor } from './scale-sensor.ts';

const point = scaleSchema.parse({
  id: 'bin-7',
  kind: 'scale',
  device: 'scale',
  stepMilligrams: 100_000,
  zeroWithinMilligrams: 20_000,
});

type TimedIndication = number | '~' | 'overload' | 'underload' | 'error';

/** An indication every 200 ms: grams at rest, `~` in motion, or a state. */
function story(indications: readonly TimedIndication[]): TimedReading[] {
  return indications.map((one, index) => {
    const at = 1_000_000 + index * 200;
    const origin = { kind: 'weight' as const, device: 'scale', channel: '1', at, raw: `S ${one}`, unit: 'g' };
    let reading: Weight;
    if (typeof one === 'number') reading = { ...origin, state: 'stable', netMilligrams: one * 1000 };
    else if (one === '~') reading = { ...origin, state: 'dynamic', netMilligrams: 1 };
    else reading = { ...origin, state: one };
    return { now: at, reading };
  });
}

const still = (grams: number, times = 5): number[] => new Array<number>(times).fill(grams);

function emitted(indications: readonly TimedIndication[], crashBefore: number[] = []): string[] {
  const done = drive(() => createScaleSensor(point), story(indications), { until: 1e9, crashBefore });
  return done.events.map((event) => {
    if (event.type === 'device') return `${event.condition} ${event.active}`;
    if (event.type !== 'weighing') return event.type;
    return `${(event.previousNetMilligrams ?? 0) / 1000} → ${event.netMilligrams / 1000}`;
  });
}

describe('a scale under a bin', () => {
  test.each<[string, TimedIndication[], string[]]>([
    ['weighs a load once, however long it rests', [...still(0), '~', ...still(5000, 40)], ['0 → 5000']],
    ['says nothing of a bin that is empty at first', still(0, 40), []],
    ['weighs what stands on it at first', still(5000), ['0 → 5000']],
    ['weighs a pick as a step', [...still(5000), '~', ...still(4750)], ['0 → 5000', '5000 → 4750']],
    ['takes less than a step for unrest', [...still(5000), ...still(5050), ...still(4960)], ['0 → 5000']],
    ['weighs the emptied bin', [...still(5000), '~', ...still(0)], ['0 → 5000', '5000 → 0']],
    [
      'weighs the same load again after it was lifted off',
      [...still(5000), 0, '~', ...still(5000)],
      ['0 → 5000', '5000 → 5000'],
    ],
    ['does not weigh what has not come to rest', ['~', 100, 900, '~', 2000, 2000, '~', 3000], []],
    ['waits until indications agree', [1000, 2000, 1000, 2000, 1000, 2000], []],
    [
      'reports overload as a state, never as a mass',
      [...still(5000), 'overload', 'overload', '~', ...still(5000)],
      ['0 → 5000', 'OVERLOAD true', 'OVERLOAD false'],
    ],
    [
      'distinguishes underload and errors',
      ['underload', 'error', ...still(0)],
      ['UNDERLOAD true', 'UNDERLOAD false', 'SCALE_ERROR true', 'SCALE_ERROR false'],
    ],
    [
      'reports rest below zero as drift, not as stock',
      [...still(5000), ...still(-500), ...still(0)],
      ['0 → 5000', 'SCALE_DRIFT true', 'SCALE_DRIFT false', '5000 → 0'],
    ],
  ])('%s', (_name, indications, expected) => {
    expect(emitted(indications)).toEqual(expected);
  });

  test('an indication without a mass is counted and weighs nothing', () => {
    const sensor = createScaleSensor(point);
    const at = 1000;
    sensor.onReading({ kind: 'weight', device: 'scale', channel: '1', at, state: 'stable', raw: 'S S' }, at);
    expect(sensor.status().counters.withoutMass).toBe(1);
  });

  test('a restart at any moment weighs no load twice and misses none that stays', () => {
    const morning = [
      ...still(0, 8),
      '~',
      ...still(20_000, 8),
      '~',
      ...still(18_500, 8),
      'overload',
      '~',
      ...still(0, 8),
    ] as const;
    const whole = emitted(morning);
    expect(whole).toEqual(['0 → 20000', '20000 → 18500', 'OVERLOAD true', 'OVERLOAD false', '18500 → 0']);
    for (let index = 0; index <= morning.length; index++) expect(emitted(morning, [index])).toEqual(whole);
  });

  test('no two weighings in a row say the same unless the scale was at zero, whatever it indicates', () => {
    const indication = fc.oneof<fc.Arbitrary<TimedIndication>[]>(
      fc.constantFrom<TimedIndication>('~', 'overload', 'underload', 'error'),
      fc.constantFrom<TimedIndication>(0, 5, 1000, 1060, 2000, -3000),
    );
    fc.assert(
      fc.property(fc.array(indication, { maxLength: 80 }), (indications) => {
        const done = drive(() => createScaleSensor(point), story(indications), { until: 1e9 });
        let last: number | undefined;
        for (const event of done.events) {
          if (event.type !== 'weighing') continue;
          expect(event.netMilligrams).toBeGreaterThanOrEqual(-point.zeroWithinMilligrams);
          if (last !== undefined) expect(event.previousNetMilligrams).toBe(last);
          if (Math.abs(event.netMilligrams - (last ?? 0)) < point.stepMilligrams)
            expect(indications).toContain(0);
          last = event.netMilligrams;
        }
      }),
    );
  });
});
