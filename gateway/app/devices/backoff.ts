/** Waiting times between attempts to reopen: doubling to a limit, each shortened by up to half at random. */
import type { Random } from '../../../protocol/ports/random.ts';

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** `attempt` counts from 0. */
export function backoffDelayMs(options: BackoffOptions, attempt: number, random: Random): number {
  const full = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (0.5 + random.next() / 2));
}
