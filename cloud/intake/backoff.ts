/** How long to wait before the next attempt: doubling, capped, jittered so that many processes do not march in step. */
import type { Random } from '../../protocol/ports/random.ts';

export const BACKOFF_FIRST_MS = 500;
export const BACKOFF_LONGEST_MS = 30_000;

/** `failures` counts the attempts that failed in a row, 1 after the first. Between half and all of the ceiling. */
export function backoffMs(failures: number, random: Random): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, 30);
  const ceiling = Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** doublings);
  return Math.round(ceiling * (0.5 + random.next() / 2));
}
