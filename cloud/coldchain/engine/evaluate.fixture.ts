import type { Episode, LimitRule, Sample } from './episode.ts';
import { type EvaluationOptions, episodesOf, evaluateFrom } from './evaluate.ts';
import { OK } from './track.ts';

/** All episodes that count, oldest first; the last one may be open. Samples in any order, repeats allowed. */
export const evaluate = (
  samples: readonly Sample[],
  rule: LimitRule,
  options: EvaluationOptions,
): Episode[] => episodesOf(evaluateFrom(OK, samples, rule, options), rule, options);
