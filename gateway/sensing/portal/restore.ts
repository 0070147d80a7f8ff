/**
 * Brings a portal back after a restart. The open session goes on where it was and waits for what the reader held
 * back meanwhile; then it ends with everything that was seen. Reads and beams count in their own time, so what
 * belongs to a later load begins a session of its own. Lay-around tags are known again.
 */
import { addSight } from '../signal/antenna-order.ts';
import { MAX_PARKED_TAGS } from '../signal/limits.ts';
import { powerMilliwatts } from '../signal/power.ts';
import { layAt } from '../signal/rest.ts';
import { noteSight } from '../signal/tag-track.ts';
import type { SavedPortal, SavedSession, SavedTag } from './checkpoints.ts';
import { ACTIVITY_SAVES_PER_QUIET_TIME, HELD_REPORTS_MS, MAX_TAGS_PER_SESSION } from './limits.ts';
import { closePass } from './passes.ts';
import { startEra } from './portal-tag.ts';
import type { Session } from './session.ts';
import { beginSession, type Portal } from './state.ts';

export function restorePortal(portal: Portal, saved: SavedPortal, now: number): void {
  const { eyes, point } = portal;
  if (saved.beams !== undefined) eyes?.restore(saved.beams);
  layTagsAgain(portal, saved.parked, now);
  // A beam that was broken long ago: without a session to hold, wait for what the reader says next.
  if (eyes !== undefined && saved.sessions.size === 0) {
    if (now - lastBeamAt(portal) >= point.session.quietMs) eyes.loseSight();
  }
  // One session is open at a time; should there be rows of more, the older ones are over.
  const sessions = [...saved.sessions].sort(([a], [b]) => a - b);
  for (const [index, [startedAt, { session, tags }]] of sessions.entries()) {
    const opened = bringBack(portal, startedAt, session, tags, now);
    const activeAt = Math.max(opened.activeAt, lastBeamAt(portal));
    // It may have gone on after it was last saved.
    opened.activeAt = Math.min(activeAt + point.session.quietMs / ACTIVITY_SAVES_PER_QUIET_TIME, now);
    if (index < sessions.length - 1) {
      eyes?.loseSight();
      closePass(portal, opened, opened.activeAt + point.session.quietMs);
      continue;
    }
    opened.restoredAt = now;
    opened.heldUntil = now + HELD_REPORTS_MS;
    if (now - opened.activeAt >= point.session.quietMs) eyes?.doubt();
  }
}

function layTagsAgain({ memory }: Portal, parked: SavedPortal['parked'], now: number): void {
  for (const [epc, levels] of [...parked].slice(0, MAX_PARKED_TAGS)) {
    const tag = memory.get(epc) ?? memory.add(epc, now, now);
    layAt(tag.track, levels, now);
    memory.park(tag);
  }
}

/** Gateway time of the last edge of either beam. */
function lastBeamAt({ eyes }: Portal): number {
  if (eyes === undefined) return Number.NEGATIVE_INFINITY;
  return Math.max(eyes.state.outer.since, eyes.state.inner.since);
}

function bringBack(
  portal: Portal,
  startedAt: number,
  saved: SavedSession | undefined,
  tags: ReadonlyMap<string, SavedTag>,
  now: number,
): Session {
  const { quietMs, openBy } = portal.point.session;
  const goesOn = [...tags.values()].some((tag) => tag.carried);
  const openedByBeam = saved?.openedByBeam ?? openBy === 'photo-eye';
  const session = beginSession(portal, startedAt, { openedByBeam, goesOn, now });
  session.openedAt = Math.min(saved?.openedAt ?? startedAt, now);
  session.activeAt = saved?.activeAt ?? startedAt;
  session.sightedAt = saved?.sightedAt ?? startedAt;
  session.saved = saved?.evidence;
  for (const [epc, tag] of [...tags].slice(0, MAX_TAGS_PER_SESSION)) {
    bringBackTag(portal, session, epc, tag, now);
  }
  const wentOnFor = Math.min(now - session.activeAt, quietMs / ACTIVITY_SAVES_PER_QUIET_TIME);
  session.sightedAt += Math.max(0, wentOnFor);
  return session;
}

/** On the list again, with the one sight that is known of it. */
function bringBackTag(portal: Portal, session: Session, epc: string, saved: SavedTag, now: number): void {
  const { memory, point } = portal;
  const seenAt = saved.firstSeenAt;
  const tag = memory.get(epc) ?? memory.add(epc, seenAt, seenAt);
  const antenna = Math.min(saved.antenna, point.antennas.length - 1);
  tag.track.presentSince = saved.presentSince;
  startEra(tag, session.era, seenAt);
  noteSight(tag.track, antenna, seenAt, saved.rssiDbm, Math.min(seenAt, now));
  tag.track.movedInPresence = saved.moved;
  tag.moved = saved.moved;
  tag.readCount = 1;
  tag.peakRssiDbm = saved.rssiDbm ?? Number.NEGATIVE_INFINITY;
  tag.seenBy[antenna] = true;
  tag.restored = true;
  tag.carried = saved.carried;
  tag.parkedBefore = saved.parkedBefore;
  tag.admitted = true;
  tag.checkpointed = true;
  if (saved.carried) tag.reportedEra = session.era;
  const side = point.antennas[antenna]?.side;
  // What the saved evidence does not hold yet.
  if (side !== undefined && session.saved === undefined && !saved.carried) {
    addSight(tag.evidence, side, seenAt, powerMilliwatts(saved.rssiDbm));
  }
  session.tags.push(tag);
  session.activeAt = Math.max(session.activeAt, seenAt);
  session.sightedAt = Math.max(session.sightedAt, seenAt);
}
