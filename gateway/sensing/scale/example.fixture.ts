import type { PointExample } from '../point-example.fixture.ts';

export const example: PointExample = {
  config: { device: 'd', channel: '1', stepMilligrams: 10, zeroWithinMilligrams: 1 },
  handles: ['weight'],
  channels: ['1'],
};
