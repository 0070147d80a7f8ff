/** Rate limits as the quotas mean them: never more than N in any second, and bytes that wait their turn. */
import type { Clock } from '../../../protocol/ports/clock.ts';

const SECOND_MS = 1000;

/** At most `limit` in any stretch of one second (or `windowMs`): remembers when the last `limit` were let through. */
export class SlidingSecond {
  readonly #clock: Clock;
  readonly #times: number[] = [];
  readonly #limit: number;
  readonly #windowMs: number;
  #next = 0;

  constructor(limit: number, clock: Clock, windowMs = SECOND_MS) {
    this.#limit = limit;
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** True when one more may pass now; it is then counted. */
  tryTake(): boolean {
    const now = this.#clock.monotonicMs();
    const oldest = this.#times[this.#next];
    if (oldest !== undefined && now - oldest < this.#windowMs) return false;
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % this.#limit;
    return true;
  }

  /** True when all that passed did so longer ago than the window. */
  get idle(): boolean {
    const newest = this.#times[(this.#next + this.#limit - 1) % this.#limit];
    return newest === undefined || this.#clock.monotonicMs() - newest >= this.#windowMs;
  }
}

/** Names that one table of limits remembers at once; a newcomer beyond that has to wait. */
export const MAX_LIMITED_NAMES = 10_000;

/** One limit for each of many names, forgotten once idle: memory follows what is active. */
export class SlidingSeconds {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #byName = new Map<string, SlidingSecond>();

  constructor(limit: number, clock: Clock, windowMs = SECOND_MS) {
    this.#limit = limit;
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  tryTake(name: string): boolean {
    let limit = this.#byName.get(name);
    if (limit === undefined) {
      if (this.#byName.size >= MAX_LIMITED_NAMES && !this.#makeRoom()) return false;
      limit = new SlidingSecond(this.#limit, this.#clock, this.#windowMs);
      this.#byName.set(name, limit);
    }
    return limit.tryTake();
  }

  #makeRoom(): boolean {
    for (const [name, limit] of this.#byName) if (limit.idle) this.#byName.delete(name);
    return this.#byName.size < MAX_LIMITED_NAMES;
  }
}

/** A bucket of bytes that refills by `bytesPerSecond` and holds one second's worth; it may go into debt. */
export class ByteThrottle {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#tokens = bytesPerSecond;
    this.#at = clock.monotonicMs();
  }

  /** Takes `bytes` and returns how long they must wait, whole milliseconds, 0 for not at all. */
  take(bytes: number): number {
    const now = this.#clock.monotonicMs();
    const refill = ((now - this.#at) * this.#bytesPerSecond) / SECOND_MS;
    this.#tokens = Math.min(this.#bytesPerSecond, this.#tokens + refill) - bytes;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens * SECOND_MS) / this.#bytesPerSecond);
  }
}
