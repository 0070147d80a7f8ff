/**
 * The track of one tag: when it came into the field, when each antenna saw it last, and how its signal goes there,
 * smoothed, with the band it has stayed in. Whether that is a tag at rest stands in rest.ts.
 * One object per tag, changed in place: repeated reads allocate nothing.
 */
import {
  FLAT_BAND_DB,
  LATE_WINDOW_MS,
  PARKED_FORGET_MS,
  PRESENCE_GAP_MS,
  SMOOTHING,
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
  /** Since when the tag is in the field. */
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
  };
}

export function antennaCountOf(track: TagTrack): number {
  return track.antennas.length / FIELDS;
}

/** The same sight again, or one that later sights at this antenna have overtaken. */
export function isRepeat(track: TagTrack, antenna: number, at: number): boolean {
  const newest = track.antennas[antenna * FIELDS + NEWEST] ?? Number.NEGATIVE_INFINITY;
  return at <= newest && newest - at <= LATE_WINDOW_MS;
}

/** Takes a sight into the track. True when this sight shows that the tag moves. */
export function noteSight(
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
  track.antennas[antenna * FIELDS + NEWEST] = at;
  if (rssiDbm === undefined) return false;
  track.hasRssi = true;
  if (!leavesFlatBand(track, antenna, rssiDbm)) return false;
  track.movedInPresence = true;
  track.restKnown = false;
  restartFlatBands(track, at);
  return true;
}

/** Smoothed signal at an antenna; undefined while there are too few reads. */
export function levelAt(track: TagTrack, antenna: number): number | undefined {
  const base = antenna * FIELDS;
  if ((track.antennas[base + SMOOTHED_READS] ?? 0) < WARM_UP_READS) return undefined;
  return track.antennas[base + SMOOTHED];
}

/** A level known from before a restart. */
export function setLevelAt(track: TagTrack, antenna: number, levelDbm: number): void {
  const base = antenna * FIELDS;
  track.hasRssi = true;
  track.antennas[base + SMOOTHED_READS] = WARM_UP_READS;
  for (const field of [SMOOTHED, LOW, HIGH]) track.antennas[base + field] = levelDbm;
}

/** The wall clock stepped back: times of before mean nothing now, the signal does. */
export function rebaseTrack(track: TagTrack, now: number): void {
  for (let antenna = 0; antenna < antennaCountOf(track); antenna++) {
    track.antennas[antenna * FIELDS + NEWEST] = Number.NEGATIVE_INFINITY;
  }
  const flatFor = Math.max(0, track.lastSeenAt - track.flatSince);
  track.lastSeenAt = Math.min(track.lastSeenAt, now);
  track.presentSince = Math.min(track.presentSince, now);
  track.flatSince = track.lastSeenAt - flatFor;
  track.heardAt = Math.min(track.heardAt, now);
}

function startPresence(track: TagTrack, at: number): void {
  track.presentSince = at;
  track.lastSeenAt = at;
  track.parked = false;
  track.restKnown = false;
  track.movedInPresence = false;
  track.flatSince = at;
  track.flatReads = 0;
  for (let antenna = 0; antenna < antennaCountOf(track); antenna++) {
    track.antennas[antenna * FIELDS + SMOOTHED_READS] = 0;
  }
}

/** Smooths the signal of one antenna on by one read. */
function leavesFlatBand(track: TagTrack, antenna: number, rssiDbm: number): boolean {
  const { antennas } = track;
  const base = antenna * FIELDS;
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
  return (antennas[base + HIGH] ?? 0) - (antennas[base + LOW] ?? 0) > FLAT_BAND_DB;
}

function restartFlatBands(track: TagTrack, at: number): void {
  track.flatSince = at;
  track.flatReads = 0;
  for (let antenna = 0; antenna < antennaCountOf(track); antenna++) {
    const base = antenna * FIELDS;
    const smoothed = track.antennas[base + SMOOTHED] ?? 0;
    track.antennas[base + LOW] = smoothed;
    track.antennas[base + HIGH] = smoothed;
  }
}
