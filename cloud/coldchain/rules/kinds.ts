/**
 * The kinds of cold-chain rule, each a record beside its schema (site/site.ts): how samples become episodes under it,
 * and what an episode of it raises. PURE.
 */
import { COMPARATORS } from '../../../protocol/events/limits.ts';
import { METRICS } from '../../../protocol/events/metrics.ts';
import type { ExceptionKind } from '../../exceptions/kinds.ts';
import { type Rule, type RuleKind, type RuleOf, ruleKindOf } from '../../site/site.ts';
import type { Episode, Sample } from '../engine/episode.ts';
import { type Evaluation, type EvaluationOptions, evaluateFrom } from '../engine/evaluate.ts';
import { openEpisode, type Track } from '../engine/track.ts';

interface RuleKindDefinition<Kind extends RuleKind> {
  /** Goes on from a boundary. */
  evaluateFrom(
    boundary: Track,
    samples: readonly Sample[],
    rule: RuleOf<Kind>,
    options: EvaluationOptions,
  ): Evaluation;
  /** The episode that a track stands in; undefined while nothing counts. */
  openEpisode(track: Track, rule: RuleOf<Kind>, point: string): Episode | undefined;
  /** At a sample with `sign` × value ≤ `most` nothing is pending: evaluation may begin after it. */
  calm(rule: RuleOf<Kind>): { readonly sign: 1 | -1; readonly most: number };
  exceptionKind(rule: RuleOf<Kind>): ExceptionKind;
  /** What the exception says of the rule, beyond what every rule has. */
  exceptionDetail(rule: RuleOf<Kind>): Readonly<Record<string, string | number>>;
}

const RULE_KINDS: { readonly [Kind in RuleKind]: RuleKindDefinition<Kind> } = {
  limit: {
    evaluateFrom,
    openEpisode,
    calm: ({ comparator, limitMilli }) => {
      const { sign } = COMPARATORS[comparator];
      return { sign, most: sign * limitMilli };
    },
    exceptionKind: ({ metric, comparator }) => `${METRICS[metric].code}_${COMPARATORS[comparator].code}`,
    exceptionDetail: ({ comparator, limitMilli }) => ({ comparator, limitMilli }),
  },
};

/** To be given this rule and no other: its kind is not to be seen from the type. */
export function kindOfRule(rule: Rule): RuleKindDefinition<RuleKind> {
  return RULE_KINDS[ruleKindOf(rule)];
}
