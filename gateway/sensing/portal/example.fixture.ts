import type { PointExample } from '../point-example.fixture.ts';

export const example: PointExample = {
  config: {
    antennas: [{ device: 'd', antenna: '1' }],
    photoEyes: { inner: { device: 'd', input: 'gpi-2' }, outer: { device: 'd', input: 'gpi-1' } },
    direction: { mode: 'photo-eye' },
  },
  handles: ['tag'],
  channels: ['1', 'gpi-1', 'gpi-2'],
};
