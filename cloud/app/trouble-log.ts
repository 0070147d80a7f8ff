/**
 * Writes what peers do wrong to the log without letting them fill it: of each event a few lines per minute, then
 * one line that says how many were left out. The counters in /status always have all of them.
 */
import type { Clock } from '../../protocol/ports/clock.ts';

export const LINES_PER_MINUTE = 20;
const MINUTE_MS = 60_000;

type Warn = (detail: Record<string, unknown>, message: string) => void;

/** `event` names come from our code, so there are few of them. */
export function createTroubleLog(warn: Warn, clock: Clock) {
  const lines = new Map<string, { since: number; count: number }>();
  return (event: string, detail: Record<string, unknown>): void => {
    const now = clock.monotonicMs();
    let window = lines.get(event);
    if (window === undefined || now - window.since >= MINUTE_MS) {
      const leftOut = (window?.count ?? 0) - LINES_PER_MINUTE;
      if (leftOut > 0) warn({ event, leftOut }, `${event}: ${leftOut} more lines were left out`);
      window = { since: now, count: 0 };
      lines.set(event, window);
    }
    window.count += 1;
    if (window.count > LINES_PER_MINUTE) return;
    const { error, ...rest } = detail;
    warn({ event, ...rest, ...(error !== undefined && { err: error }) }, event.replaceAll('-', ' '));
  };
}
