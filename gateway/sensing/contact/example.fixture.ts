import type { PointExample } from '../point-example.fixture.ts';

export const example: PointExample = {
  config: { device: 'd', channel: '1' },
  handles: ['input'],
  channels: ['1'],
};
