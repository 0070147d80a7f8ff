/** Which tags on a session's list did not pass: decided when the session ends, with all that was seen of them. */
import { PARKED_AFTER_MS } from '../signal/limits.ts';
import { isStill, roseFromRest } from '../signal/rest.ts';
import { PRE_TRIGGER_MS } from './limits.ts';
import type { PortalTag } from './portal-tag.ts';

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
 * Was it only there? Too few reads; or it lay there before the session and was not carried off (louder than at
 * rest, and gone afterwards: both, since passing metal alone does either); or it never moved and is still read when
 * all that moved has left. A tag that moved and was set down in the field did pass.
 */
export function isStray(tag: PortalTag, ending: Ending): boolean {
  const { track } = tag;
  if (tag.readCount < ending.minReads && !tag.restored) return true;
  const stillRead = ending.endedAt - track.heardAt <= ending.quietMs / 2;
  if (tag.parkedBefore) return stillRead || !roseFromRest(track);
  if (tag.moved || !stillRead) return false;
  if (track.hasRssi) return isStill(track, track.lastSeenAt);
  // Without signal strength nothing distinguishes standing from moving; trust the beam unless the tag was there before it.
  if (ending.openedByBeam) return track.presentSince < ending.startedAt - PRE_TRIGGER_MS;
  return track.lastSeenAt - track.presentSince >= PARKED_AFTER_MS;
}
