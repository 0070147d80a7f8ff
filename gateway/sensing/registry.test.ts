import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reading } from '../../protocol/readings/reading.ts';
import { type ReadPoint, readPointSchema } from './read-point.ts';
import { createSensor, routesOf } from './registry.ts';

const device = 'd';
const points: ReadPoint[] = [
  {
    id: 'portal',
    kind: 'portal',
    antennas: [{ device, antenna: '1' }],
    photoEyes: { inner: { device, input: 'gpi-2' }, outer: { device, input: 'gpi-1' } },
    direction: { mode: 'photo-eye' },
  },
  { id: 'scale', kind: 'scale', device, channel: '2', stepMilligrams: 10, zeroWithinMilligrams: 1 },
  {
    id: 'condition',
    kind: 'condition',
    device,
    channel: '3',
    metrics: { temperature: { deadBandMilli: 1 } },
  },
  { id: 'contact', kind: 'contact', device, channel: '4' },
].map((point) => readPointSchema.parse(point));

test('routes name every channel a read point listens to', () => {
  expect(points.map((point) => routesOf(point).map((route) => route.channel))).toEqual([
    ['1', 'gpi-1', 'gpi-2'],
    ['2'],
    ['3'],
    ['4'],
  ]);
});

test.each(points)('$id ignores readings that are not its own, and rows that are no rows', (point) => {
  const sensor = createSensor(point);
  expect(sensor.readPoint).toBe(point.id);
  expect(sensor.restore([], 0)).toEqual({ events: [], put: [], drop: [] });
  const origin = { device: 'another', channel: '1', at: 5 };
  const readings: Reading[] = [
    { ...origin, kind: 'tag', epc: 'aa', readCount: 1, firstSeenAt: 5, lastSeenAt: 5 },
    { ...origin, kind: 'weight', state: 'stable', netMilligrams: 5, raw: '' },
    { ...origin, kind: 'condition', metric: 'temperature', valueMilli: 1, sampledAt: 5 },
    { ...origin, kind: 'input', active: true },
    { ...origin, kind: 'health', condition: 'READER_EXCEPTION', active: true, detail: '' },
  ];
  for (const reading of readings) {
    for (const channel of ['1', '2', '3', '4', 'gpi-1']) {
      expect(sensor.onReading({ ...reading, channel }, 5)).toEqual({ events: [], put: [], drop: [] });
    }
  }
  expect(sensor.status()).toMatchObject({ readPoint: point.id, kind: point.kind });
});

test.each(points)('$id starts from any rows without failing', (point) => {
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
