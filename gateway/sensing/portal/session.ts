/**
 * One session of a portal: from its opening to its end, the tags on its list and the evidence of their way. Says when
 * it is over; what came of it stands in finish.ts.
 */
import type { Evidence } from '../signal/antenna-order.ts';
import type { PhotoEyes } from '../signal/photo-eyes.ts';
import { HELD_REPORTS_MS } from './limits.ts';
import type { PortalPoint } from './portal-point.ts';
import type { PortalTag } from './portal-tag.ts';

export interface Session {
  /** Event time; names the pass. */
  readonly startedAt: number;
  /** Odd while open; tags carry it to say that their sums belong to this session. */
  readonly era: number;
  readonly openedByBeam: boolean;
  /** Goes on from a session that was split. */
  readonly goesOn: boolean;
  /** Gateway time: of the opening, of the last accepted sight, broken beam or opening. */
  openedAt: number;
  activeAt: number;
  /** Event time of the last accepted sight. */
  sightedAt: number;
  /** When a restart brought it back. */
  restoredAt: number;
  /** After a restart: open at least until then, for what the reader held back, unless something goes on before. */
  heldUntil: number | undefined;
  readonly tags: PortalTag[];
  /** Tags read, but never strongly enough to be on the list. */
  weakTags: number;
  /** Evidence from before a restart. */
  saved: Evidence | undefined;
  snapshotAt: number;
  /** Power added since the last snapshot, and all of it. */
  unsavedEnergy: number;
  totalEnergy: number;
}

interface SessionOpening {
  readonly startedAt: number;
  readonly era: number;
  readonly openedByBeam: boolean;
  readonly goesOn: boolean;
  readonly now: number;
}

export function openSession(opening: SessionOpening): Session {
  const { startedAt, era, openedByBeam, goesOn, now } = opening;
  return {
    startedAt,
    era,
    openedByBeam,
    goesOn,
    openedAt: now,
    activeAt: now,
    sightedAt: startedAt,
    restoredAt: Number.NEGATIVE_INFINITY,
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

/** The last sight or beam edge of the session, in their own time. */
export function lastEventAt(session: Session, eyes: PhotoEyes | undefined): number {
  return Math.max(session.sightedAt, eyes?.lastEdgeAt() ?? Number.NEGATIVE_INFINITY);
}

/**
 * Something goes on in the session. What the reader held back over a restart shows what went on then, not now: the
 * session waits on, since the reader is not at work again before the handshake is over, and a slow host takes its
 * time with that. Once something goes on now it has its full length again.
 */
export function goOn(session: Session, at: number, now: number): void {
  session.activeAt = now;
  if (session.heldUntil === undefined) return;
  if (at < session.restoredAt) {
    session.heldUntil = Math.max(session.heldUntil, now + HELD_REPORTS_MS);
    return;
  }
  session.heldUntil = undefined;
  session.openedAt = now;
}
