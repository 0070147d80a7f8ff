/**
 * Pacing: token buckets that keep one connection under a carrier's quotas in every second, not only on average.
 * A little of each is set apart for live events, so that what just happened does not wait for a backlog's tokens; and
 * live events take no more than half of the publishes, so that many small batches do not crowd out the full ones: above
 * that they gather for a few milliseconds more.
 *
 * In any second at most rate + burst passes: nothing is overdrawn except by a single batch larger than the burst
 * (one huge event), whose debt is waited off.
 */
import { LANES } from '../../../protocol/events/lanes.ts';
import { type Bucket, type BucketLimits, fullBucket, readyAtMs, spend } from './token-bucket.ts';

export interface PaceLimits {
  readonly publishes: BucketLimits;
  /** Publish tokens that only live events may use. */
  readonly publishesForLive: number;
  /** Of the publishes, those that live events may use without queueing with the others. */
  readonly livePublishes: BucketLimits;
  readonly bytes: BucketLimits;
  readonly liveBytes: BucketLimits;
}

/** Shares of the byte rate. */
const LIVE_SHARE = 1 / 16;
const BURST_SHARE = 1 / 10;

/** `perSecond` figures are never passed in any one second, by either bucket's rate and burst together. */
export function paceLimits(publishesPerSecond: number, bytesPerSecond: number): PaceLimits {
  const burst = bytesPerSecond * BURST_SHARE;
  const live = bytesPerSecond * LIVE_SHARE;
  const publishBurst = Math.max(2, publishesPerSecond / 10);
  return {
    publishes: { perSecond: Math.max(1, publishesPerSecond - publishBurst), burst: publishBurst },
    // One for each lane: what happens on all of them at once leaves at once.
    publishesForLive: Math.min(LANES.length, publishBurst - 1),
    livePublishes: { perSecond: publishesPerSecond / 2, burst: Math.max(2, publishBurst / 2) },
    bytes: { perSecond: bytesPerSecond - burst - live, burst },
    liveBytes: { perSecond: live / 2, burst: live / 2 },
  };
}

export class Pace {
  readonly #limits: PaceLimits;
  #publishes: Bucket;
  #livePublishes: Bucket;
  #bytes: Bucket;
  #liveBytes: Bucket;

  constructor(limits: PaceLimits, nowMs: number) {
    this.#limits = limits;
    this.#publishes = fullBucket(limits.publishes, nowMs);
    this.#livePublishes = fullBucket(limits.livePublishes, nowMs);
    this.#bytes = fullBucket(limits.bytes, nowMs);
    this.#liveBytes = fullBucket(limits.liveBytes, nowMs);
  }

  /** Largest batch that is not overdrawn. */
  get burstBytes(): number {
    return Math.floor(this.#limits.bytes.burst);
  }

  /** Largest batch that may use what is set apart for live events. */
  get liveBurstBytes(): number {
    return Math.floor(this.#limits.liveBytes.burst);
  }

  /** When a batch of this size may go. */
  readyAtMs(bytes: number, live: boolean, nowMs: number): number {
    const { publishes, publishesForLive } = this.#limits;
    const needed = live ? 1 : 1 + publishesForLive;
    const publishAt = readyAtMs(this.#publishes, publishes, needed, nowMs);
    const bytesAt = readyAtMs(this.#bytes, this.#limits.bytes, bytes, nowMs);
    if (!live) return Math.max(publishAt, bytesAt);
    const liveAt = readyAtMs(this.#liveBytes, this.#limits.liveBytes, bytes, nowMs);
    const turnAt = readyAtMs(this.#livePublishes, this.#limits.livePublishes, 1, nowMs);
    return Math.max(publishAt, turnAt, Math.min(bytesAt, liveAt));
  }

  /** A batch goes now. */
  spend(bytes: number, live: boolean, nowMs: number): void {
    const { publishes, livePublishes, bytes: bulk, liveBytes } = this.#limits;
    if (live && readyAtMs(this.#livePublishes, livePublishes, 1, nowMs) <= nowMs)
      this.#livePublishes = spend(this.#livePublishes, livePublishes, 1, nowMs);
    this.#publishes = spend(this.#publishes, publishes, 1, nowMs);
    if (live && readyAtMs(this.#liveBytes, liveBytes, bytes, nowMs) <= nowMs) {
      this.#liveBytes = spend(this.#liveBytes, liveBytes, bytes, nowMs);
    } else {
      this.#bytes = spend(this.#bytes, bulk, bytes, nowMs);
    }
  }
}
