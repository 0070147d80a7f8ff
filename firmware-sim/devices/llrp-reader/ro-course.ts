/**
 * How far a running ROSpec has come: which of its AISpecs is at work, since when, and what it has seen, until the
 * stop trigger of the AISpec fires (LLRP 1.1 §11.2.2.1). The last AISpec is followed by the first again as often as
 * a LoopSpec says.
 */
import {
  AISPEC_STOP_TRIGGER,
  type AISpec,
  type ROSpec,
  TAG_OBSERVATION,
} from '../../../protocol/wire/llrp/rospec.ts';
import type { Sight } from './air.ts';

/** An AISpec runs no shorter than this, so that a duration of 0 cannot spin. */
const SHORTEST_RUN_MS = 10;

type Observation = NonNullable<AISpec['AISpecStopTrigger']['TagObservationTrigger']>;

export class Course {
  readonly #aiSpecs: readonly AISpec[];
  /** Times through all AISpecs; 0 = for ever. */
  readonly #loops: number;
  #at = 0;
  #loop = 1;
  #startedAt: number;
  #lastNewAt: number;
  #tags = 0;
  #attempts = 0;
  readonly #unique = new Set<string>();
  readonly #observed = new Set<string>();

  constructor(spec: ROSpec, now: number) {
    this.#aiSpecs = spec.AISpec ?? [];
    this.#loops = spec.LoopSpec?.LoopCount ?? 1;
    this.#startedAt = now;
    this.#lastNewAt = now;
  }

  get aiSpec(): AISpec | undefined {
    return this.#aiSpecs[this.#at];
  }

  /** Of the AISpec at work, from 1 as LLRP counts. */
  get specIndex(): number {
    return this.#at + 1;
  }

  get loop(): number {
    return this.#loop;
  }

  /** Whether rounds count even when there is nothing to read. */
  get countsAttempts(): boolean {
    return this.#observation?.TriggerType === TAG_OBSERVATION.NAttempts;
  }

  /** One inventory round is over. */
  attempted(sights: readonly Sight[], now: number): void {
    this.#attempts++;
    this.#tags += sights.length;
    for (const { epc, antenna } of sights) {
      const observation = `${antenna}/${epc}`;
      const isNew =
        this.#observation?.TriggerType === TAG_OBSERVATION.NoMoreNewUniqueTags
          ? !this.#unique.has(epc)
          : !this.#observed.has(observation);
      if (isNew) this.#lastNewAt = now;
      this.#unique.add(epc);
      this.#observed.add(observation);
    }
  }

  isOver(now: number): boolean {
    const endsAt = this.endsAt();
    if (endsAt !== undefined && now >= endsAt) return true;
    const trigger = this.#observation;
    if (trigger === undefined) return false;
    switch (trigger.TriggerType) {
      case TAG_OBSERVATION.NTags:
        return this.#tags >= Math.max(1, trigger.NumberOfTags);
      case TAG_OBSERVATION.NUniqueTags:
        return this.#unique.size >= Math.max(1, trigger.NumberOfTags);
      case TAG_OBSERVATION.NAttempts:
        return this.#attempts >= Math.max(1, trigger.NumberOfAttempts);
      default:
        return false;
    }
  }

  /** An input has changed. */
  isStoppedBy(port: number, high: boolean): boolean {
    const stop = this.aiSpec?.AISpecStopTrigger;
    const { GPIPortNum, GPIEvent } = stop?.GPITriggerValue ?? {};
    const isByGpi = stop?.AISpecStopTriggerType === AISPEC_STOP_TRIGGER.GPIWithTimeout;
    return isByGpi && GPIPortNum === port && GPIEvent === high;
  }

  /** When the AISpec at work ends by time alone. */
  endsAt(): number | undefined {
    const stop = this.aiSpec?.AISpecStopTrigger;
    const trigger = this.#observation;
    const byTimeout =
      stop?.AISpecStopTriggerType === AISPEC_STOP_TRIGGER.Duration
        ? Math.max(SHORTEST_RUN_MS, stop.DurationTrigger)
        : (trigger?.Timeout ?? gpiTimeout(stop));
    const timeoutAt = byTimeout === undefined || byTimeout === 0 ? undefined : this.#startedAt + byTimeout;
    if (trigger === undefined || !isQuietTrigger(trigger)) return timeoutAt;
    const quietAt = Math.max(this.#lastNewAt + trigger.T, this.#startedAt + SHORTEST_RUN_MS);
    return Math.min(quietAt, timeoutAt ?? quietAt);
  }

  /** The AISpec at work is over: on to the next. */
  advance(now: number): 'next' | 'looped' | 'end' {
    this.#startedAt = now;
    this.#lastNewAt = now;
    this.#tags = 0;
    this.#attempts = 0;
    this.#unique.clear();
    this.#observed.clear();
    this.#at++;
    if (this.#at < this.#aiSpecs.length) return 'next';
    this.#at = 0;
    if (this.#loops !== 0 && this.#loop >= this.#loops) return 'end';
    this.#loop++;
    return 'looped';
  }

  get #observation(): Observation | undefined {
    const stop = this.aiSpec?.AISpecStopTrigger;
    return stop?.AISpecStopTriggerType === AISPEC_STOP_TRIGGER.TagObservation
      ? stop.TagObservationTrigger
      : undefined;
  }
}

function isQuietTrigger({ TriggerType }: Observation): boolean {
  return TriggerType === TAG_OBSERVATION.NoMoreNewTags || TriggerType === TAG_OBSERVATION.NoMoreNewUniqueTags;
}

function gpiTimeout(stop: AISpec['AISpecStopTrigger'] | undefined): number | undefined {
  return stop?.AISpecStopTriggerType === AISPEC_STOP_TRIGGER.GPIWithTimeout
    ? stop.GPITriggerValue?.Timeout
    : undefined;
}
