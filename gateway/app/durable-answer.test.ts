import { expect, test } from 'vitest';
import type { Reading } from '../../protocol/readings/reading.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { readPointSchema } from '../sensing/read-point.ts';
import type { DurableOutbox } from './devices/durable-outbox.ts';
import { createSensingHub } from './devices/sensing-hub.ts';

const START = Date.UTC(2026, 8, 1, 6);
const DOOR = readPointSchema.parse({
  id: 'door-1',
  kind: 'portal',
  antennas: [{ device: 'reader-1', antenna: '1' }],
  direction: { mode: 'assigned', as: 'IN' },
});

const read = (epc: string): Reading => ({
  kind: 'tag',
  device: 'reader-1',
  channel: '1',
  at: START,
  epc,
  readCount: 1,
  firstSeenAt: START,
  lastSeenAt: START,
});

test.each(['durable', 'refused'])(
  'a device has its answer when the last thing it led to is %s',
  async (end) => {
    const clock = clockAt(START);
    const appends: PromiseWithResolvers<void>[] = [];
    const outbox: DurableOutbox = {
      append() {
        const append = Promise.withResolvers<void>();
        appends.push(append);
        return append.promise;
      },
      status: () => ({ held: 0, refused: 0, lastProblem: undefined }),
      close: () => {},
    };
    const hub = createSensingHub([DOOR], outbox, clock);
    let answer: string | undefined;
    hub.accept([read('30aa'), read('30bb')], START)?.then(
      () => {
        answer = 'durable';
      },
      () => {
        answer = 'refused';
      },
    );
    await clock.settle();
    expect(appends.length).toBeGreaterThan(0);
    expect(answer).toBeUndefined();
    const last = appends.pop();
    for (const append of appends) append.resolve();
    await clock.settle();
    if (appends.length > 0) expect(answer).toBeUndefined();
    if (end === 'durable') last?.resolve();
    else last?.reject(new Error('the disk is full'));
    await clock.settle();
    expect(answer).toBe(end);
    hub.close();
  },
);
