/**
 * What the link carries, learnt from how long batches take. Pure.
 *
 * - `limitBytes` is how much may be on its way to the carrier at once. It doubles per round trip while batches are
 *   taken quickly and falls when they queue up or are lost, so that a thin link gets small batches, and never more
 *   ahead of a live event than it carries in a few seconds; a fat one gets all it takes.
 * - The time to wait for the cloud's ack follows what acks take (RFC 6298 section 2), from first sendings only: the ack
 *   of something sent twice does not say which it answers.
 */
export interface LinkGauge {
  readonly limitBytes: number;
  /** Shortest time the carrier took for a batch, ms. */
  readonly quickestMs: number | undefined;
  /** Monotonic ms; what was sent before the last fall says nothing new. */
  readonly fellAtMs: number;
  /** Smoothed time from taken to acked, and its spread, ms. */
  readonly ackMs: number | undefined;
  readonly ackSpreadMs: number;
}

const FIRST_LIMIT_BYTES = 128 * 1024;
const MIN_LIMIT_BYTES = 4 * 1024;
const MAX_LIMIT_BYTES = 2 * 1024 * 1024;
const MIN_BATCH_BYTES = 2 * 1024;
/** At least this many batches share the limit, so that one can be answered while the next is on its way. */
const BATCHES_AT_ONCE = 4;
/** A batch that takes this much longer than the quickest one stood in a queue. */
const QUICK_MS = 500;
const QUEUED_MS = 1500;
/** A long way (satellite) is no queue; anything slower than this is. */
const LONGEST_WAY_MS = 1000;
/** A link that breaks under a batch that waited this long carries too little for what was put on it. */
export const STUCK_MS = 3000;

export const FIRST_GAUGE: LinkGauge = {
  limitBytes: FIRST_LIMIT_BYTES,
  quickestMs: undefined,
  fellAtMs: Number.NEGATIVE_INFINITY,
  ackMs: undefined,
  ackSpreadMs: 0,
};

/** How large a batch should be at most. */
export function batchBytes(gauge: LinkGauge): number {
  return Math.max(MIN_BATCH_BYTES, Math.floor(gauge.limitBytes / BATCHES_AT_ONCE));
}

/** The carrier has taken a batch. */
export function taken(gauge: LinkGauge, bytes: number, sentAtMs: number, nowMs: number): LinkGauge {
  const tookMs = nowMs - sentAtMs;
  const quickestMs = Math.min(tookMs, gauge.quickestMs ?? tookMs);
  const overMs = tookMs - Math.min(quickestMs, LONGEST_WAY_MS);
  if (overMs <= QUICK_MS) {
    return { ...gauge, quickestMs, limitBytes: Math.min(MAX_LIMIT_BYTES, gauge.limitBytes + bytes) };
  }
  if (overMs <= QUEUED_MS) return { ...gauge, quickestMs };
  return fall({ ...gauge, quickestMs }, Math.max(0.25, QUEUED_MS / overMs), sentAtMs, nowMs);
}

/** A batch was not answered, by carrier or cloud, or the link broke under it. */
export function lost(gauge: LinkGauge, sentAtMs: number, nowMs: number): LinkGauge {
  return fall(gauge, 0.5, sentAtMs, nowMs);
}

function fall(gauge: LinkGauge, factor: number, sentAtMs: number, nowMs: number): LinkGauge {
  if (sentAtMs < gauge.fellAtMs) return gauge;
  return {
    ...gauge,
    limitBytes: Math.max(MIN_LIMIT_BYTES, Math.floor(gauge.limitBytes * factor)),
    fellAtMs: nowMs,
  };
}

/** The cloud has acked a batch, sent once, `tookMs` after the carrier took it. */
export function acked(gauge: LinkGauge, tookMs: number): LinkGauge {
  if (gauge.ackMs === undefined) return { ...gauge, ackMs: tookMs, ackSpreadMs: tookMs / 2 };
  const ackSpreadMs = 0.75 * gauge.ackSpreadMs + 0.25 * Math.abs(gauge.ackMs - tookMs);
  return { ...gauge, ackMs: 0.875 * gauge.ackMs + 0.125 * tookMs, ackSpreadMs };
}

/** What an ack takes at most, as a rule; 0 while none has come. */
export function usualAckMs({ ackMs, ackSpreadMs }: LinkGauge): number {
  return ackMs === undefined ? 0 : ackMs + 4 * ackSpreadMs;
}

export interface AckPatience {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** How long to wait for the cloud's ack after `silences` sendings without one: doubling, with ±20 % jitter. */
export function ackTimeoutMs(
  gauge: LinkGauge,
  silences: number,
  patience: AckPatience,
  unitRandom: number,
): number {
  const base = Math.min(
    patience.maxMs,
    Math.max(patience.firstMs, usualAckMs(gauge)) * 2 ** Math.min(silences, 20),
  );
  return Math.round(base * (0.8 + 0.4 * unitRandom));
}
