/**
 * The state machine of one point under one rule: ok → pending (on-delay) → active → recovering (off-delay and
 * dead band) → ended. Pure: (track, sample) → track and the episode that ended, if one did.
 *
 * - A sample stands until the next one, so the delays are measured up to that next sample. Event time only.
 * - A stretch without samples longer than `maxGapMs` is unknown from end to end and proves nothing: a pending
 *   delay does not ripen in it and is not reset by it; an active episode stays open; a recovery begins again
 *   after it. Its length is counted in `unknownMs`.
 * - Beyond the limit means strictly. The dead band guards only the end of what counts: before that, one sample
 *   that is not beyond the limit puts the track back to ok.
 * - The samples must come in order of time, one per instant (standing.ts sees to that).
 */

import { COMPARATORS } from '../../../protocol/events/limits.ts';
import { fingerprint } from '../../ledger/fingerprint.ts';
import type { Episode, LimitRule, Sample } from './episode.ts';

interface Outside {
  /** Time of the last sample. */
  readonly at: number;
  readonly startedAt: number;
  readonly peakMilli: number;
  readonly unknownMs: number;
}

export type Track =
  | { readonly phase: 'ok' }
  | (Outside & { readonly phase: 'pending'; readonly knownMs: number })
  | (Outside & { readonly phase: 'active'; readonly activeAt: number })
  | (Outside & { readonly phase: 'recovering'; readonly activeAt: number; readonly since: number });

type Running = Extract<Track, { phase: 'active' | 'recovering' }>;

/** The state before the first sample, and after any end: nothing of the past matters any more. */
export const OK: Track = { phase: 'ok' };

interface TrackStep {
  readonly track: Track;
  readonly ended?: Episode;
}

/** Grows with the distance from the bounds, on whichever side the rule looks. */
function outwards({ comparator }: LimitRule, valueMilli: number): number {
  return COMPARATORS[comparator].sign * valueMilli;
}

export function isBeyond(rule: LimitRule, valueMilli: number): boolean {
  return outwards(rule, valueMilli) > outwards(rule, rule.limitMilli);
}

/** Back within bounds by the dead band. */
function isBack(rule: LimitRule, valueMilli: number): boolean {
  return outwards(rule, valueMilli) <= outwards(rule, rule.limitMilli) - rule.deadBandMilli;
}

export function step(track: Track, sample: Sample, rule: LimitRule, point: string): TrackStep {
  const passed = letTimePass(track, sample.occurredAt, rule, point);
  const heard = hear(passed.track, sample, rule);
  // Without an off-delay the first sample back within bounds is the end itself.
  if (heard.phase === 'recovering' && rule.offDelayMs === 0) {
    return { track: OK, ended: episodeOf(heard, heard.since, rule, point) };
  }
  return { ...passed, track: heard };
}

/** The episode that a track stands in, still open; undefined while nothing counts. */
export function openEpisode(track: Track, rule: LimitRule, point: string): Episode | undefined {
  return track.phase === 'active' || track.phase === 'recovering'
    ? episodeOf(track, null, rule, point)
    : undefined;
}

/** What the time from the last sample to `now` did by itself, before the sample at `now` is evaluated. */
function letTimePass(track: Track, now: number, rule: LimitRule, point: string): TrackStep {
  if (track.phase === 'ok') return { track };
  const elapsedMs = now - track.at;
  if (elapsedMs > rule.maxGapMs) {
    const unknownMs = track.unknownMs + elapsedMs;
    if (track.phase !== 'recovering') return { track: { ...track, at: now, unknownMs } };
    const { since: _, ...rest } = track;
    return { track: { ...rest, phase: 'active', at: now, unknownMs } };
  }
  if (track.phase === 'pending') return { track: ripen(track, now, rule) };
  if (track.phase === 'recovering' && now - track.since >= rule.offDelayMs) {
    return { track: OK, ended: episodeOf(track, track.since, rule, point) };
  }
  return { track: { ...track, at: now } };
}

function ripen(track: Extract<Track, { phase: 'pending' }>, now: number, rule: LimitRule): Track {
  const knownMs = track.knownMs + (now - track.at);
  if (knownMs < rule.onDelayMs) return { ...track, at: now, knownMs };
  const { knownMs: before, ...rest } = track;
  return { ...rest, phase: 'active', at: now, activeAt: track.at + (rule.onDelayMs - before) };
}

/** What the sample itself says, after the time up to it has passed. */
function hear(track: Track, sample: Sample, rule: LimitRule): Track {
  const { occurredAt: at, valueMilli } = sample;
  const beyond = isBeyond(rule, valueMilli);
  switch (track.phase) {
    case 'ok':
      return beyond ? begin(at, valueMilli, rule) : OK;
    case 'pending':
      return beyond ? { ...track, peakMilli: farther(rule, track.peakMilli, valueMilli) } : OK;
    case 'active':
      if (isBack(rule, valueMilli)) return { ...track, phase: 'recovering', since: at };
      return { ...track, peakMilli: farther(rule, track.peakMilli, valueMilli) };
    case 'recovering': {
      if (isBack(rule, valueMilli)) return track;
      const { since: _, ...rest } = track;
      return { ...rest, phase: 'active', peakMilli: farther(rule, track.peakMilli, valueMilli) };
    }
  }
}

function begin(at: number, valueMilli: number, rule: LimitRule): Track {
  const outside = { at, startedAt: at, peakMilli: valueMilli, unknownMs: 0 };
  return rule.onDelayMs === 0
    ? { ...outside, phase: 'active', activeAt: at }
    : { ...outside, phase: 'pending', knownMs: 0 };
}

function farther(rule: LimitRule, peakMilli: number, valueMilli: number): number {
  return outwards(rule, valueMilli) > outwards(rule, peakMilli) ? valueMilli : peakMilli;
}

function episodeOf(track: Running, endedAt: number | null, rule: LimitRule, point: string): Episode {
  return {
    id: fingerprint(point, rule.id, rule.version, track.startedAt),
    point,
    ruleId: rule.id,
    ruleVersion: rule.version,
    startedAt: track.startedAt,
    activeAt: track.activeAt,
    endedAt,
    peakMilli: track.peakMilli,
    unknownMs: track.unknownMs,
  };
}
