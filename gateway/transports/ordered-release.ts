/**
 * Takes a client's messages in order, at no more than a given rate, and lets go of them in order: work starts as
 * soon as the rate allows, so that many messages share one commit, but the k-th is released only after all before
 * it. What exceeds the rate waits; the broker stops reading from a client whose messages wait.
 */
import type { Clock } from '../../protocol/ports/clock.ts';

export class OrderedRelease {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  #nextAt = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(clock: Clock, ratePerSecond: number, burst: number) {
    this.#clock = clock;
    this.#intervalMs = 1_000 / ratePerSecond;
    this.#burstMs = burst * this.#intervalMs;
    this.#nextAt = clock.monotonicMs() - this.#burstMs;
  }

  /** `release` is called once, in the order of the calls to `run`, with the error when `work` failed. */
  run(
    work: () => Promise<void> | undefined,
    release: (error?: Error) => void,
  ): { readonly delayedMs: number } {
    const now = this.#clock.monotonicMs();
    const startAt = Math.max(this.#nextAt, now - this.#burstMs) + this.#intervalMs;
    this.#nextAt = startAt;
    const delayedMs = Math.max(0, startAt - now);
    const done = delayedMs === 0 ? start(work) : this.#later(delayedMs, work);
    // A failure must not stay unhandled while earlier messages are still being released.
    const outcome = done.then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    this.#tail = this.#tail.then(async () => release(await outcome));
    return { delayedMs };
  }

  #later(delayMs: number, work: () => Promise<void> | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#clock.setTimer(delayMs, 'device broker pace', () => void start(work).then(resolve, reject));
    });
  }
}

async function start(work: () => Promise<void> | undefined): Promise<void> {
  await work();
}
