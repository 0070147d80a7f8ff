/**
 * One session of a portal: from its opening to its end, the tags on its list and the evidence of their way. Decides
 * when it is over and what came of it; the sensor turns that into output.
 */
import type { Direction } from '../../../protocol/events/stock-event.ts';
import type { PortalPoint } from '../read-point.ts';
import { decideByAntennas, type Evidence, sumEvidence } from './antenna-order.ts';
import { copyOf, type SavedSession } from './checkpoints.ts';
import { ACTIVITY_SAVES_PER_QUIET_TIME, SNAPSHOT_EVERY_MS, SNAPSHOT_GROWTH } from './limits.ts';
import type { FinishedPass } from './pass-event.ts';
import type { PhotoEyes } from './photo-eyes.ts';
import { type Ending, isResting, isStray, type TagTrack } from './tag-track.ts';

export interface Session {
  /** Event time; names the pass. */
  readonly startedAt: number;
  /** Odd while open; tracks carry it to say that their sums belong to this session. */
  readonly era: number;
  readonly openedByBeam: boolean;
  /** Goes on from a session that was split. */
  readonly goesOn: boolean;
  /** Gateway time: of the opening, of the last accepted sight, broken beam or opening. */
  openedAt: number;
  activeAt: number;
  /** Event time of the last accepted sight. */
  sightedAt: number;
  /** After a restart: open at least until then, for what the reader held back, unless something goes on before. */
  heldUntil: number | undefined;
  readonly tags: TagTrack[];
  /** Tags heard, but never strongly enough to be on the list. */
  weakTags: number;
  /** Evidence from before a restart. */
  saved: Evidence | undefined;
  snapshotAt: number;
  /** Power added since the last snapshot, and all of it. */
  unsavedEnergy: number;
  totalEnergy: number;
}

export interface Opening {
  readonly startedAt: number;
  readonly era: number;
  readonly openedByBeam: boolean;
  readonly goesOn: boolean;
  readonly now: number;
}

export function openSession(opening: Opening): Session {
  const { startedAt, era, openedByBeam, goesOn, now } = opening;
  return {
    startedAt,
    era,
    openedByBeam,
    goesOn,
    openedAt: now,
    activeAt: now,
    sightedAt: startedAt,
    heldUntil: undefined,
    tags: [],
    weakTags: 0,
    saved: undefined,
    snapshotAt: now,
    unsavedEnergy: 0,
    totalEnergy: 0,
  };
}

/** Gateway time at which it ends if nothing more happens. */
export function endsAt(session: Session, point: PortalPoint, eyes: PhotoEyes | undefined): number {
  const latest = session.openedAt + point.session.maxMs;
  const quiet = eyes?.isHolding() === true ? latest : session.activeAt + point.session.quietMs;
  return Math.max(Math.min(latest, quiet), session.heldUntil ?? 0);
}

/** Something is still going on at the moment of a split. */
export function isStillGoing(
  session: Session,
  point: PortalPoint,
  eyes: PhotoEyes | undefined,
  at: number,
): boolean {
  return eyes?.isHolding() === true || at - session.activeAt < point.session.quietMs;
}

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
    (track) => !track.parkedBefore && (track.moved || !isResting(track, track.lastSeenAt)),
  );
  const evidence = evidenceOf(session, moving);
  return evidence === undefined ? body : { ...body, evidence: copyOf(evidence) };
}

export function finish(
  session: Session,
  point: PortalPoint,
  eyes: PhotoEyes | undefined,
  endedAt: number,
): FinishedPass {
  const ending: Ending = {
    endedAt,
    startedAt: session.startedAt,
    quietMs: point.session.quietMs,
    minReads: point.stray.minReads,
    openedByBeam: session.openedByBeam,
  };
  const tags: TagTrack[] = [];
  let straysIgnored = session.weakTags;
  for (const track of session.tags) {
    if (track.carried) continue;
    if (isStray(track, ending)) straysIgnored++;
    else tags.push(track);
  }
  return {
    startedAt: session.startedAt,
    direction: directionOf(session, point, eyes, tags),
    tags,
    straysIgnored,
  };
}

function directionOf(
  session: Session,
  point: PortalPoint,
  eyes: PhotoEyes | undefined,
  tags: readonly TagTrack[],
): Direction {
  const { direction } = point;
  switch (direction.mode) {
    case 'assigned':
      return direction.as;
    case 'photo-eye': {
      let from = Number.POSITIVE_INFINITY;
      let to = session.sightedAt;
      for (const track of tags) {
        from = Math.min(from, track.firstSeenAt);
        to = Math.max(to, track.acceptedUntil);
      }
      return eyes?.direction(from, to) ?? 'UNKNOWN';
    }
    case 'antenna-order': {
      const evidence = evidenceOf(session, tags);
      return evidence === undefined ? 'UNKNOWN' : decideByAntennas(evidence);
    }
  }
}

function evidenceOf(session: Session, tags: readonly TagTrack[]): Evidence | undefined {
  const parts = tags.map((track) => track.evidence);
  if (session.saved !== undefined) parts.push(session.saved);
  const sum = sumEvidence(parts);
  return Number.isFinite(sum.baseAt) ? sum : undefined;
}
