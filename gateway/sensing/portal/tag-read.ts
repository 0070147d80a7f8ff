/**
 * Transition: a reader has seen a tag. First the tag's own track, then whether the sight opens a session or ends one
 * that is over, then the sums of the session it belongs to. A sight counts in its own time, `at`; quiet and length
 * run on the gateway's, `now`.
 */
import type { TagRead } from '../../../protocol/readings/reading.ts';
import { addSight } from '../signal/antenna-order.ts';
import { powerMilliwatts } from '../signal/power.ts';
import { comesToLie, isResting } from '../signal/rest.ts';
import { isRepeat, noteSight } from '../signal/tag-track.ts';
import type { SavedTag } from './checkpoints.ts';
import { MAX_TAGS_PER_SESSION, PRE_TRIGGER_MS } from './limits.ts';
import { closePass, openPass, splitPass } from './passes.ts';
import { accept, joinEra, type PortalTag, startEra } from './portal-tag.ts';
import { goOn, lastEventAt, type Session } from './session.ts';
import { isSnapshotDue, saveSession } from './snapshot.ts';
import type { Portal } from './state.ts';

/** `antenna` is its index in the read point's configuration. */
export function takeTagRead(portal: Portal, reading: TagRead, antenna: number, now: number): void {
  const { counters, memory, point } = portal;
  counters.reads++;
  const at = Math.min(reading.lastSeenAt, now);
  const tag = memory.get(reading.epc) ?? memory.add(reading.epc, at, now);
  if (isRepeat(tag.track, antenna, at)) {
    counters.repeatedReads++;
    return;
  }
  const lastBefore = tag.track.lastSeenAt;
  const broke = followTrack(portal, tag, antenna, at, reading.peakRssiDbm, now);
  const strong = reading.peakRssiDbm === undefined || reading.peakRssiDbm >= point.stray.minPeakRssiDbm;
  if (!strong) counters.weakReads++;
  const active = strong && !isResting(tag.track, at, tag.restored);
  if (active) {
    endPassBefore(portal, at);
    openAtSight(portal, reading, at, now);
  }
  placeInEra(portal, tag, Math.min(reading.firstSeenAt, at), at, lastBefore);
  const beginsToMove = broke && !tag.moved;
  if (broke) tag.moved = true;
  const power = addToSums(portal, tag, reading, antenna, at);
  const { session } = portal;
  if (strong && session !== undefined && !tag.admitted) admit(portal, tag, session, at);
  if (strong) accept(tag, at);
  if (session === undefined || !active) return;
  goOn(session, at, now);
  if (at > session.sightedAt) session.sightedAt = at;
  session.unsavedEnergy += power;
  session.totalEnergy += power;
  // Once at its first sight, once more when it is seen to move.
  if (!tag.checkpointed || (beginsToMove && !tag.carried)) {
    saveTag(portal, tag, session, antenna, reading.peakRssiDbm);
  }
  if (isSnapshotDue(session, point, now)) {
    portal.output.put(portal.rows.session(session.startedAt, saveSession(session, point, now)));
  }
  if (session.tags.length >= MAX_TAGS_PER_SESSION) splitPass(portal, session, now);
}

/** True when this sight shows that the tag moves. */
function followTrack(
  { memory, output, rows }: Portal,
  tag: PortalTag,
  antenna: number,
  at: number,
  rssiDbm: number | undefined,
  now: number,
): boolean {
  const { track } = tag;
  const wasParked = track.parked;
  const moves = noteSight(track, antenna, at, rssiDbm, now);
  if (wasParked && !track.parked) memory.unpark(tag);
  if (comesToLie(track, at)) {
    memory.park(tag);
    output.put(rows.parked(track));
  }
  return moves;
}

/** A burst of reads that a reader held back may hold several passes: the gap between them is in their own time. */
function endPassBefore(portal: Portal, at: number): void {
  const { session, eyes, point } = portal;
  if (session === undefined || session.tags.length === 0 || eyes?.isBusy() === true) return;
  if (at - lastEventAt(session, eyes) <= point.session.quietMs) return;
  closePass(portal, session, session.activeAt + point.session.quietMs);
}

function openAtSight(portal: Portal, reading: TagRead, at: number, now: number): void {
  const { openBy, quietMs } = portal.point.session;
  if (portal.session !== undefined) return;
  if (openBy !== 'first-sight' && portal.eyes?.isBlocked() !== true) return;
  const from = Math.min(reading.firstSeenAt, at);
  const startedAt = at - from <= quietMs ? from : at;
  openPass(portal, startedAt, { openedByBeam: false, goesOn: false, now });
}

/** Sees to it that the tag's sums are those of the session under way, or of the time between two. */
function placeInEra(portal: Portal, tag: PortalTag, from: number, at: number, lastBefore: number): void {
  const { session, era } = portal;
  if (session === undefined) {
    portal.counters.readsOutsideSessions++;
    if (tag.era !== era) startEra(tag, era, at);
  } else if (tag.era !== session.era) joinSession(tag, session, from, lastBefore);
}

function joinSession(tag: PortalTag, into: Session, from: number, lastBefore: number): void {
  const shortlyBefore =
    into.openedByBeam && tag.era === into.era - 1 && lastBefore >= into.startedAt - PRE_TRIGGER_MS;
  if (shortlyBefore && !tag.track.parked) {
    joinEra(tag, into.era);
    tag.firstSeenAt = Math.max(tag.firstSeenAt, into.startedAt - PRE_TRIGGER_MS);
  } else {
    const { acceptedUntil } = tag;
    startEra(tag, into.era, Math.max(from, into.startedAt));
    if (into.goesOn) tag.acceptedUntil = acceptedUntil;
  }
  into.weakTags++;
}

/** Returns its power in milliwatts, 0 at an antenna of no side. */
function addToSums(portal: Portal, tag: PortalTag, reading: TagRead, antenna: number, at: number): number {
  const rssiDbm = reading.peakRssiDbm;
  tag.readCount += reading.readCount;
  tag.seenBy[antenna] = true;
  if (rssiDbm !== undefined && rssiDbm > tag.peakRssiDbm) tag.peakRssiDbm = rssiDbm;
  const side = portal.point.antennas[antenna]?.side;
  if (side === undefined) return 0;
  const power = powerMilliwatts(rssiDbm);
  addSight(tag.evidence, side, at, power);
  return power;
}

/** Strong enough for the session's list. */
function admit(portal: Portal, tag: PortalTag, into: Session, at: number): void {
  tag.admitted = true;
  into.weakTags--;
  into.tags.push(tag);
  const reported = into.goesOn && tag.reportedEra === into.era - 2;
  tag.carried ||= reported && at - tag.acceptedUntil <= portal.point.session.quietMs;
  if (!tag.carried) return;
  tag.reportedEra = into.era;
  // Its row was written when the pass was split.
  tag.checkpointed = true;
}

function saveTag(
  { output, rows }: Portal,
  tag: PortalTag,
  session: Session,
  antenna: number,
  rssiDbm: number | undefined,
): void {
  const saved: SavedTag = {
    firstSeenAt: tag.firstSeenAt,
    presentSince: tag.track.presentSince,
    antenna,
    ...(rssiDbm === undefined ? {} : { rssiDbm }),
    moved: tag.moved,
    carried: tag.carried,
    parkedBefore: tag.parkedBefore,
  };
  tag.checkpointed = true;
  output.put(rows.tag(session.startedAt, tag.track.epc, saved));
}
