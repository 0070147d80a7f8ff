/**
 * Samples in order, one per instant. Gateways deliver at least once and two may report the same instant, so of
 * several samples of equal time the one with the greatest `occurredKey` stands: a rule that asks nothing of the
 * order of arrival. Equal key means the same sample twice.
 */
import type { Sample } from './episode.ts';

export function standing<T extends Sample>(samples: readonly T[]): T[] {
  const latest = new Map<number, T>();
  for (const sample of samples) {
    const other = latest.get(sample.occurredAt);
    if (other === undefined || sample.occurredKey > other.occurredKey) latest.set(sample.occurredAt, sample);
  }
  return [...latest.values()].sort((a, b) => a.occurredAt - b.occurredAt);
}
