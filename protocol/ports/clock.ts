/**
 * The clock port. Nothing outside `app/` and adapters touches real time; everything else is handed a Clock.
 * A process builds one with `createClock(host)` (the host carries the real functions, so this file stays pure),
 * scaled for demos; tests and virtual runs use VirtualClock.
 */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Milliseconds since an arbitrary start of this process. Never goes back. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs` of this clock. The name shows up in diagnostics of stuck virtual runs. */
  setTimer(delayMs: number, name: string, task: () => void): Timer;
  /**
   * Informs the clock that real asynchronous work (a commit, a query) is under way: virtual time stands still
   * until it settles; real clocks just pass the promise through.
   */
  track<T>(work: Promise<T>): Promise<T>;
}

/** The real functions a clock is made from: `Date.now`, `performance.now`, `setTimeout`, `clearTimeout`. */
export interface ClockHost {
  now(): number;
  monotonicMs(): number;
  setTimeout(task: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** Longest delay that setTimeout takes; beyond it Node fires at once. */
const MAX_DELAY_MS = 2_147_483_647;

/**
 * A clock on real time. `speed` 10 lets ten of its milliseconds pass in one real millisecond;
 * `startAt` sets what it says at the moment of creation (default: the host's time).
 */
export function createClock(host: ClockHost, options: { speed?: number; startAt?: number } = {}): Clock {
  const speed = options.speed ?? 1;
  const scaled = speed !== 1 || options.startAt !== undefined;
  const bornWall = options.startAt ?? host.now();
  const bornMonotonic = host.monotonicMs();
  const monotonicMs = () => (host.monotonicMs() - bornMonotonic) * speed;
  return {
    now: scaled ? () => Math.round(bornWall + monotonicMs()) : () => host.now(),
    monotonicMs,
    setTimer(delayMs, _name, task) {
      const realDelay = Math.min(Math.max(0, delayMs / speed), MAX_DELAY_MS);
      const handle = host.setTimeout(task, realDelay);
      return { cancel: () => host.clearTimeout(handle) };
    },
    track: (work) => work,
  };
}

/** Resolves after `delayMs` of the given clock. */
export function delay(clock: Clock, delayMs: number, name: string): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delayMs, name, resolve);
  });
}
