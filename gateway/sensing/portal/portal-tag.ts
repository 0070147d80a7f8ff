/**
 * A tag at a portal: its track, and what it did in the current session or in the time before the next one. An era
 * is one such stretch; the sums of another era are not this one's. Changed in place: repeated reads allocate nothing.
 */
import { clearEvidence, createEvidence, type Evidence } from '../signal/antenna-order.ts';
import { createTagTrack, rebaseTrack, type TagTrack } from '../signal/tag-track.ts';

export interface PortalTag {
  readonly track: TagTrack;
  era: number;
  firstSeenAt: number;
  /** Newest sight of acceptable strength. */
  acceptedUntil: number;
  readCount: number;
  peakRssiDbm: number;
  moved: boolean;
  /** Lay around when this era began. */
  parkedBefore: boolean;
  readonly evidence: Evidence;
  /** By index of the read point's antennas: whether it saw the tag. */
  readonly seenBy: boolean[];
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

export function createPortalTag(epc: string, antennaCount: number, at: number, now: number): PortalTag {
  return {
    track: createTagTrack(epc, antennaCount, at, now),
    era: -1,
    firstSeenAt: at,
    acceptedUntil: at,
    readCount: 0,
    peakRssiDbm: Number.NEGATIVE_INFINITY,
    moved: false,
    parkedBefore: false,
    evidence: createEvidence(at),
    seenBy: new Array<boolean>(antennaCount).fill(false),
    admitted: false,
    checkpointed: false,
    restored: false,
    carried: false,
    reportedEra: -2,
  };
}

/** A new session (or the time between two): what is reported of the tag starts afresh. */
export function startEra(tag: PortalTag, era: number, at: number): void {
  tag.firstSeenAt = at;
  tag.acceptedUntil = at;
  tag.readCount = 0;
  tag.peakRssiDbm = Number.NEGATIVE_INFINITY;
  tag.moved = false;
  tag.seenBy.fill(false);
  tag.restored = false;
  clearEvidence(tag.evidence, at);
  joinEra(tag, era);
}

/** Goes on into the session with what was seen shortly before it. */
export function joinEra(tag: PortalTag, era: number): void {
  tag.era = era;
  tag.admitted = false;
  tag.checkpointed = false;
  tag.carried = false;
  tag.parkedBefore = tag.track.parked;
}

/** Is there up to `at`, strongly enough. */
export function accept(tag: PortalTag, at: number): void {
  if (at > tag.acceptedUntil) tag.acceptedUntil = at;
}

/** The wall clock stepped back: the session's sums stay, their times cannot be in the future. */
export function rebaseTag(tag: PortalTag, now: number): void {
  rebaseTrack(tag.track, now);
  tag.firstSeenAt = Math.min(tag.firstSeenAt, now);
  tag.acceptedUntil = Math.min(tag.acceptedUntil, now);
}
