/**
 * Which rules at which points new samples bear on: one unit of re-evaluation per point and rule of the site.
 */
import type { Rule, Site } from '../../site/site.ts';

export interface SampleFact {
  readonly readPoint: string;
  readonly metric: string;
  readonly occurredAt: number;
  readonly occurredKey: string;
  readonly valueMilli: number;
}

export interface EvaluationUnit {
  readonly readPoint: string;
  readonly location: string;
  readonly rule: Rule;
  /** Event times of the oldest and newest new sample. */
  readonly from: number;
  readonly to: number;
  /** How many samples are new. */
  readonly fresh: number;
}

export function affectedUnits(samples: readonly SampleFact[], site: Site): EvaluationUnit[] {
  const spans = new Map<
    string,
    { readPoint: string; metric: string; from: number; to: number; fresh: number }
  >();
  for (const { readPoint, metric, occurredAt } of samples) {
    const name = `${metric}/${readPoint}`;
    const span = spans.get(name) ?? { readPoint, metric, from: occurredAt, to: occurredAt, fresh: 0 };
    span.from = Math.min(span.from, occurredAt);
    span.to = Math.max(span.to, occurredAt);
    span.fresh++;
    spans.set(name, span);
  }
  return [...spans.values()].flatMap(({ readPoint, metric, ...span }) =>
    rulesAt(site, readPoint, metric).map(({ rule, location }) => ({ readPoint, location, rule, ...span })),
  );
}

/** The rules that hold where a probe stands. A read point that is no probe of this site has none. */
export function rulesAt(site: Site, readPoint: string, metric: string): { rule: Rule; location: string }[] {
  const probe = site.probes.find((candidate) => candidate.readPoint === readPoint);
  if (probe === undefined) return [];
  const { location } = probe;
  return site.rules
    .filter((rule) => rule.metric === metric && rule.locations.includes(location))
    .map((rule) => ({ rule, location }));
}
