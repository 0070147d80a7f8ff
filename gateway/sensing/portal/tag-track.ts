/**
 * What the portal knows of one tag: whether its signal moves or stands still (over its whole presence), and what it
 * did in the current session. One object per tag, changed in place: repeated reads allocate nothing.
 *
 * A tag lies around when its smoothed signal has stayed within FLAT_BAND_DB at every antenna for PARKED_AFTER_MS.
 * Whether such a tag belongs to a pass is decided when the pass ends, see `isStray`.
 */
import { clearEvidence, createEvidence, type Evidence } from './antenna-order.ts';
import {
  FLAT_BAND_DB,
  LATE_WINDOW_MS,
  MOVED_RISE_DB,
  PARKED_AFTER_MS,
  PARKED_FORGET_MS,
  PRE_TRIGGER_MS,
  PRESENCE_GAP_MS,
  SMOOTHING,
  STILL_AFTER_MS,
  STILL_READS,
  WARM_UP_READS,
} from './limits.ts';

/** Per antenna, side by side in one array: newest sight, reads smoothed, smoothed signal, its low and high. */
const NEWEST = 0;
const SMOOTHED_READS = 1;
const SMOOTHED = 2;
const LOW = 3;
const HIGH = 4;
const FIELDS = 5;

export interface TagTrack {
  readonly epc: string;
  readonly antennas: Float64Array;

  // Presence: since the tag came into the field.
  presentSince: number;
  lastSeenAt: number;
  /** Gateway time of the newest sight. */
  heardAt: number;
  /** The signal has been flat at every antenna since. */
  flatSince: number;
  flatReads: number;
  hasRssi: boolean;
  movedInPresence: boolean;
  /** Learnt as lying around. */
  parked: boolean;
  /** Its level when it last lay long, and the loudest since. */
  restKnown: boolean;
  restLevelDbm: number;
  loudestDbm: number;

  // The current session, or the time before the next one.
  era: number;
  firstSeenAt: number;
  /** Newest sight of acceptable strength. */
  acceptedUntil: number;
  readCount: number;
  peakRssiDbm: number;
  moved: boolean;
  parkedBefore: boolean;
  readonly evidence: Evidence;
  antennaMask: boolean[];
  /** On the session's list: strong enough at least once. */
  admitted: boolean;
  checkpointed: boolean;
  /** Known from a checkpoint: accepted, however few its reads. */
  restored: boolean;
  /** Reported in the session that this one goes on from. */
  carried: boolean;
  /** The era of the last session that reported it or carried it on. */
  reportedEra: number;
}

export function createTagTrack(epc: string, antennaCount: number, at: number, now: number): TagTrack {
  const antennas = new Float64Array(antennaCount * FIELDS);
  for (let i = 0; i < antennaCount; i++) antennas[i * FIELDS + NEWEST] = Number.NEGATIVE_INFINITY;
  return {
    epc,
    antennas,
    presentSince: at,
    lastSeenAt: at,
    heardAt: now,
    flatSince: at,
    flatReads: 0,
    hasRssi: false,
    movedInPresence: false,
    parked: false,
    restKnown: false,
    restLevelDbm: Number.NEGATIVE_INFINITY,
    loudestDbm: Number.NEGATIVE_INFINITY,
    era: -1,
    firstSeenAt: at,
    acceptedUntil: at,
    readCount: 0,
    peakRssiDbm: Number.NEGATIVE_INFINITY,
    moved: false,
    parkedBefore: false,
    evidence: createEvidence(at),
    antennaMask: new Array<boolean>(antennaCount).fill(false),
    admitted: false,
    checkpointed: false,
    restored: false,
    carried: false,
    reportedEra: -2,
  };
}

/** The same sight again, or one that later sights at this antenna have overtaken. */
export function isRepeat(track: TagTrack, antenna: number, at: number): boolean {
  const newest = track.antennas[antenna * FIELDS + NEWEST] ?? Number.NEGATIVE_INFINITY;
  return at <= newest && newest - at <= LATE_WINDOW_MS;
}

/** Takes a sight into the tag's presence. True when this sight shows that the tag moves. */
export function notePresence(
  track: TagTrack,
  antenna: number,
  at: number,
  rssiDbm: number | undefined,
  now: number,
): boolean {
  const gap = at - track.lastSeenAt;
  if (gap > (track.parked ? PARKED_FORGET_MS : PRESENCE_GAP_MS) || gap < -LATE_WINDOW_MS) {
    startPresence(track, at);
  }
  if (at > track.lastSeenAt) track.lastSeenAt = at;
  track.heardAt = now;
  track.flatReads++;
  const { antennas } = track;
  const base = antenna * FIELDS;
  antennas[base + NEWEST] = at;
  if (rssiDbm === undefined) return false;
  track.hasRssi = true;
  const reads = (antennas[base + SMOOTHED_READS] ?? 0) + 1;
  antennas[base + SMOOTHED_READS] = reads;
  const before = antennas[base + SMOOTHED] ?? 0;
  const smoothed = before + (rssiDbm - before) * Math.max(1 / reads, SMOOTHING);
  antennas[base + SMOOTHED] = smoothed;
  if (reads < WARM_UP_READS) return false;
  if (reads === WARM_UP_READS) {
    antennas[base + LOW] = smoothed;
    antennas[base + HIGH] = smoothed;
  } else if (smoothed < (antennas[base + LOW] ?? 0)) {
    antennas[base + LOW] = smoothed;
  } else if (smoothed > (antennas[base + HIGH] ?? 0)) {
    antennas[base + HIGH] = smoothed;
  }
  if (smoothed > track.loudestDbm) track.loudestDbm = smoothed;
  if ((antennas[base + HIGH] ?? 0) - (antennas[base + LOW] ?? 0) <= FLAT_BAND_DB) return false;
  track.movedInPresence = true;
  track.restKnown = false;
  restartFlatBands(track, at);
  return true;
}

/** Not being carried now: its reads neither open a session nor keep one open. */
export function isResting(track: TagTrack, at: number): boolean {
  const flatFor = at - track.flatSince;
  if (!track.hasRssi) return track.parked || flatFor >= PARKED_AFTER_MS;
  if (track.parked || !(track.movedInPresence || track.restored)) return isStill(track, at);
  return flatFor >= PARKED_AFTER_MS;
}

function isStill(track: TagTrack, at: number): boolean {
  return at - track.flatSince >= STILL_AFTER_MS && track.flatReads >= STILL_READS;
}

/** Turns true once each time the tag has come to lie for long: what it is heard at now is its level at rest. */
export function comesToLie(track: TagTrack, at: number): boolean {
  if (track.restKnown || at - track.flatSince < PARKED_AFTER_MS) return false;
  noteRest(track);
  return true;
}

function noteRest(track: TagTrack): void {
  track.restKnown = true;
  track.restLevelDbm = levelNow(track);
  track.loudestDbm = track.restLevelDbm;
}

/** Smoothed level per antenna, for the checkpoint of a lay-around tag; null where never read. */
export function levelsOf(track: TagTrack): (number | null)[] {
  return track.antennaMask.map((_, antenna) => {
    const base = antenna * FIELDS;
    if ((track.antennas[base + SMOOTHED_READS] ?? 0) < WARM_UP_READS) return null;
    return Math.round((track.antennas[base + SMOOTHED] ?? 0) * 10) / 10;
  });
}

/** A lay-around tag known from before a restart. */
export function parkAt(track: TagTrack, levels: readonly (number | null)[], now: number): void {
  track.parked = true;
  track.flatSince = now - PARKED_AFTER_MS;
  track.flatReads = STILL_READS;
  for (const [antenna, level] of levels.entries()) {
    if (level === null || antenna >= track.antennaMask.length) continue;
    const base = antenna * FIELDS;
    track.hasRssi = true;
    track.antennas[base + SMOOTHED_READS] = WARM_UP_READS;
    for (const field of [SMOOTHED, LOW, HIGH]) track.antennas[base + field] = level;
  }
  noteRest(track);
}

/** A new session (or the time between two): what is told of the tag starts afresh. */
export function startEra(track: TagTrack, era: number, at: number): void {
  track.era = era;
  track.firstSeenAt = at;
  track.acceptedUntil = at;
  track.readCount = 0;
  track.peakRssiDbm = Number.NEGATIVE_INFINITY;
  track.moved = false;
  track.antennaMask.fill(false);
  track.restored = false;
  clearEvidence(track.evidence, at);
  joinEra(track, era);
}

/** Goes on into the session with what was seen shortly before it. */
export function joinEra(track: TagTrack, era: number): void {
  track.era = era;
  track.admitted = false;
  track.checkpointed = false;
  track.carried = false;
  track.parkedBefore = track.parked;
}

export interface Ending {
  /** Gateway time at which the session fell due to end. */
  readonly endedAt: number;
  readonly startedAt: number;
  readonly quietMs: number;
  readonly minReads: number;
  /** A broken beam opened the session: something did move. */
  readonly openedByBeam: boolean;
}

/**
 * Was it only there? Too few reads; or it lay there before the session and was not carried off (louder by
 * MOVED_RISE_DB, and gone afterwards: both, since passing metal alone does either); or it never moved and is still
 * read when all that moved has left. A tag that moved and was set down in the field did pass.
 */
export function isStray(track: TagTrack, ending: Ending): boolean {
  if (track.readCount < ending.minReads && !track.restored) return true;
  const stillRead = ending.endedAt - track.heardAt <= ending.quietMs / 2;
  if (track.parkedBefore) {
    return stillRead || !(track.loudestDbm - track.restLevelDbm >= MOVED_RISE_DB);
  }
  if (track.moved || !stillRead) return false;
  if (track.hasRssi) return isStill(track, track.lastSeenAt);
  // Without signal strength nothing tells standing from moving; trust the beam unless the tag was there before it.
  if (ending.openedByBeam) return track.presentSince < ending.startedAt - PRE_TRIGGER_MS;
  return track.lastSeenAt - track.presentSince >= PARKED_AFTER_MS;
}

/** The wall clock stepped back: times of before mean nothing now, the signal and the session's sums do. */
export function forgetTimes(track: TagTrack, now: number): void {
  for (let antenna = 0; antenna < track.antennaMask.length; antenna++) {
    track.antennas[antenna * FIELDS + NEWEST] = Number.NEGATIVE_INFINITY;
  }
  const flatFor = Math.max(0, track.lastSeenAt - track.flatSince);
  track.lastSeenAt = Math.min(track.lastSeenAt, now);
  track.presentSince = Math.min(track.presentSince, now);
  track.flatSince = track.lastSeenAt - flatFor;
  track.heardAt = Math.min(track.heardAt, now);
  track.firstSeenAt = Math.min(track.firstSeenAt, now);
  track.acceptedUntil = Math.min(track.acceptedUntil, now);
}

function startPresence(track: TagTrack, at: number): void {
  track.presentSince = at;
  track.lastSeenAt = at;
  track.parked = false;
  track.restKnown = false;
  track.movedInPresence = false;
  track.flatSince = at;
  track.flatReads = 0;
  for (let antenna = 0; antenna < track.antennaMask.length; antenna++) {
    track.antennas[antenna * FIELDS + SMOOTHED_READS] = 0;
  }
}

function restartFlatBands(track: TagTrack, at: number): void {
  track.flatSince = at;
  track.flatReads = 0;
  for (let antenna = 0; antenna < track.antennaMask.length; antenna++) {
    const base = antenna * FIELDS;
    const smoothed = track.antennas[base + SMOOTHED] ?? 0;
    track.antennas[base + LOW] = smoothed;
    track.antennas[base + HIGH] = smoothed;
  }
}

function levelNow(track: TagTrack): number {
  let level = Number.NEGATIVE_INFINITY;
  for (let antenna = 0; antenna < track.antennaMask.length; antenna++) {
    const base = antenna * FIELDS;
    if ((track.antennas[base + SMOOTHED_READS] ?? 0) >= WARM_UP_READS) {
      level = Math.max(level, track.antennas[base + SMOOTHED] ?? level);
    }
  }
  return level;
}
