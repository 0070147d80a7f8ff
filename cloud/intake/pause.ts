/** A pause of the clock that closing ends. */
import type { Clock } from '../../protocol/ports/clock.ts';

/** Resolves after `waitMs`, or as soon as the signal aborts. */
export function pauseFor(clock: Clock, waitMs: number, aborted: AbortSignal): Promise<void> {
  if (aborted.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      aborted.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(waitMs, 'intake pause', end);
    aborted.addEventListener('abort', end);
  });
}
