import { expect, test } from 'vitest';
import type { Reading } from '../../protocol/readings/reading.ts';
import { readPointSchema } from './read-point.ts';
import { createSensor } from './registry.ts';
import { NO_OUTPUT } from './sensor.ts';
import { SENSOR_KINDS } from './sensor-kinds.ts';

const origin = { device: 'd', channel: '1', at: 5 };
const READINGS: { readonly [Kind in Reading['kind']]: Extract<Reading, { kind: Kind }> } = {
  tag: { ...origin, kind: 'tag', epc: 'aa', readCount: 1, firstSeenAt: 5, lastSeenAt: 5 },
  weight: { ...origin, kind: 'weight', state: 'stable', netMilligrams: 5, raw: '' },
  condition: { ...origin, kind: 'condition', metric: 'temperature', valueMilli: 1, sampledAt: 5 },
  input: { ...origin, kind: 'input', active: true },
  health: { ...origin, kind: 'health', condition: 'SILENT', active: true, detail: '' },
};

const POINTS = {
  portal: {
    config: { antennas: [{ device: 'd', antenna: '1' }], direction: { mode: 'assigned', as: 'IN' } },
    handles: ['tag'],
  },
  scale: {
    config: { device: 'd', channel: '1', stepMilligrams: 10, zeroWithinMilligrams: 1 },
    handles: ['weight'],
  },
  condition: {
    config: { device: 'd', channel: '1', metrics: { temperature: { deadBandMilli: 1 } } },
    handles: ['condition'],
  },
  contact: { config: { device: 'd', channel: '1' }, handles: ['input'] },
} satisfies { readonly [Kind in keyof typeof SENSOR_KINDS]: unknown };

test.each(Object.entries(POINTS))(
  'a %s counts the readings that are not for it, and no others',
  (kind, one) => {
    for (const reading of Object.values(READINGS)) {
      const sensor = createSensor(readPointSchema.parse({ id: 'here', kind, ...one.config }));
      sensor.restore([], 0);
      const output = sensor.onReading(reading, 5);
      const isForIt = one.handles.includes(reading.kind);
      // Health is made into events elsewhere.
      const isForeign = !isForIt && reading.kind !== 'health';
      expect(sensor.status().counters.foreignReadings, reading.kind).toBe(isForeign ? 1 : 0);
      if (!isForIt) expect(output).toEqual(NO_OUTPUT);
    }
  },
);

test.each(Object.keys(SENSOR_KINDS))('%s is the name under which its configuration is known', (kind) => {
  expect(readPointSchema.safeParse({ kind }).error?.issues.map(({ path }) => path.join('.'))).toContain('id');
});
