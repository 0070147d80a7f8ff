/**
 * The clock of a simulated world on a host that may be held up. What a timer does happens when the timer was due,
 * however late it fires: a slow host delays what devices send, never when things happened to them, for real hardware
 * has a processor of its own. Never goes back. Under virtual time it is the clock that it is made from.
 */
import type { Clock } from '../../protocol/ports/clock.ts';

export function punctual(clock: Clock): Clock {
  let latest = Number.NEGATIVE_INFINITY;
  /** While a task runs: when it was due. */
  let due: number | undefined;
  const now = () => {
    latest = Math.max(latest, due ?? clock.now());
    return latest;
  };
  return {
    now,
    monotonicMs: () => clock.monotonicMs(),
    track: (work) => clock.track(work),
    setTimer(delayMs, name, task) {
      const dueAt = now() + Math.max(0, delayMs);
      return clock.setTimer(dueAt - clock.now(), name, () => {
        const before = due;
        due = Math.min(dueAt, clock.now());
        try {
          task();
        } finally {
          due = before;
        }
      });
    },
  };
}
