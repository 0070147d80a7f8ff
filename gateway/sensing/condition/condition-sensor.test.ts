import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../protocol/readings/reading.ts';
import { drive, type TimedReading } from '../sensor.fixture.ts';
import { conditionSchema } from './condition-point.ts';
import { createConditionSensor } from './condition-sensor.ts';

const point = conditionSchema.parse({
  id: 'cold-1-air',
  kind: 'condition',
  device: 'bus',
  channel: '1',
  metrics: {
    temperature: { deadBandMilli: 200, lowMilli: 2000, highMilli: 8000 },
    relativeHumidity: { deadBandMilli: 3000 },
  },
  heartbeatMs: 60_000,
  silentAfterMs: 30_000,
});

type Said = readonly [seconds: number, said: number | string, metric?: Condition['metric'], sampled?: number];

function story(said: readonly Said[]): TimedReading[] {
  return said.map(([seconds, value, metric = 'temperature', sampled = seconds]) => ({
    now: seconds * 1000,
    reading: {
      kind: 'condition',
      device: 'bus',
      channel: '1',
      at: seconds * 1000,
      metric,
      sampledAt: sampled * 1000,
      ...(typeof value === 'number' ? { valueMilli: value } : { fault: value }),
    },
  }));
}

function emitted(
  said: readonly Said[],
  untilSeconds = said.at(-1)?.[0] ?? 0,
  crashBefore: number[] = [],
): string[] {
  const done = drive(() => createConditionSensor(point), story(said), {
    until: untilSeconds * 1000,
    crashBefore,
  });
  return done.events.map((event) => {
    const at = event.occurredAt / 1000;
    if (event.type === 'sample') return `${at} ${event.valueMilli} ${event.reason}`;
    return event.type === 'device' ? `${at} ${event.condition} ${event.active}` : event.type;
  });
}

describe('a probe', () => {
  test.each<[string, Said[], string[]]>([
    ['keeps its first value', [[1, 4000]], ['1 4000 first']],
    [
      'thins by the dead band',
      [
        [1, 4000],
        [2, 4100],
        [3, 4199],
        [4, 4200],
      ],
      ['1 4000 first', '4 4200 change'],
    ],
    [
      'keeps the foot of a step, so that it does not look like a slope',
      [
        [1, 4000],
        [10, 4050],
        [20, 4050],
        [21, 6000],
      ],
      ['1 4000 first', '20 4050 change', '21 6000 change'],
    ],
    [
      'emits a crossing at once, inside the dead band too, both ways',
      [
        [1, 7950],
        [2, 7980],
        [3, 8001],
        [4, 7999],
      ],
      ['1 7950 first', '2 7980 change', '3 8001 crossing', '4 7999 crossing'],
    ],
    [
      'emits a crossing of the lower limit',
      [
        [1, 2050],
        [2, 1990],
      ],
      ['1 2050 first', '2 1990 crossing'],
    ],
    [
      'keeps a value per heartbeat',
      [
        [1, 4000],
        [21, 4010],
        [41, 4020],
        [61, 4030],
        [81, 4040],
      ],
      ['1 4000 first', '61 4030 heartbeat'],
    ],
    [
      'keeps what arrives late with its own time, and does not thin by it',
      [
        [10, 4000],
        [11, 4010],
        [12, 9000, 'temperature', 5],
        [13, 4020],
      ],
      ['10 4000 first', '5 9000 change'],
    ],
    [
      'drops the same sample said twice',
      [
        [1, 4000],
        [2, 4000, 'temperature', 1],
      ],
      ['1 4000 first'],
    ],
    [
      'reports a fault as a state, ends the curve before it and begins a new one after',
      [
        [1, 4000],
        [2, 4010],
        [3, 'PROBE_OPEN'],
        [4, 'PROBE_OPEN'],
        [5, 4000],
      ],
      ['1 4000 first', '2 4010 change', '3 SENSOR_FAULT true', '5 SENSOR_FAULT false', '5 4000 first'],
    ],
    [
      'is at fault until all its metrics measure again',
      [
        [1, 'CRC'],
        [1, 'CRC', 'relativeHumidity'],
        [2, 4000],
        [3, 50_000, 'relativeHumidity'],
      ],
      ['1 SENSOR_FAULT true', '2 4000 first', '3 SENSOR_FAULT false', '3 50000 first'],
    ],
    [
      'reports its silence and its return',
      [
        [1, 4000],
        [100, 4000],
      ],
      ['1 4000 first', '31 SENSOR_SILENT true', '100 SENSOR_SILENT false', '100 4000 first'],
    ],
    [
      'is not silent while it reports a fault',
      [
        [1, 'X'],
        [21, 'X'],
        [41, 'X'],
      ],
      ['1 SENSOR_FAULT true'],
    ],
  ])('%s', (_name, said, expected) => {
    expect(emitted(said)).toEqual(expected);
  });

  test('is reported silent by the tick, without any reading', () => {
    expect(emitted([[1, 4000]], 500)).toEqual(['1 4000 first', '31 SENSOR_SILENT true']);
  });

  test('closes after a restart what it opened before it, once', () => {
    const said: Said[] = [
      [1, 4000],
      [2, 'PROBE_OPEN'],
      [3, 'PROBE_OPEN'],
      [4, 4000],
      [80, 4000],
    ];
    const flags = (lines: string[]) => lines.filter((line) => line.includes('SENSOR'));
    const whole = flags(emitted(said));
    for (let index = 0; index < said.length; index++) {
      const again = flags(emitted(said, 80, [index])).map((line) => line.replace(/^\d+ /, ''));
      // A restart during the silence starts the watch anew; nothing is reported twice or left open.
      if (index < said.length - 1) expect(again).toEqual(whole.map((line) => line.replace(/^\d+ /, '')));
    }
  });

  test('the kept curve is never further than a dead band from the truth, and crossings are exact', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1000, max: 9000 }), { minLength: 1, maxLength: 100 }),
        (values) => {
          const said = values.map((value, index): Said => [index + 1, value]);
          const done = drive(() => createConditionSensor(point), story(said), { until: 0 });
          const kept = new Map<number, number>();
          for (const event of done.events)
            if (event.type === 'sample') kept.set(event.occurredAt / 1000, event.valueMilli);
          let held = 0;
          let zone: number | undefined;
          for (const [seconds, value] of said) {
            held = kept.get(seconds) ?? held;
            expect(Math.abs(held - Number(value))).toBeLessThan(200);
            const now = Number(value) < 2000 ? -1 : Number(value) > 8000 ? 1 : 0;
            if (now !== zone) expect(kept.has(seconds)).toBe(true);
            zone = now;
          }
        },
      ),
    );
  });
});
