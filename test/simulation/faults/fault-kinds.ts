/**
 * The faults of the world, each drawn with a strength of its own per seed ("swarm testing": a run with few faults
 * reaches states that a run with all of them never does). Source of the idea: Groce et al., Swarm Testing, ISSTA 2012.
 */
import type { Random } from '../../../protocol/ports/random.ts';

/** Happen at drawn times; the strength says how often. */
export const TIMED_FAULTS = [
  'kill',
  'power-cut',
  'clean-restart',
  'journal-damage',
  'clock-step',
  'wake-in-1970',
  'disk-full',
  'link-cut',
  'half-open',
  'broker-restart',
  'broker-amnesia',
  'cloud-crash',
  'database-restart',
  'rebuild',
] as const;

/** Happen at a drawn await of the process they hit; the strength says how soon. */
const AWAIT_FAULTS = ['kill-at-await', 'power-cut-at-await', 'cloud-crash-at-await'] as const;

/** Happen to single messages and statements; the strength is a probability. */
const SINGLE_FAULTS = [
  'lost-before-puback',
  'lost-puback',
  'forgotten-after-puback',
  'late',
  'reordered',
  'duplicated',
  'ack-lost',
  'ack-late',
  'ack-duplicated',
  'statement-fails',
  'commit-answer-lost',
  'slow-database',
] as const;

/** Hold for the whole run. */
const STANDING_FAULTS = ['small-journal', 'small-queue', 'oversize-event'] as const;

const FAULT_KINDS = [...TIMED_FAULTS, ...AWAIT_FAULTS, ...SINGLE_FAULTS, ...STANDING_FAULTS] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** From 0 (never) to 1. */
export type FaultStrengths = Readonly<Record<FaultKind, number>>;

/** How many fault kinds a seed has: none, one or two, some, most. */
const SWARMS = [
  { share: 0.04, enabled: 0 },
  { share: 0.3, enabled: 0.07 },
  { share: 0.4, enabled: 0.25 },
  { share: 0.2, enabled: 0.55 },
  { share: 0.06, enabled: 1 },
];

export function drawStrengths(random: Random): FaultStrengths {
  let place = random.next();
  const swarm = SWARMS.find(({ share }) => {
    place -= share;
    return place < 0;
  });
  const enabled = swarm?.enabled ?? 0;
  const strengths = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  for (const kind of FAULT_KINDS) {
    // Both numbers are always drawn, so that a new kind at the end moves none of the others.
    const on = random.next() < enabled;
    const strength = 0.1 + 0.9 * random.next() ** 2;
    if (on) strengths[kind] = strength;
  }
  return strengths;
}

export const NO_FAULTS: FaultStrengths = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<
  FaultKind,
  number
>;

/** Draws single faults and counts every fault that came to pass. */
export class FaultBox {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  readonly #strengths: FaultStrengths;
  readonly #random: Random;
  #over = false;

  constructor(strengths: FaultStrengths, random: Random) {
    this.#strengths = strengths;
    this.#random = random;
  }

  strength(kind: FaultKind): number {
    return this.#strengths[kind];
  }

  /** No fault from now on. */
  end(): void {
    this.#over = true;
  }

  get over(): boolean {
    return this.#over;
  }

  count(kind: FaultKind): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  /** Whether this one message or statement is hit. At full strength about every third is. */
  hits(kind: (typeof SINGLE_FAULTS)[number], scale = 1): boolean {
    const strength = this.#strengths[kind];
    if (this.#over || strength === 0) return false;
    if (this.#random.next() >= strength * 0.35 * scale) return false;
    this.count(kind);
    return true;
  }
}
