/**
 * A real clock, some times faster, on which the timers that give up on an answer only go off when the test says so: a
 * slow machine cannot make them pass early.
 */
import { type Clock, createClock, type Timer } from '../../../protocol/ports/clock.ts';

const BY_HAND = new Set(['mqtt publish', 'http answer', 'http greeting']);

export interface HandClock extends Clock {
  /** Lets everybody who waits for an answer now give up. */
  giveUpWaiting(): void;
}

export function handClock(speed: number): HandClock {
  const clock = createClock(
    {
      now: Date.now,
      monotonicMs: () => performance.now(),
      setTimeout: (task, delayMs) => setTimeout(task, delayMs),
      clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
    },
    { speed },
  );
  const held = new Set<() => void>();
  return {
    ...clock,
    setTimer(delayMs, name, task): Timer {
      if (!BY_HAND.has(name)) return clock.setTimer(delayMs, name, task);
      const once = () => {
        held.delete(once);
        task();
      };
      held.add(once);
      return { cancel: () => held.delete(once) };
    },
    giveUpWaiting() {
      for (const task of [...held]) task();
    },
  };
}
