/**
 * What the engine reads and finds. A sample says what a probe measured and stands until the next one; an episode
 * is a stretch during which a rule's limit was passed for long enough to count. All times are event time, epoch
 * milliseconds; values are milli-units of the rule's metric.
 */
import type { Comparator } from '../../../protocol/events/limits.ts';

/** One sample of one point and metric. Samples of equal time: the one with the greatest `occurredKey` stands. */
export interface Sample {
  readonly occurredAt: number;
  /** Orders events of equal time; compared by code units, as `collate "C"` does. */
  readonly occurredKey: string;
  readonly valueMilli: number;
}

/** What the engine needs of a rule of the site. */
export interface LimitRule {
  readonly id: string;
  readonly version: number;
  /** Strictly above or strictly below: the limit itself is within bounds. */
  readonly comparator: Comparator;
  readonly limitMilli: number;
  readonly deadBandMilli: number;
  readonly onDelayMs: number;
  readonly offDelayMs: number;
  readonly maxGapMs: number;
}

export interface Episode {
  /** A function of point, rule, rule version and start: replay, restart and any order of arrival give the same. */
  readonly id: string;
  readonly point: string;
  readonly ruleId: string;
  readonly ruleVersion: number;
  /** The first sample beyond the limit. */
  readonly startedAt: number;
  /** When the on-delay had run out in known time: from here on it counts. */
  readonly activeAt: number;
  /** The first sample of the return that lasted; null while it is open. */
  readonly endedAt: number | null;
  /** The value farthest beyond the limit. */
  readonly peakMilli: number;
  /** Milliseconds within the episode about which nothing is known. */
  readonly unknownMs: number;
}
