/** The line of an exception as people read it: the title of its kind, filled. Pure. */
import { findMetric, METRICS } from '../../protocol/events/metrics.ts';
import type { Site } from '../site/site.ts';
import { kindOf } from './kinds.ts';

interface TitleFacts {
  readonly kind: string;
  readonly subject: string;
  readonly location: string | null;
  readonly readPoint: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export function titleOf(facts: TitleFacts, names: PlaceNames): string {
  const template = kindOf(facts.kind)?.title ?? `${facts.kind}: {subject}`;
  return template.replaceAll(/\{(\w+)\}/g, (_, word: string) => fill(word, facts, names));
}

interface PlaceNames {
  readonly locations: ReadonlyMap<string, string>;
  readonly points: ReadonlyMap<string, string>;
}

export function placeNames(site: Site): PlaceNames {
  return {
    locations: new Map(site.locations.map(({ id, name }) => [id, name])),
    points: new Map([...site.probes, ...site.doors, ...site.bins].map((p) => [p.readPoint, p.name])),
  };
}

function fill(word: string, facts: TitleFacts, names: PlaceNames): string {
  const { detail, location, readPoint, subject } = facts;
  switch (word) {
    case 'place':
      return location === null ? subject : (names.locations.get(location) ?? location);
    case 'point':
      return readPoint === null ? subject : (names.points.get(readPoint) ?? readPoint);
    case 'subject':
      return subject;
    case 'peak':
      return measure(detail.peakMilli, detail.metric);
    case 'limit':
      return measure(detail.limitMilli, detail.metric);
    default: {
      const value = detail[word];
      return typeof value === 'string' || typeof value === 'number' ? String(value) : subject;
    }
  }
}

function measure(milli: unknown, metric: unknown): string {
  if (typeof milli !== 'number') return 'unknown';
  const known = findMetric(metric);
  return `${milli / 1000}${known === undefined ? '' : ` ${METRICS[known].unit}`}`;
}
