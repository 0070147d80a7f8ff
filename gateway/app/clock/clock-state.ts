/**
 * Stamps for the journal: boot id, monotonic time, and how far the wall clock is to be trusted.
 *
 * The clock of a computer without a battery starts anywhere. It is `unsynced` until this boot has a confirmation, by
 * the system (which must have synchronised since) or by the cloud (the time in its acks), and again from the moment
 * the wall clock is seen to jump against the monotonic one, which is looked for at every stamp. `holdover`: it was
 * confirmed, but that is long ago or the system no longer says so.
 *
 * The gateway never rewrites a time. A clock that the cloud has proven wrong stays unsynced, and each stamp then says
 * by how much it is off; what was stamped before the first confirmation is put right by the cloud, from the `clock`
 * events written here: one at the start, one for each jump and each confirmation, and one now and then while nothing
 * is confirmed, which bounds how long a boot lived that never learns the time.
 */
import { CLOCK_SOURCES, type ClockSource } from '../../../protocol/events/kinds/clock.ts';
import type { ClockState, Stamp } from '../../../protocol/events/record.ts';
import type { ClockEvent } from '../../../protocol/events/stock-event.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { SystemSync, SystemTime } from './system-time.ts';

/** No correct clock says less: this was written later. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);
/** NTP slews smaller differences away; larger ones are steps. */
const STEP_MS = 1000;
/** How far a clock may be off that counts as right. */
const TOLERANCE_MS = 1000;
/** An answer that takes longer gives the time too roughly: it may be off by half of that. */
const MAX_ROUND_TRIP_MS = 2000;
/** One that takes up to so long still confirms a clock that it does not contradict: nothing better may come. */
const MAX_SLOW_ROUND_TRIP_MS = 30_000;
/** timesyncd synchronises at least every 34 minutes (PollIntervalMaxSec, timesyncd.conf(5)). */
const HOLDOVER_AFTER_MS = 3 * 3_600_000;
const STILL_UNSYNCED_EVERY_MS = 10 * 60_000;

export interface ClockStatus {
  readonly state: ClockState;
  /** Who confirmed it last in this boot; undefined: nobody yet. */
  readonly source: 'system' | 'cloud' | undefined;
  readonly confirmedAgoMs: number | undefined;
  /** What to add to the wall clock to have true time, as far as is known. */
  readonly offsetMs: number | undefined;
}

export interface ClockWatch {
  stamp(): Stamp;
  /** Call every few seconds: asks the system. */
  check(): void;
  /** An ack carried the cloud's time; the batch it answers was sent at this monotonic time. */
  onAckAt(at: number, sentMonotonicMs: number): void;
  /** Where clock events go, from now on and those there have been; never called from within a stamp. */
  onEvent(listener: (event: ClockEvent) => void): void;
  status(): ClockStatus;
}

interface ClockWatchOptions {
  readonly clock: Clock;
  readonly bootId: string;
  /** `trusted`: a simulated clock, which is right by definition. */
  readonly systemTime: SystemTime | 'trusted';
}

export function createClockWatch(options: ClockWatchOptions): ClockWatch {
  return options.systemTime === 'trusted' ? trusted(options) : new Watch(options, options.systemTime);
}

function trusted({ clock, bootId }: ClockWatchOptions): ClockWatch {
  return {
    stamp: () => {
      return { recordedAt: clock.now(), bootId, monotonicMs: clock.monotonicMs(), clock: 'synced' };
    },
    check() {},
    onAckAt() {},
    onEvent() {},
    status: () => ({ state: 'synced', source: undefined, confirmedAgoMs: undefined, offsetMs: 0 }),
  };
}

interface Confirmation {
  readonly source: 'system' | 'cloud';
  readonly monotonicMs: number;
  /** The true time then. */
  readonly trueMs: number;
}

/** What the clocks say at one moment. */
interface Moment {
  readonly wall: number;
  readonly monotonicMs: number;
}

class Watch implements ClockWatch {
  readonly #clock: Clock;
  readonly #bootId: string;
  readonly #systemTime: SystemTime;
  /** Wall less monotonic time at the last look. */
  #offset: number;
  /** The last one of this boot: monotonic time gives the true time from it, whatever the wall clock does. */
  #confirmation: Confirmation | undefined;
  /** The wall clock has not jumped since. */
  #holds = false;
  /** What the system said last that counted, or when the clock jumped. */
  #lastSync: SystemSync = 'none';
  #reportedAt = 0;
  readonly #events: ClockEvent[] = [];
  #listener: ((event: ClockEvent) => void) | undefined;

  constructor({ clock, bootId }: ClockWatchOptions, systemTime: SystemTime) {
    this.#clock = clock;
    this.#bootId = bootId;
    this.#systemTime = systemTime;
    this.#offset = clock.now() - clock.monotonicMs();
    this.#askSystem(this.#look());
    if (this.#confirmation === undefined) this.#reportUnsynced(this.#look());
  }

  stamp(): Stamp {
    const now = this.#look();
    const { wall: recordedAt, monotonicMs } = now;
    const clock = this.#stateAt(now);
    const stamp = { recordedAt, bootId: this.#bootId, monotonicMs, clock };
    const trueOffsetMs = this.#trueOffsetAt(now);
    return clock === 'unsynced' && trueOffsetMs !== undefined ? { ...stamp, trueOffsetMs } : stamp;
  }

  check(): void {
    const now = this.#look();
    this.#askSystem(now);
    const unsynced = this.#confirmation === undefined;
    if (unsynced && now.monotonicMs - this.#reportedAt >= STILL_UNSYNCED_EVERY_MS) this.#reportUnsynced(now);
  }

  onAckAt(at: number, sentMonotonicMs: number): void {
    const now = this.#look();
    const roundTripMs = now.monotonicMs - sentMonotonicMs;
    if (!(roundTripMs >= 0 && roundTripMs <= MAX_SLOW_ROUND_TRIP_MS) || at < EARLIEST_MS) return;
    if (this.#confirmation?.source === 'system' && this.#stateAt(now) === 'synced') return;
    if (roundTripMs <= MAX_ROUND_TRIP_MS) this.#confirm('cloud', now, Math.round(at + roundTripMs / 2));
    else if (this.#confirmation === undefined && isWithin(at, now.wall - roundTripMs, now.wall)) {
      this.#confirm('cloud', now, now.wall);
    }
  }

  onEvent(listener: (event: ClockEvent) => void): void {
    this.#listener = listener;
    this.#emitSoon();
  }

  status(): ClockStatus {
    const now = this.#look();
    const confirmation = this.#confirmation;
    return {
      state: this.#stateAt(now),
      source: confirmation?.source,
      confirmedAgoMs: confirmation && Math.round(now.monotonicMs - confirmation.monotonicMs),
      offsetMs: this.#trueOffsetAt(now),
    };
  }

  /** Reads both clocks, and notices a jump since the last look. */
  #look(): Moment {
    const wall = this.#clock.now();
    const monotonicMs = this.#clock.monotonicMs();
    const expected = Math.round(this.#offset + monotonicMs);
    this.#offset = wall - monotonicMs;
    if (Math.abs(wall - expected) >= STEP_MS) {
      this.#holds = false;
      this.#lastSync = this.#systemTime.lastSync();
      this.#report('step', { wall: expected, monotonicMs }, wall);
    }
    return { wall, monotonicMs };
  }

  #askSystem(now: Moment): void {
    const sync = this.#systemTime.lastSync();
    if (typeof sync === 'string') {
      this.#lastSync = sync;
      return;
    }
    const isNew = typeof this.#lastSync === 'string' || this.#lastSync.mark !== sync.mark;
    if (!isNew || now.wall < EARLIEST_MS) return;
    this.#lastSync = sync;
    this.#confirm('system', now, now.wall);
  }

  /** Reported upstream when it is news: the clock was not confirmed until now, or is off by other than was known. */
  #confirm(source: 'system' | 'cloud', now: Moment, trueMs: number): void {
    const known = this.#trueOffsetAt(now);
    const differs = known === undefined || Math.abs(trueMs - now.wall - known) >= TOLERANCE_MS;
    const isNews = !this.#holds || differs;
    this.#confirmation = { source, monotonicMs: now.monotonicMs, trueMs };
    this.#holds = true;
    if (isNews) this.#report(source, now, trueMs);
  }

  #trueOffsetAt({ wall, monotonicMs }: Moment): number | undefined {
    const confirmation = this.#confirmation;
    if (confirmation === undefined) return undefined;
    return Math.round(confirmation.trueMs + monotonicMs - confirmation.monotonicMs) - wall;
  }

  #stateAt(now: Moment): ClockState {
    const confirmation = this.#confirmation;
    if (confirmation === undefined || !this.#holds) return 'unsynced';
    const isSystem = confirmation.source === 'system';
    // Of the system's clock nothing better is known than that it runs on; the cloud's word is carried on evenly.
    if (!isSystem && Math.abs(this.#trueOffsetAt(now) ?? 0) >= TOLERANCE_MS) return 'unsynced';
    const stopped = isSystem && typeof this.#lastSync === 'string';
    return stopped || now.monotonicMs - confirmation.monotonicMs > HOLDOVER_AFTER_MS ? 'holdover' : 'synced';
  }

  #reportUnsynced(now: Moment): void {
    this.#report('step', now, now.wall);
  }

  #report(source: ClockSource, { wall, monotonicMs }: Moment, wallAfter: number): void {
    this.#reportedAt = monotonicMs;
    this.#events.push({
      type: 'clock',
      // On the scale of the wall clock, like the times of all other events.
      occurredAt: CLOCK_SOURCES[source].confirms ? wall : wallAfter,
      bootId: this.#bootId,
      monotonicMs,
      wallBefore: wall,
      wallAfter,
      source,
    });
    this.#emitSoon();
  }

  /** Later: an event is stamped itself. */
  #emitSoon(): void {
    if (this.#listener === undefined || this.#events.length === 0) return;
    this.#clock.setTimer(0, 'clock events', () => {
      for (const event of this.#events.splice(0)) this.#listener?.(event);
    });
  }
}

function isWithin(at: number, from: number, to: number): boolean {
  return at >= from - TOLERANCE_MS && at <= to + TOLERANCE_MS;
}
