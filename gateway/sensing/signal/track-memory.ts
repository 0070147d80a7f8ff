/**
 * The tags a read point remembers, bounded: when full, the quarter of them longest unseen goes, never one in use.
 * Lay-around tags are counted and bounded by themselves. What a read point keeps of a tag beside its track is its own.
 */
import { MAX_PARKED_TAGS, MAX_TRACKED_TAGS } from './limits.ts';
import type { TagTrack } from './tag-track.ts';

/** Share of the memory freed at once, so that a flood of new tags does not sort it for each of them. */
const FREED_SHARE = 0.25;

interface Tracked {
  readonly track: TagTrack;
}

export interface TrackMemory<Tag extends Tracked> {
  get(epc: string): Tag | undefined;
  add(epc: string, at: number, now: number): Tag;
  park(tag: Tag): void;
  unpark(tag: Tag): void;
  all(): Iterable<Tag>;
  readonly size: number;
  readonly parkedCount: number;
}

interface TrackMemoryOptions<Tag extends Tracked> {
  create(epc: string, at: number, now: number): Tag;
  /** Must not be forgotten now. */
  isInUse(tag: Tag): boolean;
  /** It does not lie around any more, or is forgotten. */
  onUnparked(tag: Tag): void;
}

export function createTrackMemory<Tag extends Tracked>(options: TrackMemoryOptions<Tag>): TrackMemory<Tag> {
  const tags = new Map<string, Tag>();
  const parked = new Set<Tag>();

  const unpark = (tag: Tag): void => {
    tag.track.parked = false;
    if (parked.delete(tag)) options.onUnparked(tag);
  };
  const makeRoom = (): void => {
    const idle = [...tags.values()].filter((tag) => !options.isInUse(tag));
    idle.sort((a, b) => a.track.heardAt - b.track.heardAt);
    for (const tag of idle.slice(0, Math.ceil(idle.length * FREED_SHARE))) {
      unpark(tag);
      tags.delete(tag.track.epc);
    }
  };
  const forgetOldestParked = (): void => {
    let oldest: Tag | undefined;
    for (const tag of parked) {
      if (oldest === undefined || tag.track.heardAt < oldest.track.heardAt) oldest = tag;
    }
    if (oldest !== undefined) unpark(oldest);
  };

  return {
    get: (epc) => tags.get(epc),
    add(epc, at, now) {
      if (tags.size >= MAX_TRACKED_TAGS) makeRoom();
      const tag = options.create(epc, at, now);
      tags.set(epc, tag);
      return tag;
    },
    park(tag) {
      if (!parked.has(tag) && parked.size >= MAX_PARKED_TAGS) forgetOldestParked();
      tag.track.parked = true;
      parked.add(tag);
    },
    unpark,
    all: () => tags.values(),
    get size() {
      return tags.size;
    },
    get parkedCount() {
      return parked.size;
    },
  };
}
