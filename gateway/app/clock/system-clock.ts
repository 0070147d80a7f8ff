/** The one place of the gateway that touches real time. */
import { type Clock, type ClockHost, createClock } from '../../../protocol/ports/clock.ts';

const host: ClockHost = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Real time, or for simulations a clock that said `startAt` at the host time `anchor` and runs at `speed`. */
export function systemClock(simulated?: { speed: number; startAt: number; anchor: number }): Clock {
  if (simulated === undefined) return createClock(host);
  const startAt = simulated.startAt + (host.now() - simulated.anchor) * simulated.speed;
  return createClock(host, { speed: simulated.speed, startAt });
}
