import { describe, expect, test } from 'vitest';
import { readPointSchema } from './read-point.ts';

const antennas = [
  { device: 'reader', antenna: '1', side: 'outer' },
  { device: 'reader', antenna: '2', side: 'inner' },
];
const photoEyes = {
  outer: { device: 'reader', input: 'gpi-1' },
  inner: { device: 'reader', input: 'gpi-2' },
};

describe('a read point', () => {
  test('of a portal takes the defaults of a dock door', () => {
    const point = readPointSchema.parse({
      id: 'dock-1',
      kind: 'portal',
      antennas,
      direction: { mode: 'assigned', as: 'IN' },
    });
    expect(point).toMatchObject({
      boundary: 'dock',
      session: { openBy: 'first-sight', quietMs: 4000, maxMs: 120_000 },
      stray: { minReads: 3, minPeakRssiDbm: -65 },
    });
  });

  const wrong: [string, unknown, string][] = [
    [
      'a portal whose direction needs eyes that it has not',
      { id: 'a', kind: 'portal', antennas, direction: { mode: 'photo-eye' } },
      'photoEyes',
    ],
    [
      'a portal whose antennas are all on one side',
      { id: 'a', kind: 'portal', antennas: [antennas[0]], direction: { mode: 'antenna-order' } },
      'antennas',
    ],
    [
      'a portal with one input for both eyes',
      {
        id: 'a',
        kind: 'portal',
        antennas,
        photoEyes: { ...photoEyes, outer: photoEyes.inner },
        direction: { mode: 'photo-eye' },
      },
      'photoEyes.outer.input',
    ],
    [
      'a portal with an antenna listed twice',
      {
        id: 'a',
        kind: 'portal',
        antennas: [antennas[0], antennas[0]],
        direction: { mode: 'assigned', as: 'IN' },
      },
      'antennas.1',
    ],
    [
      'a quiet time longer than the session',
      {
        id: 'a',
        kind: 'portal',
        antennas,
        direction: { mode: 'assigned', as: 'IN' },
        session: { quietMs: 5000, maxMs: 4000 },
      },
      'session.maxMs',
    ],
    ['a typo', { id: 'a', kind: 'contact', device: 'd', channel: 'c', debounce: 5 }, ''],
    [
      'a condition that measures nothing',
      { id: 'a', kind: 'condition', device: 'd', channel: 'c', metrics: {} },
      'metrics',
    ],
    [
      'limits the wrong way round',
      {
        id: 'a',
        kind: 'condition',
        device: 'd',
        channel: 'c',
        metrics: { temperature: { deadBandMilli: 1, lowMilli: 5, highMilli: 5 } },
      },
      'metrics.temperature.highMilli',
    ],
  ];
  test.each(wrong)('%s is refused with its path', (_name, input, path) => {
    const result = readPointSchema.safeParse(input);
    expect(result.success).toBe(false);
    expect(result.error?.issues[0]?.path.join('.')).toBe(path);
  });
});
