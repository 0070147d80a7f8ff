/**
 * Many wishes, few deeds: however often it is asked, the task runs at most once per interval and never beside
 * itself, and it always runs once more after the last wish. The first wish after a quiet time is met at once.
 */
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';

export interface Coalescer {
  ask(): void;
  close(): void;
}

interface CoalescerOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly name: string;
  /** Must not reject. */
  readonly task: () => Promise<void>;
}

export function createCoalescer({ clock, everyMs, name, task }: CoalescerOptions): Coalescer {
  let wanted = false;
  let running = false;
  let closed = false;
  let startedAt = Number.NEGATIVE_INFINITY;
  let timer: Timer | undefined;

  function pump() {
    if (closed || running || timer !== undefined || !wanted) return;
    const waitMs = startedAt + everyMs - clock.monotonicMs();
    if (waitMs > 0) {
      timer = clock.setTimer(waitMs, name, () => {
        timer = undefined;
        pump();
      });
      return;
    }
    wanted = false;
    running = true;
    startedAt = clock.monotonicMs();
    void clock.track(task()).finally(() => {
      running = false;
      pump();
    });
  }

  return {
    ask() {
      wanted = true;
      pump();
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
