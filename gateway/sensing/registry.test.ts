/** Every kind of read point, held to the contract of a sensor by the example in its folder. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reading } from '../../protocol/readings/reading.ts';
import type { PointExample } from './point-example.fixture.ts';
import { readPointSchema } from './read-point.ts';
import { createSensor, routesOf } from './registry.ts';
import { NO_OUTPUT } from './sensor.ts';
import { SENSOR_KINDS } from './sensor-kinds.ts';

const points = await Promise.all(
  Object.keys(SENSOR_KINDS).map(async (kind) => {
    const { example } = (await import(`./${kind}/example.fixture.ts`)) as { example: PointExample };
    return { ...example, id: kind, point: readPointSchema.parse({ ...example.config, id: kind, kind }) };
  }),
);

const origin = { device: 'd', channel: '1', at: 5 };
const READINGS: { readonly [Kind in Reading['kind']]: Extract<Reading, { kind: Kind }> } = {
  tag: { ...origin, kind: 'tag', epc: 'aa', readCount: 1, firstSeenAt: 5, lastSeenAt: 5 },
  weight: { ...origin, kind: 'weight', state: 'stable', netMilligrams: 5, raw: '' },
  condition: { ...origin, kind: 'condition', metric: 'temperature', valueMilli: 1, sampledAt: 5 },
  input: { ...origin, kind: 'input', active: true },
  health: { ...origin, kind: 'health', condition: 'SILENT', active: true, detail: '' },
};

test.each(points)('the routes of a $id name every channel that it listens to', ({ point, channels }) => {
  expect(routesOf(point)).toEqual(channels.map((channel) => ({ device: 'd', channel })));
});

test.each(points)('a $id counts the readings that are not for it, and no others', ({ point, handles }) => {
  for (const reading of Object.values(READINGS)) {
    const sensor = createSensor(point);
    sensor.restore([], 0);
    const output = sensor.onReading(reading, 5);
    const isForIt = handles.includes(reading.kind);
    // Health is made into events elsewhere.
    const isForeign = !isForIt && reading.kind !== 'health';
    expect(sensor.status().counters.foreignReadings, reading.kind).toBe(isForeign ? 1 : 0);
    if (!isForIt) expect(output).toEqual(NO_OUTPUT);
  }
});

test.each(points)('$id is the name under which its configuration is known', ({ id }) => {
  const { error } = readPointSchema.safeParse({ kind: id });
  expect(error?.issues.map(({ path }) => path.join('.'))).toContain('id');
});

test.each(points)('$id ignores readings that are not its own, and rows that are no rows', ({ point }) => {
  const sensor = createSensor(point);
  expect(sensor.readPoint).toBe(point.id);
  expect(sensor.restore([], 0)).toEqual({ events: [], put: [], drop: [] });
  for (const reading of Object.values(READINGS)) {
    for (const channel of ['1', '2', '3', '4', 'gpi-1']) {
      expect(sensor.onReading({ ...reading, device: 'another', channel }, 5)).toEqual({
        events: [],
        put: [],
        drop: [],
      });
    }
  }
  expect(sensor.status()).toMatchObject({ readPoint: point.id, kind: point.kind });
});

test.each(points)('$id starts from any rows without failing', ({ point }) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: fc.string(), body: fc.oneof(fc.string(), fc.json()) })),
      fc.constantFrom('state', 'beams', 'parked/aa', '5/session', '5/aa'),
      fc.json(),
      (rows, name, body) => {
        const sensor = createSensor(point);
        sensor.restore([...rows, { key: `${point.id}/${name}`, body }], 1000);
        sensor.onTick(2000);
      },
    ),
  );
});
