/**
 * Everything one portal knows between two calls, in one place: the transitions beside this file change it, and only
 * they. Gateway time throughout, except where a field says otherwise.
 */
import { createPhotoEyes, type PhotoEyes } from '../signal/photo-eyes.ts';
import { createTrackMemory, type TrackMemory } from '../signal/track-memory.ts';
import { createCheckpoints, type PortalCheckpoints } from './checkpoints.ts';
import { createOutputCollector, type OutputCollector } from './output.ts';
import type { PortalPoint } from './portal-point.ts';
import { createPortalTag, type PortalTag } from './portal-tag.ts';
import { openSession, type Session } from './session.ts';

export interface Portal {
  readonly point: PortalPoint;
  readonly counters: PortalCounters;
  readonly memory: TrackMemory<PortalTag>;
  /** Undefined where there are none. */
  readonly eyes: PhotoEyes | undefined;
  readonly rows: PortalCheckpoints;
  readonly output: OutputCollector;
  session: Session | undefined;
  /** Even between sessions, odd within one. */
  era: number;
  /** Event time; the start of the newest session. */
  startedLastAt: number;
  lastNow: number;
  lastReadingAt: number | undefined;
}

type PortalCounters = ReturnType<typeof createCounters>;

export function createPortal(point: PortalPoint): Portal {
  const rows = createCheckpoints(point.id);
  const output = createOutputCollector();
  const antennaCount = point.antennas.length;
  const portal: Portal = {
    point,
    counters: createCounters(),
    memory: createTrackMemory<PortalTag>({
      create: (epc, at, now) => createPortalTag(epc, antennaCount, at, now),
      isInUse: (tag) => portal.session !== undefined && tag.era === portal.session.era && tag.admitted,
      onUnparked: ({ track }) => output.drop(rows.parkedKey(track.epc)),
    }),
    eyes: point.photoEyes === undefined ? undefined : createPhotoEyes(point.session.maxMs),
    rows,
    output,
    session: undefined,
    era: 0,
    startedLastAt: Number.NaN,
    lastNow: Number.NEGATIVE_INFINITY,
    lastReadingAt: undefined,
  };
  return portal;
}

/** A session begins: a new era. Nothing is saved of it yet. */
export function beginSession(
  portal: Portal,
  startedAt: number,
  opening: { readonly openedByBeam: boolean; readonly goesOn: boolean; readonly now: number },
): Session {
  portal.era++;
  portal.counters.sessions++;
  portal.startedLastAt = startedAt;
  const session = openSession({ startedAt, era: portal.era, ...opening });
  portal.session = session;
  return session;
}

function createCounters() {
  return {
    reads: 0,
    repeatedReads: 0,
    weakReads: 0,
    readsOutsideSessions: 0,
    sessions: 0,
    emptySessions: 0,
    splitSessions: 0,
    passes: 0,
    straysIgnored: 0,
    foreignReadings: 0,
    unreadableRows: 0,
  };
}
