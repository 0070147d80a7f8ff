import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Reading, shiftReading } from './reading.ts';

const origin = { device: 'd', channel: '1', at: 10 };
const readings: Reading[] = [
  { ...origin, kind: 'tag', epc: 'aa', readCount: 7, firstSeenAt: 5, lastSeenAt: 8, peakRssiDbm: -40 },
  { ...origin, kind: 'weight', state: 'stable', netMilligrams: 5, raw: '' },
  { ...origin, kind: 'condition', metric: 'temperature', valueMilli: 4, sampledAt: 9 },
  { ...origin, kind: 'input', active: true },
  { ...origin, kind: 'input', active: true, sensedAt: 6 },
  { ...origin, kind: 'health', condition: 'DISCARDED', active: true, detail: '', lost: 3 },
];

it.each(readings)('a reading is moved with all its times and nothing else: $kind', (reading) => {
  const moved = Object.entries(shiftReading(reading, 1000));
  for (const [field, value] of moved) {
    const before = reading[field as keyof Reading] as unknown;
    expect(value, field).toBe(/^at$|At$/.test(field) ? Number(before) + 1000 : before);
  }
  expect(moved).toHaveLength(Object.keys(reading).length);
});

it('a reading moved there and back is as before', () => {
  fc.assert(
    fc.property(fc.constantFrom(...readings), fc.integer(), (reading, byMs) => {
      expect(shiftReading(shiftReading(reading, byMs), -byMs)).toEqual(reading);
    }),
  );
});
