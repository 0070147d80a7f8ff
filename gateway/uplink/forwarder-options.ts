/**
 * What may be set on the forwarder. The defaults stay under AWS IoT Core's hard limits for one connection
 * (100 publishes/s, 512 KiB/s, 100 unacked) with room for acks and housekeeping.
 */
import { MAX_BATCH_EVENTS } from '../../protocol/link/batch.ts';
import type { ScheduleLimits } from './schedule.ts';
import type { BucketLimits } from './token-bucket.ts';

export interface ForwarderOptions {
  /** Batches waiting for the cloud's ack, default 16. */
  readonly window?: number;
  /** Events that make a batch worth sending at once, default 500. */
  readonly flushEvents?: number;
  /** Longest wait of a condition event for company, default 250; of stock and health events at most 50. */
  readonly lingerMs?: number;
  /** Most events of one batch, at most 1000; default 500, which keeps the event loop free (a few ms per batch). */
  readonly maxEvents?: number;
  /** Default 80. */
  readonly publishesPerSecond?: number;
  /** Default 480 KiB. */
  readonly bytesPerSecond?: number;
  /** Silence after the first sending of a batch until it is sent again, default 10,000; doubles from there. */
  readonly ackTimeoutMs?: number;
  /** Default 120,000. */
  readonly maxAckTimeoutMs?: number;
}

export interface ForwarderSettings {
  readonly schedule: ScheduleLimits;
  readonly maxEvents: number;
  readonly publishes: BucketLimits;
  readonly bytes: BucketLimits;
  readonly ackTimeout: { readonly firstMs: number; readonly maxMs: number; readonly graceMs: number };
}

/** After one ack the next batch of the lane gets at least this long: a slow cloud is not a silent one. */
const ACK_GRACE_MS = 2000;
const RESERVED_PER_LANE = 2;
const MAX_URGENT_LINGER_MS = 50;

export function withDefaults(options: ForwarderOptions): ForwarderSettings {
  const window = options.window ?? 16;
  const perSecond = options.publishesPerSecond ?? 80;
  const bytesPerSecond = options.bytesPerSecond ?? 480 * 1024;
  const firstMs = options.ackTimeoutMs ?? 10_000;
  const lingerMs = options.lingerMs ?? 250;
  const urgentLingerMs = Math.min(lingerMs, MAX_URGENT_LINGER_MS);
  return {
    schedule: {
      window,
      // A small window still lets every lane have one place.
      reservedPerLane: Math.min(RESERVED_PER_LANE, Math.floor((window - 1) / 2)),
      flushEvents: options.flushEvents ?? 500,
      lingerMs: { stock: urgentLingerMs, health: urgentLingerMs, condition: lingerMs },
    },
    maxEvents: Math.min(options.maxEvents ?? 500, MAX_BATCH_EVENTS),
    // Burst plus a second's rate stays below the 100 per second above which AWS discards.
    publishes: { perSecond, burst: Math.max(1, perSecond / 8) },
    bytes: { perSecond: bytesPerSecond, burst: bytesPerSecond / 16 },
    ackTimeout: {
      firstMs,
      maxMs: options.maxAckTimeoutMs ?? 120_000,
      graceMs: Math.min(ACK_GRACE_MS, firstMs),
    },
  };
}
