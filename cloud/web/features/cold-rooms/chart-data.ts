/** Samples as the chart draws them: units of people, gaps left open, the stretches out of bounds. Pure. */
import type { Exception } from '../../../contract/exceptions.ts';
import type { Samples } from '../../../contract/rooms.ts';

/** A line over a longer silence would claim what nobody measured. */
const LONGEST_LINE_MS = 15 * 60_000;

type ChartLine = [seconds: number[], values: (number | null)[]];

/** Seconds and whole units; a null in each silence, which the chart leaves open. */
export function chartLine(points: Samples['points'], longestMs = LONGEST_LINE_MS): ChartLine {
  const seconds: number[] = [];
  const values: (number | null)[] = [];
  let before: number | undefined;
  for (const [at, milli] of points) {
    if (before !== undefined && at - before > longestMs) {
      seconds.push((before + 1) / 1000);
      values.push(null);
    }
    seconds.push(at / 1000);
    values.push(milli / 1000);
    before = at;
  }
  return [seconds, values];
}

export interface Stretch {
  readonly fromMs: number;
  /** Null while it lasts. */
  readonly toMs: number | null;
}

/** Where this metric of the room was out of bounds, in event time; overlapping ones of several probes as one. */
export function excursions(exceptions: readonly Exception[], location: string, metric: string): Stretch[] {
  const found = exceptions
    .filter((exception) => exception.location === location && exception.detail.metric === metric)
    .map((exception) => {
      const startedAt = exception.detail.startedAt;
      return {
        fromMs: typeof startedAt === 'number' ? startedAt : Date.parse(exception.raisedAt),
        toMs: exception.clearedAt === null ? null : Date.parse(exception.clearedAt),
      };
    });
  const merged: Stretch[] = [];
  for (const stretch of found.sort((a, b) => a.fromMs - b.fromMs)) {
    const before = merged.at(-1);
    if (before === undefined || endOf(before) < stretch.fromMs) merged.push(stretch);
    else merged[merged.length - 1] = { ...before, toMs: laterEnd(before, stretch) };
  }
  return merged;
}

function endOf({ toMs }: Stretch): number {
  return toMs ?? Number.POSITIVE_INFINITY;
}

function laterEnd(a: Stretch, b: Stretch): number | null {
  return endOf(a) > endOf(b) ? a.toMs : b.toMs;
}

/** The innermost limits of several probes: what the band may at most be. */
export function innermostLimits(probes: readonly { lowMilli: number | null; highMilli: number | null }[]): {
  low: number | null;
  high: number | null;
} {
  const lows = probes.flatMap(({ lowMilli }) => (lowMilli === null ? [] : [lowMilli / 1000]));
  const highs = probes.flatMap(({ highMilli }) => (highMilli === null ? [] : [highMilli / 1000]));
  return {
    low: lows.length === 0 ? null : Math.max(...lows),
    high: highs.length === 0 ? null : Math.min(...highs),
  };
}

/** What the vertical axis covers: all values and limits, a little air, and never less than `least`. */
export function valueRange(
  min: number | null,
  max: number | null,
  limits: { low: number | null; high: number | null },
  least = 4,
): [number, number] {
  const known = [min, max, limits.low, limits.high].flatMap((value) =>
    value !== null && Number.isFinite(value) ? [value] : [],
  );
  if (known.length === 0) return [0, least];
  const low = Math.min(...known);
  const high = Math.max(...known);
  const air = Math.max((high - low) * 0.12, (least - (high - low)) / 2);
  return [low - air, high + air];
}

/** The time shown: the window up to now, but no emptier than the samples; at least a tenth of it. */
export function timeRange(firstMs: number | undefined, nowMs: number, windowMs: number): [number, number] {
  const from = Math.max(nowMs - windowMs, Math.min(firstMs ?? nowMs, nowMs - windowMs / 10));
  return [from / 1000, nowMs / 1000];
}
