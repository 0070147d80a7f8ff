import type { Episode, LimitRule, Sample } from './episode.ts';
import { type Evaluation, type EvaluationOptions, evaluateFrom } from './evaluate.ts';
import { OK, openEpisode } from './track.ts';

export function episodesOf(evaluation: Evaluation, rule: LimitRule, options: EvaluationOptions): Episode[] {
  const open = openEpisode(evaluation.track, rule, options.point);
  return open === undefined ? evaluation.ended : [...evaluation.ended, open];
}

/** All episodes that count, oldest first; the last one may be open. Samples in any order, repeats allowed. */
export const evaluate = (
  samples: readonly Sample[],
  rule: LimitRule,
  options: EvaluationOptions,
): Episode[] => episodesOf(evaluateFrom(OK, samples, rule, options), rule, options);
