import { describe, expect, it } from 'vitest';
import { type ClockHost, createClock } from './clock.ts';

function fakeHost() {
  const timers: { due: number; task: () => void; handle: number }[] = [];
  const host: ClockHost & { time: number } = {
    time: 5000,
    now: () => host.time,
    monotonicMs: () => host.time - 5000,
    setTimeout: (task: () => void, delayMs: number) => {
      const handle = timers.length;
      timers.push({ due: delayMs, task, handle });
      return handle;
    },
    clearTimeout: (handle: unknown) => {
      timers.splice(
        timers.findIndex((timer) => timer.handle === handle),
        1,
      );
    },
  };
  return { host, timers };
}

describe('a clock on a host', () => {
  it('says the host time when nothing is asked of it, jumps included', () => {
    const { host } = fakeHost();
    const clock = createClock(host);
    host.time = 90_000;
    expect(clock.now()).toBe(90_000);
  });

  it('runs faster than life from the time it was given', () => {
    const { host } = fakeHost();
    const clock = createClock(host, { speed: 10, startAt: 1_000_000 });
    expect(clock.now()).toBe(1_000_000);
    host.time += 250;
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_002_500, 2500]);
  });

  it('waits a tenth as long at ten times the speed, never negatively, never longer than the host can', () => {
    const { host, timers } = fakeHost();
    const clock = createClock(host, { speed: 10 });
    for (const delay of [500, -3, 1e15]) clock.setTimer(delay, 'x', () => {});
    expect(timers.map((timer) => timer.due)).toEqual([50, 0, 2_147_483_647]);
  });

  it('takes a timer back', () => {
    const { host, timers } = fakeHost();
    createClock(host)
      .setTimer(5, 'x', () => {})
      .cancel();
    expect(timers).toEqual([]);
  });
});
