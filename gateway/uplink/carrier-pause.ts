/** Pauses between attempts of a carrier: doubling, never below the first, spread up to half above. */
import type { Random } from '../../protocol/ports/random.ts';

export interface PauseLimits {
  /** Milliseconds. AWS allows one connect per second and client id, so at least 1000 there. */
  readonly first: number;
  readonly longest: number;
}

export const DEFAULT_PAUSES: PauseLimits = { first: 1000, longest: 60_000 };

/** `failures` counts from 0. The spread keeps a site full of gateways from dialling in step. */
export function pauseMs(limits: PauseLimits, failures: number, random: Random): number {
  const base = Math.min(limits.longest, limits.first * 2 ** Math.min(failures, 20));
  return Math.round(base * (1 + random.next() / 2));
}
