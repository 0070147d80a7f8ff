/**
 * Direction from which antenna saw the load when. Each side (outer, inner) keeps moments of its received power in
 * milliwatts over time: the weighted centroid is the moment the load was nearest, the spread separates a single pass
 * by from two. An early and a late share say on which side the pass began and ended.
 */
import type { Direction } from '../../../protocol/events/stock-event.ts';
import { SIDES, type Side } from './side.ts';

interface SideEvidence {
  reads: number;
  /** Sum of power, and of power times (power times squared) milliseconds since `baseAt`. */
  energy: number;
  moment: number;
  secondMoment: number;
  /** Power within EARLY_MS of the first sight. */
  early: number;
  /** Power fading with LATE_FADE_MS, as of `lateAt`. */
  late: number;
  lateAt: number;
}

export interface Evidence {
  baseAt: number;
  readonly outer: SideEvidence;
  readonly inner: SideEvidence;
}

/** The start of a pass: at 1.2 m/s the load is still 3 m from the line, ten decibels nearer to one side. */
const EARLY_MS = 1500;
/** The end of a pass: the last antenna driven by weighs e^2 more than one driven by two seconds earlier. */
const LATE_FADE_MS = 1000;
/** One side must have twice the power of the other (3 dB) to be the side where a pass begins or ends. */
const DOMINANCE = 2;
/** Fewer reads on a side are no centroid. */
const MIN_READS_PER_SIDE = 2;
/** Antennas 3.2 m apart at 3 m/s are a second apart; less than this is one place seen twice. */
const MIN_SEPARATION_MS = 300;
export function createEvidence(baseAt: number): Evidence {
  return { baseAt, outer: createSide(), inner: createSide() };
}

export function clearEvidence(evidence: Evidence, baseAt: number): void {
  evidence.baseAt = baseAt;
  clearSide(evidence.outer);
  clearSide(evidence.inner);
}

/** Hot: no allocation. */
export function addSight(evidence: Evidence, side: Side, at: number, milliwatts: number): void {
  const one = side === 'outer' ? evidence.outer : evidence.inner;
  const elapsed = at - evidence.baseAt;
  one.reads++;
  one.energy += milliwatts;
  one.moment += milliwatts * elapsed;
  one.secondMoment += milliwatts * elapsed * elapsed;
  if (elapsed <= EARLY_MS) one.early += milliwatts;
  fadeTo(one, at);
  one.late += milliwatts * Math.exp((at - one.lateAt) / LATE_FADE_MS);
}

/** A copy that later sights do not change. */
export function copyOf(evidence: Evidence): Evidence {
  return { baseAt: evidence.baseAt, outer: { ...evidence.outer }, inner: { ...evidence.inner } };
}

/** The evidence of many tags as one. Only tags seen from the beginning speak for the beginning. */
export function sumEvidence(parts: readonly Evidence[]): Evidence {
  let baseAt = Number.POSITIVE_INFINITY;
  for (const part of parts) {
    if (part.outer.reads + part.inner.reads > 0) baseAt = Math.min(baseAt, part.baseAt);
  }
  const sum = createEvidence(baseAt);
  for (const part of parts) {
    const shift = part.baseAt - baseAt;
    for (const side of SIDES) {
      const from = part[side];
      if (from.reads === 0) continue;
      const to = sum[side];
      to.reads += from.reads;
      to.energy += from.energy;
      to.moment += from.moment + from.energy * shift;
      to.secondMoment += from.secondMoment + 2 * shift * from.moment + from.energy * shift * shift;
      if (shift <= EARLY_MS) to.early += from.early;
      fadeTo(to, from.lateAt);
      to.late += from.late * Math.exp((from.lateAt - to.lateAt) / LATE_FADE_MS);
    }
  }
  return sum;
}

/**
 * IN: begins outside, ends inside, and was nearest to the outer antenna first. TURNED_BACK: begins and ends on the
 * same side, and the other side was nearest at about the same mean time, within the spread. Anything else, or too
 * little of either side, is UNKNOWN.
 */
export function decideByAntennas(evidence: Evidence): Direction {
  const { outer, inner } = evidence;
  if (outer.reads < MIN_READS_PER_SIDE || inner.reads < MIN_READS_PER_SIDE) return 'UNKNOWN';
  const separation = inner.moment / inner.energy - outer.moment / outer.energy;
  const began = dominant(outer.early, inner.early);
  const lateAt = Math.max(outer.lateAt, inner.lateAt);
  const ended = dominant(
    outer.late * Math.exp((outer.lateAt - lateAt) / LATE_FADE_MS),
    inner.late * Math.exp((inner.lateAt - lateAt) / LATE_FADE_MS),
  );
  if (began === 'outer' && ended === 'inner' && separation >= MIN_SEPARATION_MS) return 'IN';
  if (began === 'inner' && ended === 'outer' && separation <= -MIN_SEPARATION_MS) return 'OUT';
  const spread = Math.max(spreadOf(outer), spreadOf(inner));
  if (began !== undefined && began === ended && Math.abs(separation) <= spread) return 'TURNED_BACK';
  return 'UNKNOWN';
}

function dominant(outer: number, inner: number): Side | undefined {
  if (outer > DOMINANCE * inner) return 'outer';
  return inner > DOMINANCE * outer ? 'inner' : undefined;
}

function spreadOf(side: SideEvidence): number {
  const mean = side.moment / side.energy;
  return Math.sqrt(Math.max(0, side.secondMoment / side.energy - mean * mean));
}

function fadeTo(side: SideEvidence, at: number): void {
  if (at <= side.lateAt) return;
  if (side.late > 0) side.late *= Math.exp((side.lateAt - at) / LATE_FADE_MS);
  side.lateAt = at;
}

/** Zero is before every sight: nothing has been added yet. */
function createSide(): SideEvidence {
  return { reads: 0, energy: 0, moment: 0, secondMoment: 0, early: 0, late: 0, lateAt: 0 };
}

function clearSide(side: SideEvidence): void {
  side.reads = 0;
  side.energy = 0;
  side.moment = 0;
  side.secondMoment = 0;
  side.early = 0;
  side.late = 0;
  side.lateAt = 0;
}
