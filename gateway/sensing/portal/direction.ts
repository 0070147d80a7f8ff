/** Which way a session's load went, by the means the read point is configured with. */
import type { Direction } from '../../../protocol/events/stock-event.ts';
import { decideByAntennas, type Evidence, sumEvidence } from '../signal/antenna-order.ts';
import type { PhotoEyes } from '../signal/photo-eyes.ts';
import type { PortalPoint } from './portal-point.ts';
import type { PortalTag } from './portal-tag.ts';
import type { Session } from './session.ts';

/** `tags`: those that passed. */
export function directionOf(
  session: Session,
  point: PortalPoint,
  eyes: PhotoEyes | undefined,
  tags: readonly PortalTag[],
): Direction {
  const { direction } = point;
  switch (direction.mode) {
    case 'assigned':
      return direction.as;
    case 'photo-eye':
      return byPhotoEyes(session, eyes, tags);
    case 'antenna-order': {
      const evidence = evidenceOf(session, tags);
      return evidence === undefined ? 'UNKNOWN' : decideByAntennas(evidence);
    }
    default:
      return direction satisfies never;
  }
}

/** What the antennas saw of these tags, and of the session before a restart. */
export function evidenceOf(session: Session, tags: readonly PortalTag[]): Evidence | undefined {
  const parts = tags.map((tag) => tag.evidence);
  if (session.saved !== undefined) parts.push(session.saved);
  const sum = sumEvidence(parts);
  return Number.isFinite(sum.baseAt) ? sum : undefined;
}

function byPhotoEyes(session: Session, eyes: PhotoEyes | undefined, tags: readonly PortalTag[]): Direction {
  let from = Number.POSITIVE_INFINITY;
  let to = session.sightedAt;
  for (const tag of tags) {
    from = Math.min(from, tag.firstSeenAt);
    to = Math.max(to, tag.acceptedUntil);
  }
  return eyes?.direction(from, to) ?? 'UNKNOWN';
}
