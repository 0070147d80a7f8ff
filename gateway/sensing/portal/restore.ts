/**
 * Brings a portal back after a restart. The open session goes on where it was and waits for what the reader held
 * back meanwhile; then it ends with everything that was seen. Reads and beams are told in their own time, so what
 * belongs to a later load begins a session of its own. Lay-around tags are known again.
 */
import type { PortalPoint } from '../read-point.ts';
import { addSight, powerMilliwatts } from './antenna-order.ts';
import type { SavedPortal, SavedSession, SavedTag } from './checkpoints.ts';
import {
  ACTIVITY_SAVES_PER_QUIET_TIME,
  HELD_REPORTS_MS,
  MAX_PARKED_TAGS,
  MAX_TAGS_PER_SESSION,
} from './limits.ts';
import type { PhotoEyes } from './photo-eyes.ts';
import type { Session } from './session.ts';
import type { TagMemory } from './tag-memory.ts';
import { notePresence, parkAt, startEra } from './tag-track.ts';

export interface Restoring {
  readonly saved: SavedPortal;
  readonly point: PortalPoint;
  readonly now: number;
  readonly memory: TagMemory;
  readonly eyes: PhotoEyes | undefined;
  begin(startedAt: number, openedByBeam: boolean, goesOn: boolean): Session;
  end(session: Session, endedAt: number): void;
}

export function restorePortal(restoring: Restoring): void {
  const { saved, now, memory, eyes, point } = restoring;
  if (saved.beams !== undefined) eyes?.restore(saved.beams);
  for (const [epc, levels] of [...saved.parked].slice(0, MAX_PARKED_TAGS)) {
    const track = memory.get(epc) ?? memory.add(epc, now, now);
    parkAt(track, levels, now);
    memory.park(track);
  }
  // A beam that was broken long ago: without a session to hold, wait for what the reader says next.
  if (eyes !== undefined && saved.sessions.size === 0) {
    const since = Math.max(eyes.state.outer.since, eyes.state.inner.since);
    if (now - since >= point.session.quietMs) eyes.loseSight();
  }
  // One session is open at a time; should there be rows of more, the older ones are over.
  const sessions = [...saved.sessions].sort(([a], [b]) => a - b);
  for (const [index, [startedAt, { session, tags }]] of sessions.entries()) {
    const opened = bringBack(restoring, startedAt, session, tags);
    let activeAt = opened.activeAt;
    if (eyes !== undefined) activeAt = Math.max(activeAt, eyes.state.outer.since, eyes.state.inner.since);
    // It may have gone on after it was last saved.
    opened.activeAt = Math.min(activeAt + point.session.quietMs / ACTIVITY_SAVES_PER_QUIET_TIME, now);
    if (index < sessions.length - 1) {
      eyes?.loseSight();
      restoring.end(opened, opened.activeAt + point.session.quietMs);
      continue;
    }
    opened.heldUntil = now + HELD_REPORTS_MS;
    if (now - opened.activeAt >= point.session.quietMs) eyes?.doubt();
  }
}

function bringBack(
  restoring: Restoring,
  startedAt: number,
  saved: SavedSession | undefined,
  tags: ReadonlyMap<string, SavedTag>,
): Session {
  const { point, memory, now } = restoring;
  const goesOn = [...tags.values()].some((tag) => tag.carried);
  const openedByBeam = saved?.openedByBeam ?? point.session.openBy === 'photo-eye';
  const session = restoring.begin(startedAt, openedByBeam, goesOn);
  session.openedAt = Math.min(saved?.openedAt ?? startedAt, now);
  session.activeAt = saved?.activeAt ?? startedAt;
  session.sightedAt = saved?.sightedAt ?? startedAt;
  session.saved = saved?.evidence;
  for (const [epc, tag] of [...tags].slice(0, MAX_TAGS_PER_SESSION)) {
    const track = memory.get(epc) ?? memory.add(epc, tag.firstSeenAt, tag.firstSeenAt);
    const antenna = Math.min(tag.antenna, point.antennas.length - 1);
    track.presentSince = tag.presentSince;
    startEra(track, session.era, tag.firstSeenAt);
    notePresence(track, antenna, tag.firstSeenAt, tag.rssiDbm, Math.min(tag.firstSeenAt, now));
    track.moved = tag.moved;
    track.movedInPresence = tag.moved;
    track.readCount = 1;
    track.peakRssiDbm = tag.rssiDbm ?? Number.NEGATIVE_INFINITY;
    track.antennaMask[antenna] = true;
    track.restored = true;
    track.carried = tag.carried;
    track.parkedBefore = tag.parkedBefore;
    track.admitted = true;
    track.checkpointed = true;
    if (tag.carried) track.reportedEra = session.era;
    const side = point.antennas[antenna]?.side;
    // What the saved evidence does not hold yet.
    if (side !== undefined && session.saved === undefined && !tag.carried) {
      addSight(track.evidence, side, tag.firstSeenAt, powerMilliwatts(tag.rssiDbm));
    }
    session.tags.push(track);
    session.activeAt = Math.max(session.activeAt, tag.firstSeenAt);
    session.sightedAt = Math.max(session.sightedAt, tag.firstSeenAt);
  }
  session.sightedAt += Math.max(
    0,
    Math.min(now - session.activeAt, point.session.quietMs / ACTIVITY_SAVES_PER_QUIET_TIME),
  );
  return session;
}
