/**
 * Episodes of one point under one rule, from a boundary on. The result is a function of the set of samples.
 *
 * A boundary is a track that is known to be right after all samples before the first one given: `OK` after any
 * sample that is not beyond the limit while no episode stands, or before the first sample of an episode.
 */
import type { Episode, LimitRule, Sample } from './episode.ts';
import { standing } from './standing.ts';
import { step, type Track } from './track.ts';

export interface EvaluationOptions {
  /** The read point whose samples these are; part of every id. */
  readonly point: string;
  /**
   * Asked after each sample at which nothing is pending or open: may the evaluation stop here, because the rest
   * is known from before?
   */
  readonly isSettled?: (occurredAt: number) => boolean;
}

export interface Evaluation {
  /** Those that ended, in order of time. The one still open is in the track. */
  readonly ended: Episode[];
  readonly track: Track;
  /** Where `isSettled` said yes. */
  readonly settledAt?: number;
}

/** Goes on from a boundary. None of the samples may be older than what the boundary has already taken in. */
export function evaluateFrom(
  boundary: Track,
  samples: readonly Sample[],
  rule: LimitRule,
  options: EvaluationOptions,
): Evaluation {
  const ended: Episode[] = [];
  let track = boundary;
  for (const sample of standing(samples)) {
    const next = step(track, sample, rule, options.point);
    if (next.ended !== undefined) ended.push(next.ended);
    track = next.track;
    if (track.phase === 'ok' && options.isSettled?.(sample.occurredAt) === true) {
      return { ended, track, settledAt: sample.occurredAt };
    }
  }
  return { ended, track };
}
