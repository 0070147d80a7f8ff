/**
 * A clock that stands where the bench puts it: time comes from recorded bytes, not from the wall, so that a stream
 * of many minutes can be pushed through as fast as the machine allows. Timers fire in order while time is moved.
 */
import { type Clock, createClock } from '../../protocol/ports/clock.ts';

interface DueTask {
  readonly due: number;
  readonly task: () => void;
}

interface SteppedTime {
  readonly clock: Clock;
  advanceTo(now: number): void;
}

export function createSteppedTime(startAt: number): SteppedTime {
  const waiting = new Set<DueTask>();
  let now = startAt;
  let soonest = Number.POSITIVE_INFINITY;
  const findSoonest = () => {
    soonest = Number.POSITIVE_INFINITY;
    for (const { due } of waiting) soonest = Math.min(soonest, due);
  };
  const clock = createClock({
    now: () => now,
    monotonicMs: () => now - startAt,
    setTimeout(task, delayMs) {
      const entry = { due: now + delayMs, task };
      waiting.add(entry);
      soonest = Math.min(soonest, entry.due);
      return entry;
    },
    clearTimeout: (handle) => void waiting.delete(handle as DueTask),
  });
  return {
    clock,
    advanceTo(next) {
      while (soonest <= next) {
        for (const entry of [...waiting]) {
          if (entry.due > soonest) continue;
          waiting.delete(entry);
          now = Math.max(now, entry.due);
          entry.task();
        }
        findSoonest();
      }
      now = next;
    },
  };
}
