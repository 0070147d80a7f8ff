import { expect, it } from 'vitest';
import { clockAt } from '../../test/support/clock-at.ts';
import { LATE_MS, LISTEN_MS, MAX_LISTENS, setPatientTimer } from './patient-timer.ts';

function setUp() {
  const clock = clockAt(0);
  const ranAt: number[] = [];
  const timer = setPatientTimer(clock, 100, 'patient', () => ranAt.push(clock.now()));
  return { clock, ranAt, timer };
}

it('is a timer like any other while the process runs', async () => {
  const { clock, ranAt } = setUp();
  await clock.runFor(1_000);
  expect(ranAt).toEqual([100]);
});

it('listens first when it comes late, and not when it is a little late', async () => {
  const away = setUp();
  away.clock.holdUp(100 + LATE_MS);
  await away.clock.runFor(1_000);
  expect(away.ranAt).toEqual([100 + LATE_MS + LISTEN_MS]);

  const slow = setUp();
  slow.clock.holdUp(100 + LATE_MS - 1);
  await slow.clock.runFor(1_000);
  expect(slow.ranAt).toEqual([100 + LATE_MS - 1]);
});

it('comes in the end on a machine that is always late', async () => {
  const { clock, ranAt } = setUp();
  for (let round = 0; round < 2 * MAX_LISTENS; round++) {
    clock.holdUp(LISTEN_MS + LATE_MS);
    await clock.runFor(0);
  }
  expect(ranAt).toEqual([(MAX_LISTENS + 1) * (LISTEN_MS + LATE_MS)]);
});

it('can be taken back, also while it listens', async () => {
  const { clock, ranAt, timer } = setUp();
  clock.holdUp(500);
  await clock.runFor(0);
  timer.cancel();
  await clock.runFor(10_000);
  expect(ranAt).toEqual([]);
  expect(clock.pendingTimers()).toEqual([]);
});
