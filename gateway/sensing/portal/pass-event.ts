/** A finished pass as events: which type, in how many parts, each tag with what was seen of it. */
import {
  type Direction,
  MAX_TAGS_PER_EVENT,
  type PassEvent,
  type TagSighting,
} from '../../../protocol/events/stock-event.ts';
import type { PortalPoint } from './portal-point.ts';
import type { PortalTag } from './portal-tag.ts';

export interface FinishedPass {
  readonly startedAt: number;
  readonly direction: Direction;
  readonly tags: readonly PortalTag[];
  readonly straysIgnored: number;
}

export function passEvents(point: PortalPoint, pass: FinishedPass): PassEvent[] {
  const sightings = pass.tags
    .map((tag) => sightingOf(tag, point))
    .sort((a, b) => a.firstSeenAt - b.firstSeenAt || (a.epc < b.epc ? -1 : 1));
  const occurredAt = sightings.reduce((latest, tag) => Math.max(latest, tag.lastSeenAt), pass.startedAt);
  const parts = Math.ceil(sightings.length / MAX_TAGS_PER_EVENT);
  const events: PassEvent[] = [];
  for (let part = 1; part <= parts; part++) {
    events.push({
      type: typeOf(point.boundary, pass.direction),
      readPoint: point.id,
      occurredAt,
      startedAt: pass.startedAt,
      passId: `${point.id}@${pass.startedAt}`,
      part,
      parts,
      direction: pass.direction,
      directionSource: pass.direction === 'UNKNOWN' ? 'none' : point.direction.mode,
      tags: sightings.slice((part - 1) * MAX_TAGS_PER_EVENT, part * MAX_TAGS_PER_EVENT),
      straysIgnored: pass.straysIgnored,
    });
  }
  return events;
}

const AT_THE_DOCK: Readonly<Record<Direction, PassEvent['type']>> = {
  IN: 'receipt',
  OUT: 'dispatch',
  TURNED_BACK: 'passage',
  UNKNOWN: 'passage',
};

function typeOf(boundary: PortalPoint['boundary'], direction: Direction): PassEvent['type'] {
  switch (boundary) {
    case 'dock':
      return AT_THE_DOCK[direction];
    case 'internal':
      return 'passage';
  }
}

function sightingOf(tag: PortalTag, point: PortalPoint): TagSighting {
  const seenBy = point.antennas.filter((_, index) => tag.seenBy[index]);
  return {
    epc: tag.track.epc,
    firstSeenAt: tag.firstSeenAt,
    lastSeenAt: Math.max(tag.firstSeenAt, tag.acceptedUntil),
    readCount: tag.readCount,
    ...(Number.isFinite(tag.peakRssiDbm) ? { peakRssiDbm: tag.peakRssiDbm } : {}),
    antennas: [...new Set(seenBy.map(({ antenna }) => antenna))],
  };
}
