/**
 * The tags a portal remembers, bounded: when full, the quarter of them longest unseen goes, never one of the session
 * under way. Lay-around tags are counted and bounded by themselves; each has a checkpoint row while it is one.
 */
import { MAX_PARKED_TAGS, MAX_TRACKED_TAGS } from './limits.ts';
import { createTagTrack, type TagTrack } from './tag-track.ts';

/** Share of the memory freed at once, so that a flood of new tags does not sort it for each of them. */
const FREED_SHARE = 0.25;

export interface TagMemory {
  get(epc: string): TagTrack | undefined;
  add(epc: string, at: number, now: number): TagTrack;
  park(track: TagTrack): void;
  unpark(track: TagTrack): void;
  all(): Iterable<TagTrack>;
  readonly size: number;
  readonly parkedCount: number;
}

export function createTagMemory(
  antennaCount: number,
  inSession: (track: TagTrack) => boolean,
  forgetParked: (track: TagTrack) => void,
): TagMemory {
  const tracks = new Map<string, TagTrack>();
  const parked = new Set<TagTrack>();

  const unpark = (track: TagTrack): void => {
    track.parked = false;
    if (parked.delete(track)) forgetParked(track);
  };
  const makeRoom = (): void => {
    const idle = [...tracks.values()].filter((track) => !inSession(track));
    idle.sort((a, b) => a.heardAt - b.heardAt);
    for (const track of idle.slice(0, Math.ceil(idle.length * FREED_SHARE))) {
      unpark(track);
      tracks.delete(track.epc);
    }
  };

  return {
    get: (epc) => tracks.get(epc),
    add(epc, at, now) {
      if (tracks.size >= MAX_TRACKED_TAGS) makeRoom();
      const track = createTagTrack(epc, antennaCount, at, now);
      tracks.set(epc, track);
      return track;
    },
    park(track) {
      if (!parked.has(track) && parked.size >= MAX_PARKED_TAGS) {
        let oldest: TagTrack | undefined;
        for (const one of parked) if (oldest === undefined || one.heardAt < oldest.heardAt) oldest = one;
        if (oldest !== undefined) unpark(oldest);
      }
      track.parked = true;
      parked.add(track);
    },
    unpark,
    all: () => tracks.values(),
    get size() {
      return tracks.size;
    },
    get parkedCount() {
      return parked.size;
    },
  };
}
