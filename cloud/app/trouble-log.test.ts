import { expect, it } from 'vitest';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { createTroubleLog, LINES_PER_MINUTE } from './trouble-log.ts';

it('writes a few lines of each event per minute and says how many it left out', async () => {
  const clock = new VirtualClock({ startAt: 0, flush: async () => {} });
  const lines: string[] = [];
  const trouble = createTroubleLog((_detail, message) => lines.push(message), clock);
  for (let i = 0; i < LINES_PER_MINUTE + 30; i++) trouble('refused-publish', { gateway: 'dock' });
  trouble('oversized-packet', {});
  expect(lines).toHaveLength(LINES_PER_MINUTE + 1);
  await clock.runFor(60_000);
  trouble('refused-publish', { gateway: 'dock' });
  expect(lines.slice(-2)).toEqual(['refused-publish: 30 more lines were left out', 'refused publish']);
});
