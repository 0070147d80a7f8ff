/** The site by read point: what the projection asks about each event. */
import type { Site } from './site.ts';

export type Door = Site['doors'][number];
type Bin = Site['bins'][number];
type Probe = Site['probes'][number];

export interface Places {
  readonly doors: ReadonlyMap<string, Door>;
  readonly bins: ReadonlyMap<string, Bin>;
  readonly probes: ReadonlyMap<string, Probe>;
}

export function placesOf(site: Site): Places {
  return {
    doors: byReadPoint(site.doors),
    bins: byReadPoint(site.bins),
    probes: byReadPoint(site.probes),
  };
}

function byReadPoint<T extends { readPoint: string }>(list: readonly T[]): Map<string, T> {
  return new Map(list.map((entry) => [entry.readPoint, entry]));
}
