/**
 * What may be set on the forwarder. The defaults stay under AWS IoT Core's byte limit for one connection (512 KiB/s,
 * 100 unacked); `AWS_IOT_OPTIONS` also counts the acks that come back on it.
 */
import { laneKind, perLane } from '../../../protocol/events/lanes.ts';
import { MAX_BATCH_EVENTS } from '../../../protocol/link/batch.ts';
import type { AckPatience } from './link-gauge.ts';
import { type PaceLimits, paceLimits } from './pace.ts';
import type { ScheduleLimits } from './schedule.ts';

export interface ForwarderOptions {
  /** Batches waiting for the cloud's ack, default 16. */
  readonly window?: number | undefined;
  /** Events that make a batch worth sending at once, default 500. */
  readonly flushEvents?: number | undefined;
  /** Longest wait of an event for company, default 250; on lanes for which somebody waits at most 50. */
  readonly lingerMs?: number | undefined;
  /** Most events of one batch, at most 1000; default 500, which keeps the event loop free (a few ms per batch). */
  readonly maxEvents?: number | undefined;
  /** In any one second. Default 80. */
  readonly publishesPerSecond?: number | undefined;
  /** In any one second. Default 480 KiB. */
  readonly bytesPerSecond?: number | undefined;
  /** Silence after the first sending of a batch until it is sent again, default 10,000; doubles from there. */
  readonly ackTimeoutMs?: number | undefined;
  /** Default 120,000. */
  readonly maxAckTimeoutMs?: number | undefined;
  /** Batches under way and not a sign of life from the carrier: after this it is rebuilt. Default 60,000. */
  readonly carrierSilenceMs?: number | undefined;
  /** The carrier takes batches and the cloud answers none: after this it is rebuilt, too. Default 300,000. */
  readonly cloudSilenceMs?: number | undefined;
}

/**
 * AWS discards what is beyond 100 publishes of a connection in a second, both ways together. In any second that is 36
 * out, their acks, and those that a cloud gives at once after a pause: a window of 16 and three ahead per lane. Half of
 * the publishes may be small live ones, so the others are full.
 */
export const AWS_IOT_OPTIONS = {
  publishesPerSecond: 36,
  bytesPerSecond: 480 * 1024,
  window: 16,
  maxEvents: MAX_BATCH_EVENTS,
} as const;

export interface ForwarderSettings {
  readonly schedule: ScheduleLimits;
  readonly maxEvents: number;
  readonly pace: PaceLimits;
  readonly ackPatience: AckPatience;
  readonly ackGraceMs: number;
  readonly silence: { readonly carrierMs: number; readonly cloudMs: number };
}

/** After one ack the next batch of the lane gets at least this long: a slow cloud is not a silent one. */
const ACK_GRACE_MS = 2000;
const RESERVED_PER_LANE = 2;
const MAX_URGENT_LINGER_MS = 50;

export function withDefaults(options: ForwarderOptions): ForwarderSettings {
  const window = options.window ?? 16;
  const firstMs = options.ackTimeoutMs ?? 10_000;
  const lingerMs = options.lingerMs ?? 250;
  const urgentLingerMs = Math.min(lingerMs, MAX_URGENT_LINGER_MS);
  return {
    schedule: {
      window,
      // A small window still lets every lane have one place.
      reservedPerLane: Math.min(RESERVED_PER_LANE, Math.floor((window - 1) / 2)),
      flushEvents: options.flushEvents ?? 500,
      lingerMs: perLane((lane) => (laneKind(lane).mayLinger ? lingerMs : urgentLingerMs)),
    },
    maxEvents: Math.min(options.maxEvents ?? 500, MAX_BATCH_EVENTS),
    pace: paceLimits(options.publishesPerSecond ?? 80, options.bytesPerSecond ?? 480 * 1024),
    ackPatience: { firstMs, maxMs: options.maxAckTimeoutMs ?? 120_000 },
    ackGraceMs: Math.min(ACK_GRACE_MS, firstMs),
    silence: { carrierMs: options.carrierSilenceMs ?? 60_000, cloudMs: options.cloudSilenceMs ?? 300_000 },
  };
}
