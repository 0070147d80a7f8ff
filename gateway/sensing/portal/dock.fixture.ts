/**
 * A dock door for tests: loads on a line across the threshold (metres, outside negative), antennas 1.6 m and beams
 * 0.6 m either side of it, signal after the log-distance model with noise. Its own physics, so that the portal is
 * not tested against a copy of its own assumptions.
 */
import { seededRandom } from '../../../protocol/ports/random.ts';
import type { TimedReading } from '../sensor.fixture.ts';
import { type PortalPoint, portalSchema } from './portal-point.ts';

/** 2 March 2026, 06:00 UTC. */
export const MORNING = 1_772_431_200_000;

export type Way = 'IN' | 'OUT' | 'BACK_OUTSIDE' | 'BACK_INSIDE';

export interface Load {
  /** Seconds after MORNING at which it comes into the field. */
  readonly at: number;
  readonly way: Way;
  readonly tags: number;
  /** First digits of its EPCs. */
  readonly name: string;
  readonly metresPerSecond?: number;
}

interface ParkedTag {
  readonly epc: string;
  readonly rssiDbm: number;
  readonly antenna: 1 | 2;
  readonly from?: number;
  readonly to?: number;
}

export interface DockStory {
  readonly seed?: number;
  readonly loads?: readonly Load[];
  readonly parked?: readonly ParkedTag[];
  readonly seconds: number;
  /** Chance that a tag is missed in a round. */
  readonly missed?: number;
  /** Seconds in which the reader reads nothing. */
  readonly readerDown?: readonly [number, number][];
  /** Beam edges by hand, beside those of the loads: [seconds, side, broken]. */
  readonly beams?: readonly [number, 'inner' | 'outer', boolean][];
  readonly withoutBeams?: boolean;
  readonly withoutRssi?: boolean;
}

const ROUND_MS = 150;
const SPEED = 1.2;
const FIELD_EDGE = 5;
const TURN = 0.9;
const NOISE_DB = 1.5;
const SENSITIVITY_DBM = -72;

function epcOf(name: string, index: number): string {
  return `30${Buffer.from(name).toString('hex')}${index.toString(16).padStart(4, '0')}`;
}

export function epcsOf(load: Load): string[] {
  return Array.from({ length: load.tags }, (_, index) => epcOf(load.name, index));
}

function positionOf(load: Load, elapsedSeconds: number): number | undefined {
  const speed = load.metresPerSecond ?? SPEED;
  const way = elapsedSeconds * speed;
  const turns = load.way === 'BACK_OUTSIDE' || load.way === 'BACK_INSIDE';
  const reach = FIELD_EDGE + TURN;
  if (elapsedSeconds < 0 || way > 2 * (turns ? reach : FIELD_EDGE)) return undefined;
  const along = (turns && way > reach ? 2 * reach - way : way) - FIELD_EDGE;
  return load.way === 'IN' || load.way === 'BACK_OUTSIDE' ? along : -along;
}

export function dockStory(story: DockStory): TimedReading[] {
  const random = seededRandom(story.seed ?? 1, 'dock');
  const timed: TimedReading[] = [];
  const broken = { inner: false, outer: false };
  const eye = (side: 'inner' | 'outer', active: boolean, now: number) => {
    timed.push({
      now,
      reading: {
        kind: 'input',
        device: 'reader',
        channel: side === 'outer' ? 'gpi-1' : 'gpi-2',
        at: now,
        active,
      },
    });
  };
  const byHand = [...(story.beams ?? [])];
  const places = new Map<string, { along: number; aside: number }>();
  for (let elapsed = 0; elapsed <= story.seconds * 1000; elapsed += ROUND_MS) {
    const now = MORNING + elapsed;
    const seconds = elapsed / 1000;
    for (let next = byHand[0]; next !== undefined && next[0] <= seconds; next = byHand[0]) {
      byHand.shift();
      eye(next[1], next[2], now);
    }
    const beams = { inner: false, outer: false };
    const heard: { epc: string; antenna: 1 | 2; rssiDbm: number }[] = [];
    for (const load of story.loads ?? []) {
      const position = positionOf(load, seconds - load.at);
      if (position === undefined) continue;
      if (Math.abs(position + 0.6) <= 0.6) beams.outer = true;
      if (Math.abs(position - 0.6) <= 0.6) beams.inner = true;
      for (const epc of epcsOf(load)) {
        const place = places.get(epc) ?? {
          along: random.next() * 0.6 - 0.3,
          aside: 0.6 + 0.6 * random.next(),
        };
        places.set(epc, place);
        for (const [antenna, metres] of [
          [1, -1.6],
          [2, 1.6],
        ] as const) {
          const distance = Math.hypot(position + place.along - metres, place.aside);
          heard.push({ epc, antenna, rssiDbm: -42 - 30 * Math.log10(Math.max(0.7, distance)) });
        }
      }
    }
    for (const tag of story.parked ?? []) {
      if (seconds >= (tag.from ?? 0) && seconds < (tag.to ?? Number.POSITIVE_INFINITY)) heard.push(tag);
    }
    if (!story.withoutBeams) {
      for (const side of ['outer', 'inner'] as const) {
        if (beams[side] !== broken[side]) eye(side, beams[side], now);
        broken[side] = beams[side];
      }
    }
    if (story.readerDown?.some(([from, to]) => seconds >= from && seconds < to)) continue;
    for (const { epc, antenna, rssiDbm } of heard) {
      const dbm = Math.round(random.gaussian(rssiDbm, NOISE_DB));
      if (dbm < SENSITIVITY_DBM || random.next() < (story.missed ?? 0.25)) continue;
      timed.push({
        now,
        reading: {
          kind: 'tag',
          device: 'reader',
          channel: String(antenna),
          at: now,
          epc,
          ...(story.withoutRssi ? {} : { peakRssiDbm: dbm }),
          readCount: 1,
          firstSeenAt: now,
          lastSeenAt: now,
        },
      });
    }
  }
  return timed;
}

export function portal(overrides: Record<string, unknown> = {}): PortalPoint {
  return portalSchema.parse({
    id: 'dock-1',
    kind: 'portal',
    antennas: [
      { device: 'reader', antenna: '1', side: 'outer' },
      { device: 'reader', antenna: '2', side: 'inner' },
    ],
    photoEyes: { outer: { device: 'reader', input: 'gpi-1' }, inner: { device: 'reader', input: 'gpi-2' } },
    direction: { mode: 'photo-eye' },
    session: { openBy: 'photo-eye', quietMs: 4000, maxMs: 60_000 },
    stray: { minReads: 3, minPeakRssiDbm: -62 },
    ...overrides,
  });
}

export const BEAM_GATED = {};
export const FIRST_SIGHT = {
  direction: { mode: 'antenna-order' },
  session: { openBy: 'first-sight', quietMs: 4000, maxMs: 60_000 },
  photoEyes: undefined,
};
