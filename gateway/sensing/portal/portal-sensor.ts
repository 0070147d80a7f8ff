/**
 * A portal: tag reads and light beams → one receipt, dispatch or passage per pass (reference: EPCIS read points;
 * session gating, stray filter and direction as in the portal literature).
 *
 * - A session opens with a broken beam or, in first-sight mode (or while a beam is blocked), with the first read
 *   that is strong enough and not of a tag at rest. It ends when for `quietMs` there was no such read and no broken
 *   beam, or after `maxMs`; what still goes on then is split: a new session, in which tags already reported and
 *   still seen are not reported again.
 * - Weak reads and tags at rest neither open a session nor hold one open. They are counted.
 * - Sights are told in their own time; quiet and length run on the gateway's clock, which may step.
 * - Repeated reads touch numbers only: no allocation, no checkpoint.
 */
import type { DeviceEvent } from '../../../protocol/events/stock-event.ts';
import type { Input, Reading, TagRead } from '../../../protocol/readings/reading.ts';
import type { PortalPoint } from '../read-point.ts';
import { NO_OUTPUT, type SensingOutput, type Sensor } from '../sensor.ts';
import { addSight, powerMilliwatts, type Side } from './antenna-order.ts';
import { createCheckpoints, type SavedTag } from './checkpoints.ts';
import {
  BEAM_GAP_MS,
  CLOCK_STEP_MS,
  HELD_REPORTS_MS,
  MAX_TAGS_PER_SESSION,
  PRE_TRIGGER_MS,
} from './limits.ts';
import { createOutputCollector } from './output.ts';
import { passEvents } from './pass-event.ts';
import { createPhotoEyes, sideOfEye } from './photo-eyes.ts';
import { restorePortal } from './restore.ts';
import {
  endsAt,
  finish,
  isSnapshotDue,
  isStillGoing,
  openSession,
  type Session,
  saveSession,
} from './session.ts';
import { createTagMemory } from './tag-memory.ts';
import {
  comesToLie,
  forgetTimes,
  isRepeat,
  isResting,
  joinEra,
  notePresence,
  startEra,
  type TagTrack,
} from './tag-track.ts';

export function createPortalSensor(point: PortalPoint): Sensor {
  const counters = {
    reads: 0,
    repeatedReads: 0,
    weakReads: 0,
    readsOutsideSessions: 0,
    sessions: 0,
    emptySessions: 0,
    splitSessions: 0,
    passes: 0,
    straysIgnored: 0,
    unreadableRows: 0,
  };
  const antennaOf = new Map<string, Map<string, number>>();
  for (const [index, { device, antenna }] of point.antennas.entries()) {
    const channels = antennaOf.get(device) ?? new Map<string, number>();
    antennaOf.set(device, channels.set(antenna, index));
  }
  const sideOf = point.antennas.map((antenna) => antenna.side);
  const rows = createCheckpoints(point.id);
  const eyes = point.photoEyes === undefined ? undefined : createPhotoEyes(point.session.maxMs);
  let session: Session | undefined;
  /** Even between sessions, odd within one. */
  let era = 0;
  let startedLastAt = Number.NaN;
  let lastNow = Number.NEGATIVE_INFINITY;
  let lastReadingAt: number | undefined;
  const output = createOutputCollector();

  const memory = createTagMemory(
    point.antennas.length,
    (track) => session !== undefined && track.era === session.era && track.admitted,
    (track) => output.drop(rows.parkedKey(track.epc)),
  );

  const blockedEvent = (side: Side, active: boolean, at: number): DeviceEvent | undefined => {
    const eye = point.photoEyes?.[side];
    if (eye === undefined) return undefined;
    return {
      type: 'device',
      device: eye.device,
      readPoint: point.id,
      occurredAt: at,
      condition: 'PHOTO_EYE_BLOCKED',
      active,
      detail: `${side} photo-eye ${eye.input} ${active ? `broken for ${point.session.maxMs} ms` : 'free again'}`,
    };
  };

  const open = (startedAt: number, now: number, openedByBeam: boolean, goesOn: boolean): Session => {
    // Two sessions never share a name, not even when the clock stands still.
    const start = startedAt === startedLastAt ? startedAt + 1 : startedAt;
    startedLastAt = start;
    era++;
    counters.sessions++;
    const opened = openSession({ startedAt: start, era, openedByBeam, goesOn, now });
    session = opened;
    output.put(rows.session(start, saveSession(opened, point, now)));
    return opened;
  };

  const putTag = (track: TagTrack, at: Session, antenna: number, rssiDbm: number | undefined): void => {
    const saved: SavedTag = {
      firstSeenAt: track.firstSeenAt,
      presentSince: track.presentSince,
      antenna,
      ...(rssiDbm === undefined ? {} : { rssiDbm }),
      moved: track.moved,
      carried: track.carried,
      parkedBefore: track.parkedBefore,
    };
    track.checkpointed = true;
    output.put(rows.tag(at.startedAt, track.epc, saved));
  };

  const close = (ended: Session, endedAt: number, split: boolean): void => {
    eyes?.endDoubt();
    const pass = finish(ended, point, eyes, endedAt);
    const going = split && isStillGoing(ended, point, eyes, endedAt);
    session = undefined;
    era++;
    output.drop(rows.sessionFolder(ended.startedAt));
    counters.straysIgnored += pass.straysIgnored;
    if (pass.tags.length === 0) counters.emptySessions++;
    else {
      counters.passes++;
      for (const event of passEvents(point, pass)) output.tell(event);
    }
    for (const track of pass.tags) {
      track.reportedEra = ended.era;
      // It lay around before, and went with this pass.
      if (track.parkedBefore) memory.unpark(track);
    }
    if (eyes !== undefined) {
      eyes.endSession();
      if (!eyes.isBusy() && !eyes.isBlocked()) output.drop(rows.beamsKey);
      else output.put(rows.beams(eyes.state));
    }
    if (!going) return;
    counters.splitSessions++;
    const next = open(ended.startedAt + (endedAt - ended.openedAt), endedAt, ended.openedByBeam, true);
    next.activeAt = Math.max(ended.activeAt, ended.openedAt);
    for (const track of ended.tags) {
      if (track.reportedEra !== ended.era) continue;
      output.put(
        rows.tag(next.startedAt, track.epc, {
          firstSeenAt: track.acceptedUntil,
          presentSince: track.presentSince,
          antenna: 0,
          moved: track.moved,
          carried: true,
          parkedBefore: false,
        }),
      );
    }
  };

  /** Whatever fell due until now, in the order in which it did. */
  const runDue = (now: number): void => {
    if (now < lastNow - CLOCK_STEP_MS) rebase(now);
    lastNow = now;
    if (eyes !== undefined) {
      for (const side of eyes.findBlocked(now)) {
        const event = blockedEvent(side, true, now);
        if (event !== undefined) output.tell(event);
        output.put(rows.beams(eyes.state));
      }
    }
    while (session !== undefined) {
      const due = endsAt(session, point, eyes);
      if (now < due) return;
      const isSplit = due !== session.heldUntil && due === session.openedAt + point.session.maxMs;
      close(session, due, isSplit);
    }
  };

  const rebase = (now: number): void => {
    for (const track of memory.all()) forgetTimes(track, now);
    eyes?.rebase(now);
    if (session === undefined) return;
    session.openedAt = Math.min(session.openedAt, now);
    session.activeAt = Math.min(session.activeAt, now);
    session.snapshotAt = Math.min(session.snapshotAt, now);
    if (session.heldUntil !== undefined)
      session.heldUntil = Math.min(session.heldUntil, now + HELD_REPORTS_MS);
  };

  const admit = (track: TagTrack, into: Session, at: number): void => {
    track.admitted = true;
    into.weakTags--;
    into.tags.push(track);
    const reported = into.goesOn && track.reportedEra === into.era - 2;
    track.carried ||= reported && at - track.acceptedUntil <= point.session.quietMs;
    if (!track.carried) return;
    track.reportedEra = into.era;
    // Its row was written when the pass was split.
    track.checkpointed = true;
  };

  const joinSession = (track: TagTrack, into: Session, at: number, lastBefore: number): void => {
    const shortlyBefore =
      into.openedByBeam && track.era === into.era - 1 && lastBefore >= into.startedAt - PRE_TRIGGER_MS;
    if (shortlyBefore && !track.parked) {
      joinEra(track, into.era);
      track.firstSeenAt = Math.max(track.firstSeenAt, into.startedAt - PRE_TRIGGER_MS);
    } else {
      const acceptedUntil = track.acceptedUntil;
      startEra(track, into.era, Math.max(at, into.startedAt));
      if (into.goesOn) track.acceptedUntil = acceptedUntil;
    }
    into.weakTags++;
  };

  /** The last sight or beam edge of the session, in their own time. */
  const lastEventAt = (of: Session): number =>
    Math.max(of.sightedAt, eyes?.lastEdgeAt() ?? Number.NEGATIVE_INFINITY);

  /** Something goes on in the session now. One that waited for held reports since a restart has its full length again. */
  const goOn = (into: Session, now: number): void => {
    into.activeAt = now;
    if (into.heldUntil === undefined) return;
    into.heldUntil = undefined;
    into.openedAt = now;
  };

  const onTag = (reading: TagRead, antenna: number, now: number): void => {
    counters.reads++;
    const at = Math.min(reading.lastSeenAt, now);
    const rssiDbm = reading.peakRssiDbm;
    const track = memory.get(reading.epc) ?? memory.add(reading.epc, at, now);
    if (isRepeat(track, antenna, at)) {
      counters.repeatedReads++;
      return;
    }
    const lastBefore = track.lastSeenAt;
    const wasParked = track.parked;
    const broke = notePresence(track, antenna, at, rssiDbm, now);
    if (wasParked && !track.parked) memory.unpark(track);
    if (comesToLie(track, at)) {
      memory.park(track);
      output.put(rows.parked(track));
    }
    const strong = rssiDbm === undefined || rssiDbm >= point.stray.minPeakRssiDbm;
    if (!strong) counters.weakReads++;
    const active = strong && !isResting(track, at);

    // A burst of reads that a reader held back may hold several passes: the gap between them is in their own time.
    if (
      active &&
      session !== undefined &&
      eyes?.isBusy() !== true &&
      session.tags.length > 0 &&
      at - lastEventAt(session) > point.session.quietMs
    ) {
      close(session, session.activeAt + point.session.quietMs, false);
    }
    if (
      session === undefined &&
      active &&
      (point.session.openBy === 'first-sight' || eyes?.isBlocked() === true)
    ) {
      const from = Math.min(reading.firstSeenAt, at);
      open(at - from <= point.session.quietMs ? from : at, now, false, false);
    }
    const into = session;
    if (into === undefined) {
      counters.readsOutsideSessions++;
      if (track.era !== era) startEra(track, era, at);
    } else if (track.era !== into.era)
      joinSession(track, into, Math.min(reading.firstSeenAt, at), lastBefore);
    const beginsToMove = broke && !track.moved;
    if (broke) track.moved = true;

    track.readCount += reading.readCount;
    track.antennaMask[antenna] = true;
    if (rssiDbm !== undefined && rssiDbm > track.peakRssiDbm) track.peakRssiDbm = rssiDbm;
    const side = sideOf[antenna];
    const power = side === undefined ? 0 : powerMilliwatts(rssiDbm);
    if (side !== undefined) addSight(track.evidence, side, at, power);
    if (into === undefined) {
      if (strong && at > track.acceptedUntil) track.acceptedUntil = at;
      return;
    }

    if (strong) {
      if (!track.admitted) admit(track, into, at);
      if (at > track.acceptedUntil) track.acceptedUntil = at;
    }
    if (!active) return;
    goOn(into, now);
    if (at > into.sightedAt) into.sightedAt = at;
    into.unsavedEnergy += power;
    into.totalEnergy += power;
    // Once at its first sight, once more when it is seen to move.
    if (!track.checkpointed || (beginsToMove && !track.carried)) putTag(track, into, antenna, rssiDbm);
    if (isSnapshotDue(into, point, now)) {
      output.put(rows.session(into.startedAt, saveSession(into, point, now)));
    }
    if (into.tags.length >= MAX_TAGS_PER_SESSION) close(into, now, true);
  };

  const onInput = (reading: Input, side: Side, now: number): void => {
    if (eyes === undefined) return;
    const wasBusy = eyes.isBusy();
    const at = Math.min(reading.sensedAt ?? reading.at, now);
    const isLater = session !== undefined && at - lastEventAt(session) > point.session.quietMs;
    if (session !== undefined && isLater && reading.active && !wasBusy) {
      // Held back by the reader: the load before has long passed.
      close(session, Math.min(session.activeAt + point.session.quietMs, now), false);
    }
    if (session === undefined) eyes.forget(at - PRE_TRIGGER_MS - BEAM_GAP_MS);
    const { edge, unblocked } = eyes.onInput(side, reading.active, at, now);
    if (!edge) return;
    if (unblocked) {
      const event = blockedEvent(side, false, at);
      if (event !== undefined) output.tell(event);
    }
    if (session !== undefined && (wasBusy || eyes.isBusy())) goOn(session, now);
    if (session === undefined && reading.active && point.session.openBy === 'photo-eye') {
      open(at, now, true, false);
    }
    if (session === undefined && point.session.openBy === 'photo-eye' && !eyes.isBlocked()) {
      eyes.endSession();
      output.drop(rows.beamsKey);
    } else output.put(rows.beams(eyes.state));
  };

  return {
    readPoint: point.id,
    onReading(reading: Reading, now: number): SensingOutput {
      if (reading.kind === 'tag') {
        const antenna = antennaOf.get(reading.device)?.get(reading.channel);
        if (antenna === undefined) return NO_OUTPUT;
        runDue(now);
        lastReadingAt = reading.at;
        onTag(reading, antenna, now);
        return output.take();
      }
      if (reading.kind !== 'input') return NO_OUTPUT;
      const side = sideOfEye(point, reading);
      if (side === undefined) return NO_OUTPUT;
      runDue(now);
      lastReadingAt = reading.at;
      onInput(reading, side, now);
      return output.take();
    },
    onTick(now) {
      runDue(now);
      return output.take();
    },
    nextTickAt() {
      const blocked = eyes?.nextBlockedAt();
      if (session === undefined) return blocked;
      return Math.min(endsAt(session, point, eyes), blocked ?? Number.POSITIVE_INFINITY);
    },
    restore(saved, now) {
      lastNow = now;
      const found = rows.read(saved);
      counters.unreadableRows += found.unreadable;
      restorePortal({
        saved: found,
        point,
        now,
        memory,
        eyes,
        begin(startedAt, openedByBeam, goesOn) {
          era++;
          counters.sessions++;
          startedLastAt = startedAt;
          session = openSession({ startedAt, era, openedByBeam, goesOn, now });
          return session;
        },
        end(ended, endedAt) {
          close(ended, endedAt, false);
        },
      });
      return output.take();
    },
    status: () => ({
      readPoint: point.id,
      kind: 'portal',
      state: session === undefined ? 'idle' : `pass under way, ${session.tags.length} tags`,
      ...(lastReadingAt === undefined ? {} : { lastReadingAt }),
      counters: { ...counters, trackedTags: memory.size, parkedTags: memory.parkedCount },
    }),
  };
}
