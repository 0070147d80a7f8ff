import { expect, it } from 'vitest';
import { clockAt } from '../../test/support/clock-at.ts';
import { periodically } from './periodic.ts';

const newClock = () => clockAt(0);

it('runs its task at intervals, also after one that failed, until it is stopped', async () => {
  const clock = newClock();
  const turns: number[] = [];
  const errors: unknown[] = [];
  const periodic = periodically(clock, {
    name: 'look',
    everyMs: 1000,
    task: async () => {
      turns.push(clock.now());
      if (turns.length === 2) throw new Error('no database');
    },
    onError: (error) => errors.push(error),
  });
  await clock.runFor(3500);
  await periodic.stop();
  await clock.runFor(5000);
  expect({ turns, errors: errors.length, timers: clock.pendingTimers() }).toEqual({
    turns: [1000, 2000, 3000],
    errors: 1,
    timers: [],
  });
});

it('stops only after the turn that is under way', async () => {
  const clock = newClock();
  const { promise: work, resolve } = Promise.withResolvers<void>();
  const periodic = periodically(clock, { name: 'look', everyMs: 10, task: () => work, onError: () => {} });
  const running = clock.runFor(10);
  await new Promise((done) => setImmediate(done));
  await new Promise((done) => setImmediate(done));
  let stopped = false;
  const stop = periodic.stop().then(() => {
    stopped = true;
  });
  await new Promise((done) => setImmediate(done));
  expect(stopped).toBe(false);
  resolve();
  await stop;
  await running;
  expect(clock.pendingTimers()).toEqual([]);
});
