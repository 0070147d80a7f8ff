import { describe, expect, it } from 'vitest';
import { createClock } from '../../protocol/ports/clock.ts';
import { punctual } from './punctual-clock.ts';

/** A host that can be held up: nothing runs meanwhile, and then all that is overdue, in the order of its times. */
function slowHost() {
  let at = 0;
  let timers: { at: number; task: () => void }[] = [];
  const run = (until: number) => {
    for (;;) {
      const next = timers.toSorted((a, b) => a.at - b.at).find((timer) => timer.at <= until);
      if (next === undefined) return;
      timers = timers.filter((timer) => timer !== next);
      at = Math.max(at, next.at);
      next.task();
    }
  };
  return {
    clock: createClock({
      now: () => at,
      monotonicMs: () => at,
      setTimeout: (task, delayMs) => {
        const timer = { at: at + delayMs, task };
        timers.push(timer);
        return timer;
      },
      clearTimeout: (handle) => {
        timers = timers.filter((timer) => timer !== handle);
      },
    }),
    runUntil(until: number) {
      run(until);
      at = until;
    },
    heldUpUntil(until: number) {
      at = until;
      run(until);
    },
  };
}

describe('on a host that was held up', () => {
  it('things happen when they were due, one after the other, also what follows from them', () => {
    const host = slowHost();
    const clock = punctual(host.clock);
    const happened: [string, number][] = [];
    const note = (what: string) => happened.push([what, clock.now()]);
    clock.setTimer(100, 'outer beam', () => {
      note('outer beam');
      clock.setTimer(150, 'gone', () => note('gone'));
    });
    clock.setTimer(200, 'inner beam', () => note('inner beam'));
    host.heldUpUntil(900);
    expect(happened).toEqual([
      ['outer beam', 100],
      ['inner beam', 200],
      ['gone', 250],
    ]);
    expect(clock.now()).toBe(900);
  });

  it('time does not go back to what is still overdue', () => {
    const host = slowHost();
    const clock = punctual(host.clock);
    let at = 0;
    host.runUntil(50);
    clock.setTimer(100, 'overdue', () => {
      at = clock.now();
    });
    host.runUntil(120);
    expect(clock.now()).toBe(120);
    host.runUntil(150);
    expect(at).toBe(150);
    expect(clock.now()).toBe(150);
  });
});
