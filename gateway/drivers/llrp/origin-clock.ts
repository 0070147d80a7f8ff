/**
 * Puts a reader's UTC onto the gateway's time scale. Reader clocks drift, start in 1970 and get stepped by NTP, so
 * only differences are trusted: offset = gateway time of arrival − reader time of the latest sight. Every sample
 * carries the delay of its report on top, so the smallest sample is the best one:
 *  - a smaller sample counts at once (a quicker report, or the reader's clock was put forward);
 *  - a larger offset is only believed when a whole window had nothing smaller (drift, clock put back), so a burst
 *    of old reports held during a line cut keeps its true age;
 *  - no reader holds reports longer than MAX_BACKLOG_MS: a sample beyond that is a stepped clock and counts at once.
 * The event that opens a connection is never held back, and so starts the offset afresh.
 */
const WINDOW_MS = 30_000;
const MAX_BACKLOG_MS = 24 * 3_600_000;

export class OriginClock {
  #offsetMs: number | undefined;
  #windowStartedAt = 0;
  #windowSmallestMs = 0;

  /** A reader time that is known to be of this moment. */
  anchor(readerMicroseconds: number, now: number): void {
    const sample = now - readerMicroseconds / 1000;
    this.#offsetMs = sample;
    this.#startWindow(sample, now);
  }

  /** The latest sight of a report that has just arrived. */
  observe(readerMicroseconds: number, now: number): void {
    const sample = now - readerMicroseconds / 1000;
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

  /** Gateway time of a reader time, never in the future. */
  toGateway(readerMicroseconds: number, now: number): number {
    return Math.min(now, Math.round(readerMicroseconds / 1000 + (this.#offsetMs ?? 0)));
  }

  #startWindow(sample: number, now: number): void {
    this.#windowStartedAt = now;
    this.#windowSmallestMs = sample;
  }
}
