/**
 * How much has come in per second, against a limit: a bucket of one second's worth that refills with monotonic
 * time. Says no instead of waiting; whoever asks counts what it turned away.
 */
export class RateGauge {
  readonly #perSecond: number;
  #left: number;
  #at: number;

  constructor(perSecond: number, nowMonotonicMs: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#at = nowMonotonicMs;
  }

  /** True when `amount` is within the limit; it is then used up. */
  take(amount: number, nowMonotonicMs: number): boolean {
    const refill = ((nowMonotonicMs - this.#at) * this.#perSecond) / 1_000;
    this.#left = Math.min(this.#perSecond, this.#left + refill);
    this.#at = nowMonotonicMs;
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }
}
