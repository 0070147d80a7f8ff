/**
 * A device's times on the gateway's scale, in milliseconds on both sides. Device clocks drift, start in 1970 and get
 * stepped by NTP, so only differences are trusted: offset = gateway time of arrival − device time of the latest sight.
 * Every sample carries the delay of its report on top, so the smallest sample is the best one:
 *  - a smaller sample counts at once (a quicker report, or the device's clock was put forward);
 *  - a larger offset is only believed when a whole window had nothing smaller (drift, clock put back), so a burst
 *    of old reports held during a line cut keeps its true age;
 *  - no device holds reports longer than MAX_BACKLOG_MS: a sample beyond that is a stepped clock and counts at once.
 * What is known to be never held back, such as the event that opens a connection, starts the offset afresh.
 */
const WINDOW_MS = 30_000;
const MAX_BACKLOG_MS = 24 * 3_600_000;

export class DeviceClock {
  #offsetMs: number | undefined;
  #windowStartedAt = 0;
  #windowSmallestMs = 0;

  /** False: no time of the device has been seen yet. */
  get isSet(): boolean {
    return this.#offsetMs !== undefined;
  }

  /** A device time that is known to be of this moment. */
  anchor(deviceMs: number, now: number): void {
    const sample = now - deviceMs;
    this.#offsetMs = sample;
    this.#startWindow(sample, now);
  }

  /** The latest sight of a report that has just arrived. */
  observe(deviceMs: number, now: number): void {
    const sample = now - deviceMs;
    const offset = this.#offsetMs;
    if (offset === undefined || sample < offset || sample - offset > MAX_BACKLOG_MS) {
      this.#offsetMs = sample;
      this.#startWindow(sample, now);
      return;
    }
    this.#windowSmallestMs = Math.min(this.#windowSmallestMs, sample);
    const age = now - this.#windowStartedAt;
    if (age >= WINDOW_MS || age < 0) {
      this.#offsetMs = this.#windowSmallestMs;
      this.#startWindow(sample, now);
    }
  }

  /** Gateway time of a device time, never in the future. */
  toGateway(deviceMs: number, now: number): number {
    return Math.min(now, Math.round(deviceMs + (this.#offsetMs ?? 0)));
  }

  #startWindow(sample: number, now: number): void {
    this.#windowStartedAt = now;
    this.#windowSmallestMs = sample;
  }
}

/** The time of a clock that is trusted, unless it cannot be true: clocks that were never set say 1970 or 2000. */
export function believedTime(
  deviceMs: number | undefined,
  { from, to }: { readonly from: number; readonly to: number },
): number | undefined {
  return deviceMs === undefined || deviceMs < from || deviceMs > to ? undefined : deviceMs;
}
