/**
 * Derives true excursions from the true temperature, second by second: an oracle written apart from the product's
 * cold-chain engine, on the physical value rather than on samples.
 */
import type { Scenario } from './scenario.ts';
import type { TrueExcursion, Truth } from './truth.ts';

type ScenarioRule = Scenario['site']['rules'][number];

const BEYOND: Readonly<
  Record<ScenarioRule['comparator'], (valueMilli: number, limitMilli: number) => number>
> = {
  above: (valueMilli, limitMilli) => valueMilli - limitMilli,
  below: (valueMilli, limitMilli) => limitMilli - valueMilli,
};

interface ExcursionWatch {
  observe(valueMilli: number, now: number): void;
}

export function watchExcursions(
  rule: ScenarioRule,
  point: { readPoint: string; location: string },
  truth: Truth,
): ExcursionWatch {
  let outSince: number | undefined;
  let open: TrueExcursion | undefined;
  return {
    observe(valueMilli, now) {
      const beyond = BEYOND[rule.comparator](valueMilli, rule.limitMilli);
      if (beyond > 0) outSince ??= now;
      else if (beyond <= -rule.deadBandMilli) {
        if (open !== undefined) open.to = now;
        open = undefined;
        outSince = undefined;
      }
      if (outSince !== undefined && open === undefined && now - outSince >= rule.onDelayMs) {
        open = { ...point, rule: rule.id, hold: rule.hold, from: outSince };
        truth.excursions.push(open);
      }
    },
  };
}
