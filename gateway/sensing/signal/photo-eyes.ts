/**
 * Two light beams as a finite state machine. A crossing begins with a break while both beams are clear and ends
 * when both have been clear for BEAM_GAP_MS; what counts is the beam broken first and the beam released last:
 * outer → inner is IN, inner → outer is OUT, the same beam is TURNED_BACK, a single beam gives no direction.
 * Loads shorter than the distance of the beams leave a moment in which neither is broken; that is not an end.
 * A beam broken for `blockedAfterMs` is blocked (a pallet left in it, a knocked mirror): it is reported, taken out
 * of the game until it is released, and what it touched is UNKNOWN. Nothing waits for a beam for ever.
 * Edges get lost: what a device had sent when the gateway died is gone, and not every device keeps what it notices
 * while nobody listens. What the edges after that prove is taken; where they leave the order open it is UNKNOWN.
 */
import type { Direction } from '../../../protocol/events/stock-event.ts';
import { BEAM_GAP_MS, MAX_CROSSINGS } from './limits.ts';
import { SIDES, type Side } from './side.ts';

interface EyeState {
  broken: boolean;
  /** Gateway time of the last edge. */
  since: number;
  blocked: boolean;
}

interface BeamCrossing {
  readonly first: Side;
  last: Side;
  both: boolean;
  /** A blocked beam, a stepped clock or a restart had a part in it. */
  spoilt: boolean;
  readonly startAt: number;
  endAt: number;
}

export interface PhotoEyesState {
  readonly outer: EyeState;
  readonly inner: EyeState;
  readonly crossings: BeamCrossing[];
}

/**
 * What a device says of a beam: that it changed, that it had changed while nobody listened, or how it stands, without
 * knowing since when.
 */
export type BeamWord = 'edge' | 'held-edge' | 'level';

export interface PhotoEyes {
  readonly state: PhotoEyesState;
  /** `edge` is false for a repeat; `unblocked` is true when a blocked beam came free. */
  onInput(
    side: Side,
    broken: boolean,
    at: number,
    now: number,
    word?: BeamWord,
  ): { edge: boolean; unblocked: boolean };
  /** Beams that turn out blocked now. */
  findBlocked(now: number): Side[];
  nextBlockedAt(): number | undefined;
  /** A beam that is not blocked is broken. */
  isBusy(): boolean;
  /** Busy, and known to be: since a restart the beam has been reported. */
  isHolding(): boolean;
  isBlocked(): boolean;
  /** Gateway or device time of the last edge of the current crossing. */
  lastEdgeAt(): number;
  /** Direction of the loads whose tags were seen from `from` to `to`. */
  direction(from: number, to: number): Direction;
  /** Forgets crossings that ended before `before`. */
  forget(before: number): void;
  /** The session is over: the next one starts clean; a load still in a beam belongs to neither, wholly. */
  endSession(): void;
  /** After a long time away: nothing is known of the beams. */
  loseSight(): void;
  /** After a restart: the beams stand as they did, until the device says otherwise; nobody waits for them. */
  doubt(): void;
  /** What was not reported since is not known after all. */
  endDoubt(): void;
  /** The wall clock went back: measure blocking from the new time. */
  rebase(now: number): void;
  restore(state: PhotoEyesState): void;
}

export function createPhotoEyes(blockedAfterMs: number): PhotoEyes {
  const outer: EyeState = { broken: false, since: 0, blocked: false };
  const inner: EyeState = { broken: false, since: 0, blocked: false };
  const eyes = { outer, inner };
  const crossings: BeamCrossing[] = [];
  const doubtful = new Set<EyeState>();
  /** Beams that were not reported since a restart. */
  const unheard = new Set<EyeState>();
  /** The crossing that a restart interrupted, and whether an edge of it was reported since. */
  let broughtBack: BeamCrossing | undefined;
  let heardSince = false;
  /** A crossing in which a beam was released unseen while the other was still broken. */
  let missedIn: BeamCrossing | undefined;
  const busy = (eye: EyeState) => eye.broken && !eye.blocked;
  const holding = (eye: EyeState) => busy(eye) && !doubtful.has(eye);
  const isBusy = () => busy(outer) || busy(inner);

  const onBreak = (side: Side, at: number, wasBusy: boolean): void => {
    const current = crossings.at(-1);
    if (current !== undefined && (wasBusy || at - current.endAt <= BEAM_GAP_MS)) {
      if (side !== current.first) current.both = true;
      current.endAt = Math.max(current.endAt, at);
      return;
    }
    const oldest = crossings[0];
    if (oldest !== undefined && crossings.length >= MAX_CROSSINGS) {
      // No door has so many loads in one session: one spoilt crossing stands for all of them.
      crossings.splice(0, crossings.length, { ...oldest, endAt: at, spoilt: true });
    }
    crossings.push({ first: side, last: side, both: false, spoilt: false, startAt: at, endAt: at });
  };
  const onRelease = (side: Side, at: number): void => {
    const current = crossings.at(-1);
    if (current === undefined) return;
    current.last = side;
    current.endAt = Math.max(current.endAt, at);
    missedIn = undefined;
  };
  /** It comes free and was not known to be broken: the load has been at this beam, and left it now. */
  const onUnseenBreak = (side: Side, at: number): boolean => {
    const current = crossings.at(-1);
    if (current === undefined || !(isBusy() || at - current.endAt <= BEAM_GAP_MS)) return false;
    if (side !== current.first) current.both = true;
    onRelease(side, at);
    return true;
  };
  /** It stands free and was known to be broken: which beam was released last must follow from the others. */
  const onUnseenRelease = (side: Side, at: number): void => {
    const current = crossings.at(-1);
    if (current === undefined) return;
    if (isBusy()) missedIn = current;
    // A device that kept the later edges kept all; this one was on its way when the gateway died.
    else if (current === broughtBack && heardSince) return;
    else if (current === missedIn) current.spoilt = true;
    else onRelease(side, at);
  };
  const spoilCurrent = (): void => {
    const current = crossings.at(-1);
    if (current !== undefined) current.spoilt = true;
  };

  return {
    state: { outer, inner, crossings },
    onInput(side, broken, at, now, word = 'edge') {
      const eye = eyes[side];
      const isFirstWord = unheard.delete(eye);
      if (doubtful.delete(eye)) eye.since = now;
      if (eye.broken === broken) {
        const edge = !broken && isFirstWord && word === 'held-edge' && onUnseenBreak(side, at);
        if (edge) heardSince ||= crossings.at(-1) === broughtBack;
        return { edge, unblocked: false };
      }
      const wasBusy = isBusy();
      const unblocked = eye.blocked;
      eye.broken = broken;
      eye.since = now;
      eye.blocked = false;
      if (broken) onBreak(side, at, wasBusy);
      else if (!unblocked && word === 'level') onUnseenRelease(side, at);
      else if (!unblocked) onRelease(side, at);
      if (word !== 'level') heardSince ||= crossings.at(-1) === broughtBack;
      return { edge: true, unblocked };
    },
    findBlocked(now) {
      const found: Side[] = [];
      for (const side of SIDES) {
        const eye = eyes[side];
        if (!holding(eye) || now - eye.since < blockedAfterMs) continue;
        eye.blocked = true;
        spoilCurrent();
        found.push(side);
      }
      return found;
    },
    nextBlockedAt() {
      let due: number | undefined;
      if (holding(outer)) due = outer.since + blockedAfterMs;
      if (holding(inner)) due = Math.min(due ?? Number.POSITIVE_INFINITY, inner.since + blockedAfterMs);
      return due;
    },
    isBusy,
    isHolding: () => holding(outer) || holding(inner),
    lastEdgeAt: () => crossings.at(-1)?.endAt ?? Number.NEGATIVE_INFINITY,
    isBlocked: () => outer.blocked || inner.blocked,
    direction(from, to) {
      // A forklift that comes back empty after the last sight, or went to fetch before the first, carried nothing.
      const loaded = crossings.filter((crossing) => crossing.startAt <= to && crossing.endAt >= from);
      const current = crossings.at(-1);
      const judged = loaded.length > 0 ? loaded : crossings;
      let verdict: Direction = 'UNKNOWN';
      for (const crossing of judged) {
        if (crossing.spoilt || (crossing === current && isBusy())) return 'UNKNOWN';
        const one = classify(crossing);
        if (one === 'UNKNOWN') continue;
        if (verdict !== 'UNKNOWN' && verdict !== one) return 'UNKNOWN';
        verdict = one;
      }
      return verdict;
    },
    forget(before) {
      const kept = crossings.filter((crossing) => crossing.endAt >= before);
      crossings.splice(0, crossings.length, ...kept);
    },
    endSession() {
      const current = crossings.at(-1);
      const unfinished = current !== undefined && isBusy() ? [{ ...current, spoilt: true }] : [];
      crossings.splice(0, crossings.length, ...unfinished);
    },
    loseSight() {
      if (isBusy()) spoilCurrent();
      for (const eye of [outer, inner]) if (!eye.blocked) eye.broken = false;
    },
    doubt() {
      for (const eye of [outer, inner]) doubtful.add(eye);
    },
    endDoubt() {
      const unknown = [outer, inner].some((eye) => doubtful.has(eye) && busy(eye));
      doubtful.clear();
      if (unknown) this.loseSight();
    },
    rebase(now) {
      for (const eye of [outer, inner]) eye.since = Math.min(eye.since, now);
      if (isBusy()) spoilCurrent();
    },
    restore(state) {
      Object.assign(outer, state.outer);
      Object.assign(inner, state.inner);
      crossings.splice(0, crossings.length, ...state.crossings.slice(-MAX_CROSSINGS));
      for (const eye of [outer, inner]) unheard.add(eye);
      broughtBack = crossings.at(-1);
      heardSince = false;
    },
  };
}

function classify(crossing: BeamCrossing): Direction {
  if (!crossing.both) return 'UNKNOWN';
  if (crossing.first === crossing.last) return 'TURNED_BACK';
  return crossing.first === 'outer' ? 'IN' : 'OUT';
}
