/**
 * Stamps for the journal: boot id, monotonic time and how far the wall clock is to be trusted. A clock that says
 * less than the build date has not been set since boot. Steps of the wall clock against the monotonic one become
 * `clock` events.
 */
import type { ClockState, Stamp } from '../../protocol/events/record.ts';
import type { ClockEvent } from '../../protocol/events/stock-event.ts';
import type { Clock } from '../../protocol/ports/clock.ts';

/** No correct clock says less: this was written later. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);
/** NTP slews smaller differences away; larger ones are steps. */
const STEP_MS = 1000;

export interface ClockWatch {
  stamp(): Stamp;
  /** Call now and then; tells of a step since the last call. */
  check(): ClockEvent | undefined;
}

export function createClockWatch(clock: Clock, bootId: string): ClockWatch {
  let offset = clock.now() - clock.monotonicMs();
  const state = (): ClockState => (clock.now() < EARLIEST_MS ? 'unsynced' : 'synced');
  return {
    stamp: () => ({
      recordedAt: clock.now(),
      bootId,
      monotonicMs: clock.monotonicMs(),
      clock: state(),
    }),
    check() {
      const wallAfter = clock.now();
      const monotonicMs = clock.monotonicMs();
      const wallBefore = Math.round(offset + monotonicMs);
      if (Math.abs(wallAfter - wallBefore) < STEP_MS) return undefined;
      offset = wallAfter - monotonicMs;
      return { type: 'clock', occurredAt: wallAfter, bootId, monotonicMs, wallBefore, wallAfter };
    },
  };
}
