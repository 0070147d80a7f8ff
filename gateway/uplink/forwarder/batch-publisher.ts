/**
 * Hands batches to the uplink, one sending each: paces them, measures what the link carries, counts, and watches for a
 * carrier that gives no answer. Knows no lanes and no journal; whether a batch is sent again is the forwarder's affair.
 */
import type { Lane } from '../../../protocol/events/lanes.ts';
import { MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import { describeError } from '../../../protocol/link/carrier-words.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Uplink } from '../uplink.ts';
import type { FitLimits } from './batch-fitting.ts';
import { CarrierWatchdog } from './carrier-watchdog.ts';
import type { ForwarderSettings } from './forwarder-options.ts';
import type { ForwarderCounters } from './forwarder-status.ts';
import { batchBytes, FIRST_GAUGE, type LinkGauge, lost, STUCK_MS, taken } from './link-gauge.ts';
import { Pace } from './pace.ts';

interface BatchPublisherParts {
  readonly uplink: Uplink;
  readonly clock: Clock;
  readonly settings: ForwarderSettings;
  readonly counters: ForwarderCounters;
}

interface Outstanding {
  readonly bytes: number;
  readonly sentAtMs: number;
}

export class BatchPublisher {
  readonly #parts: BatchPublisherParts;
  readonly #pace: Pace;
  /** Given to the carrier and not answered; of the present connection only. */
  #outstanding = new Set<Outstanding>();
  readonly watchdog: CarrierWatchdog;
  gauge: LinkGauge = FIRST_GAUGE;

  constructor(parts: BatchPublisherParts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.settings.pace, parts.clock.monotonicMs());
    this.watchdog = new CarrierWatchdog(parts.settings.silence);
  }

  get liveBytes(): number {
    return Math.min(this.#pace.liveBurstBytes, batchBytes(this.gauge));
  }

  fitLimits(): FitLimits {
    return {
      maxBytes: Math.min(batchBytes(this.gauge), this.#pace.burstBytes),
      hardBytes: this.#parts.uplink.maxBatchBytes ?? MAX_BATCH_BYTES,
    };
  }

  /** When a batch of this size may go, not before `nowMs`; Infinity: after the carrier has answered one. */
  readyAtMs(bytes: number, live: boolean, nowMs: number): number {
    if (this.#outstanding.size > 0) {
      const under = [...this.#outstanding].reduce((sum, one) => sum + one.bytes, 0);
      const limit = this.gauge.limitBytes * (live ? 2 : 1);
      if (under + bytes > limit) return Number.POSITIVE_INFINITY;
    }
    return this.#pace.readyAtMs(bytes, live, nowMs);
  }

  /**
   * One sending. `settled` is called when the carrier took it, or with what went wrong; never after the connection it
   * went out on has ended.
   */
  publish(
    lane: Lane,
    payload: Uint8Array,
    live: boolean,
    settled: (failure: string | undefined) => void,
  ): void {
    const { uplink, clock, counters } = this.#parts;
    const sentAtMs = clock.monotonicMs();
    const bytes = payload.length;
    this.#pace.spend(bytes, live, sentAtMs);
    counters.batchesSent++;
    counters.bytesSent += bytes;
    const connection = this.#outstanding;
    const one: Outstanding = { bytes, sentAtMs };
    connection.add(one);
    this.watchdog.sent(sentAtMs);
    const settle = (failure: string | undefined) => {
      if (connection !== this.#outstanding || !connection.delete(one)) return;
      const nowMs = clock.monotonicMs();
      this.watchdog.answered(nowMs);
      if (failure === undefined) this.gauge = taken(this.gauge, bytes, sentAtMs, nowMs);
      else counters.publishFailures++;
      settled(failure);
    };
    uplink.publish(lane, payload).then(
      () => settle(undefined),
      (error: unknown) => settle(describeError(error)),
    );
  }

  /** The cloud did not answer what was sent then. */
  silence(sentAtMs: number): void {
    this.gauge = lost(this.gauge, sentAtMs, this.#parts.clock.monotonicMs());
  }

  /** A connection came or went: nothing that is under way will be answered on it. */
  renewed(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const oldest = Math.min(...[...this.#outstanding].map((one) => one.sentAtMs));
    if (nowMs - oldest >= STUCK_MS) this.gauge = lost(this.gauge, oldest, nowMs);
    this.#outstanding = new Set();
    this.watchdog.renewed();
  }
}
