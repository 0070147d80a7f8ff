/** A clock whose timers can all be ended at once: a world has no other off switch. */
import type { Clock, Timer } from '../../protocol/ports/clock.ts';

interface StoppableClock extends Clock {
  stop(): void;
}

export function stoppable(clock: Clock): StoppableClock {
  const timers = new Set<Timer>();
  let stopped = false;
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    track: (work) => clock.track(work),
    setTimer(delayMs, name, task) {
      if (stopped) return { cancel: () => {} };
      const inner = clock.setTimer(delayMs, name, () => {
        timers.delete(timer);
        task();
      });
      const timer = {
        cancel() {
          timers.delete(timer);
          inner.cancel();
        },
      };
      timers.add(timer);
      return timer;
    },
    stop() {
      stopped = true;
      for (const timer of [...timers]) timer.cancel();
    },
  };
}
