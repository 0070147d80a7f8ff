/** What is saved of an open session, and when. */
import { copyOf } from '../signal/antenna-order.ts';
import { isResting } from '../signal/rest.ts';
import type { SavedSession } from './checkpoints.ts';
import { evidenceOf } from './direction.ts';
import { ACTIVITY_SAVES_PER_QUIET_TIME, SNAPSHOT_EVERY_MS, SNAPSHOT_GROWTH } from './limits.ts';
import type { PortalPoint } from './portal-point.ts';
import type { Session } from './session.ts';

/** Is it time to save evidence and activity? Often while the evidence grows, else to keep the activity fresh. */
export function isSnapshotDue(session: Session, point: PortalPoint, now: number): boolean {
  const since = now - session.snapshotAt;
  if (since >= point.session.quietMs / ACTIVITY_SAVES_PER_QUIET_TIME) return true;
  if (point.direction.mode !== 'antenna-order' || since < SNAPSHOT_EVERY_MS) return false;
  return session.unsavedEnergy > session.totalEnergy * SNAPSHOT_GROWTH;
}

export function saveSession(session: Session, point: PortalPoint, now: number): SavedSession {
  session.snapshotAt = now;
  session.unsavedEnergy = 0;
  const body: SavedSession = {
    openedByBeam: session.openedByBeam,
    openedAt: session.openedAt,
    activeAt: session.activeAt,
    sightedAt: session.sightedAt,
  };
  if (point.direction.mode !== 'antenna-order') return body;
  const moving = session.tags.filter(
    (tag) => !tag.parkedBefore && (tag.moved || !isResting(tag.track, tag.track.lastSeenAt, tag.restored)),
  );
  const evidence = evidenceOf(session, moving);
  return evidence === undefined ? body : { ...body, evidence: copyOf(evidence) };
}
