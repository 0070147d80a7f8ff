/**
 * A token bucket as plain values. It may be overdrawn by one spend, so that something larger than the burst still
 * passes; the debt is waited off afterwards. The long-run rate holds exactly.
 */
export interface BucketLimits {
  readonly perSecond: number;
  /** Most that can be saved up while idle. */
  readonly burst: number;
}

export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export function fullBucket(limits: BucketLimits, nowMs: number): Bucket {
  return { tokens: limits.burst, atMs: nowMs };
}

/** When a spend is allowed: now, or the time at which the balance reaches `needed`. */
export function readyAtMs(bucket: Bucket, limits: BucketLimits, needed: number, nowMs: number): number {
  const missing = Math.min(needed, limits.burst) - refilled(bucket, limits, nowMs);
  return missing <= 0 ? nowMs : nowMs + Math.ceil((missing / limits.perSecond) * 1000);
}

export function spend(bucket: Bucket, limits: BucketLimits, amount: number, nowMs: number): Bucket {
  return { tokens: refilled(bucket, limits, nowMs) - amount, atMs: nowMs };
}

function refilled(bucket: Bucket, limits: BucketLimits, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  return Math.min(limits.burst, bucket.tokens + (elapsedMs / 1000) * limits.perSecond);
}
