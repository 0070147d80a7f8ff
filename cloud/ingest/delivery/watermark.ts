/**
 * How far a lane has come. PURE. `upTo`: everything to here is in the ledger or in the dead letters. `ahead`:
 * ranges received beyond a hole, sorted and disjoint. Only `upTo` is ever acked, so a hole is always sent again.
 */
export type Range = [first: number, last: number];

export interface Watermark {
  readonly upTo: number;
  readonly ahead: readonly Range[];
}

/**
 * Most ranges kept beyond holes; a sound gateway makes one per batch in flight. Above it the highest are forgotten:
 * their events stand, they are merely sent again.
 */
export const MAX_AHEAD_RANGES = 256;

export const START: Watermark = { upTo: 0, ahead: [] };

/** Adds a received range. */
export function cover(watermark: Watermark, first: number, last: number): Watermark {
  if (last <= watermark.upTo) return watermark;
  const ranges: Range[] = [...watermark.ahead.map(([a, b]): Range => [a, b]), [first, last]];
  ranges.sort(([a], [b]) => a - b);
  let upTo = watermark.upTo;
  const ahead: Range[] = [];
  for (const [from, to] of ranges) {
    const top = ahead.at(-1);
    if (from <= upTo + 1) upTo = Math.max(upTo, to);
    else if (top !== undefined && from <= top[1] + 1) top[1] = Math.max(top[1], to);
    else ahead.push([from, to]);
  }
  return { upTo, ahead: ahead.slice(0, MAX_AHEAD_RANGES) };
}

interface Advance {
  readonly watermark: Watermark;
  /** What the gateway pruned after an ack of ours and we do not have: this database has lost commits. */
  readonly lost: readonly Range[];
}

/** The gateway has pruned up to here: what is missing below will never be sent again, so the lane moves on. */
export function advanceToPruned(watermark: Watermark, prunedUpTo: number): Advance {
  if (prunedUpTo <= watermark.upTo) return { watermark, lost: [] };
  const lost: Range[] = [];
  let next = watermark.upTo + 1;
  for (const [from, to] of watermark.ahead) {
    if (from > prunedUpTo) break;
    lost.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= prunedUpTo) lost.push([next, prunedUpTo]);
  return { watermark: cover(watermark, watermark.upTo + 1, prunedUpTo), lost };
}
