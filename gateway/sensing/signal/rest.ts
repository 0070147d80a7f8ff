/**
 * Whether a tag stands still. It lies around when its smoothed signal has stayed within FLAT_BAND_DB at every
 * antenna for PARKED_AFTER_MS; its level then is its level at rest.
 */
import { MOVED_RISE_DB, PARKED_AFTER_MS, STILL_AFTER_MS, STILL_READS } from './limits.ts';
import { antennaCountOf, levelAt, setLevelAt, type TagTrack } from './tag-track.ts';

/**
 * Not being carried now. `knownToMove`: seen to move before this track began, so that only a long rest says
 * otherwise.
 */
export function isResting(track: TagTrack, at: number, knownToMove: boolean): boolean {
  const flatFor = at - track.flatSince;
  if (!track.hasRssi) return track.parked || flatFor >= PARKED_AFTER_MS;
  if (track.parked || !(track.movedInPresence || knownToMove)) return isStill(track, at);
  return flatFor >= PARKED_AFTER_MS;
}

/** Flat long enough, and with reads enough, to say so. */
export function isStill(track: TagTrack, at: number): boolean {
  return at - track.flatSince >= STILL_AFTER_MS && track.flatReads >= STILL_READS;
}

/** Turns true once each time the tag has come to lie for long: its level now is its level at rest. */
export function comesToLie(track: TagTrack, at: number): boolean {
  if (track.restKnown || at - track.flatSince < PARKED_AFTER_MS) return false;
  noteRest(track);
  return true;
}

/** Louder than at rest by more than metal driving by makes it. */
export function roseFromRest(track: TagTrack): boolean {
  return track.loudestDbm - track.restLevelDbm >= MOVED_RISE_DB;
}

/** Smoothed level per antenna, for the checkpoint of a lay-around tag; null where never read. */
export function levelsOf(track: TagTrack): (number | null)[] {
  return Array.from({ length: antennaCountOf(track) }, (_, antenna) => {
    const level = levelAt(track, antenna);
    return level === undefined ? null : Math.round(level * 10) / 10;
  });
}

/** A lay-around tag known from before a restart. */
export function layAt(track: TagTrack, levels: readonly (number | null)[], now: number): void {
  track.parked = true;
  track.flatSince = now - PARKED_AFTER_MS;
  track.flatReads = STILL_READS;
  for (const [antenna, level] of levels.entries()) {
    if (level !== null && antenna < antennaCountOf(track)) setLevelAt(track, antenna, level);
  }
  noteRest(track);
}

function noteRest(track: TagTrack): void {
  track.restKnown = true;
  track.restLevelDbm = Number.NEGATIVE_INFINITY;
  for (let antenna = 0; antenna < antennaCountOf(track); antenna++) {
    track.restLevelDbm = Math.max(track.restLevelDbm, levelAt(track, antenna) ?? track.restLevelDbm);
  }
  track.loudestDbm = track.restLevelDbm;
}
