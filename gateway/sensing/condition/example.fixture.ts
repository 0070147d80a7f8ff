import type { PointExample } from '../point-example.fixture.ts';

export const example: PointExample = {
  config: { device: 'd', channel: '1', metrics: { temperature: { deadBandMilli: 1 } } },
  handles: ['condition'],
  channels: ['1'],
};
