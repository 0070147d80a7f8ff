/**
 * A timer for conclusions from silence: a reply that did not come, a reader that reads no more.
 *
 * A process that was held up (a slow disk, a busy machine) finds its timers overdue before it has looked at what
 * came in meanwhile: an event loop runs timers before input. Silence counts only while we listened. So a timer that
 * comes late first waits a little more, in which what is there is read.
 */
import type { Clock, Timer } from './clock.ts';

/** Later than this, something may have come in and not been read. */
export const LATE_MS = 50;
/** Enough to read what lies in the buffers of the operating system; whoever needs longer is late again. */
export const LISTEN_MS = 250;
/** A machine that is late each time must not put off conclusions for ever. */
export const MAX_LISTENS = 5;

/** As `clock.setTimer`, but when that is late, not before the process has listened. */
export function setPatientTimer(clock: Clock, delayMs: number, name: string, task: () => void): Timer {
  let timer: Timer;
  const wait = (waitMs: number, listensLeft: number) => {
    const dueAt = clock.monotonicMs() + Math.max(0, waitMs);
    timer = clock.setTimer(waitMs, name, () => {
      const late = clock.monotonicMs() - dueAt >= LATE_MS;
      if (late && listensLeft > 0) wait(LISTEN_MS, listensLeft - 1);
      else task();
    });
  };
  wait(delayMs, MAX_LISTENS);
  return { cancel: () => timer.cancel() };
}
