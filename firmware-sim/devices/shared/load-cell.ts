/**
 * What a weighing cell sees: the load on the pan approached along an exponential (the platform swings in), seeded
 * noise on top, rounded to the readability. Stable when the indication has stayed within one division for a while.
 * Pure: the time comes in, the noise comes from the random port. All masses are whole milligrams.
 */
import type { Random } from '../../../protocol/ports/random.ts';

export interface LoadCellOptions {
  readonly capacityMilligrams: number;
  /** One division of the display. */
  readonly readabilityMilligrams: number;
  /** Time in which the platform covers 63 % of the way to the new load. */
  readonly settleMs: number;
  /** How long the indication must have stood still to count as stable. */
  readonly stableAfterMs: number;
  /** Standard deviation of the noise. */
  readonly noiseMilligrams: number;
  readonly random: Random;
}

type Indication =
  | { readonly state: 'overload' }
  | { readonly state: 'underload' }
  | { readonly state: 'stable' | 'dynamic'; readonly grossMilligrams: number };

/** Divisions past its range at which a scale refuses to show a number. */
const DIVISIONS_OVER = 9;
const DIVISIONS_UNDER = 20;

export class LoadCell {
  readonly #options: LoadCellOptions;
  #from = 0;
  #load = 0;
  #changedAt = Number.NEGATIVE_INFINITY;
  #zero = 0;

  constructor(options: LoadCellOptions) {
    this.#options = options;
  }

  /** What truly lies on the pan from `now` on. */
  setLoad(milligrams: number, now: number): void {
    if (milligrams === this.#load) return;
    this.#from = this.#positionAt(now);
    this.#load = milligrams;
    this.#changedAt = now;
  }

  read(now: number): Indication {
    const { capacityMilligrams, readabilityMilligrams, noiseMilligrams, random } = this.#options;
    const position = this.#positionAt(now) - this.#zero + random.gaussian(0, noiseMilligrams);
    const grossMilligrams = Math.round(position / readabilityMilligrams) * readabilityMilligrams || 0;
    if (grossMilligrams > capacityMilligrams + DIVISIONS_OVER * readabilityMilligrams) {
      return { state: 'overload' };
    }
    if (grossMilligrams < -DIVISIONS_UNDER * readabilityMilligrams) return { state: 'underload' };
    return { state: this.#isStable(now) ? 'stable' : 'dynamic', grossMilligrams };
  }

  /** Takes the present load as the new zero; refused past 2 % of the capacity, as real scales do. */
  setZero(now: number): 'done' | 'moving' | 'above' | 'below' {
    if (!this.#isStable(now)) return 'moving';
    const limit = this.#options.capacityMilligrams / 50;
    if (this.#load > limit) return 'above';
    if (this.#load < -limit) return 'below';
    this.#zero = this.#load;
    return 'done';
  }

  #positionAt(now: number): number {
    const elapsed = now - this.#changedAt;
    return this.#load + (this.#from - this.#load) * Math.exp(-elapsed / this.#options.settleMs);
  }

  #isStable(now: number): boolean {
    const { readabilityMilligrams, stableAfterMs } = this.#options;
    const earlier = this.#positionAt(Math.max(this.#changedAt, now - stableAfterMs));
    const moved = Math.abs(this.#positionAt(now) - earlier) + Math.abs(this.#positionAt(now) - this.#load);
    return now - this.#changedAt >= stableAfterMs && moved < readabilityMilligrams;
  }
}
