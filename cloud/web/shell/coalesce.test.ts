import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import { createCoalescer } from './coalesce.ts';

const EVERY_MS = 500;

const newClock = () => clockAt(0);

function countedTask(clock: VirtualClock, takesMs = 0) {
  const startedAt: number[] = [];
  let running = 0;
  let mostAtOnce = 0;
  const task = async () => {
    startedAt.push(clock.monotonicMs());
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    if (takesMs > 0) {
      await new Promise<void>((resolve) => {
        clock.setTimer(takesMs, 'slow answer', resolve);
      });
    }
    running -= 1;
  };
  return { startedAt, task, mostAtOnce: () => mostAtOnce };
}

/** Not tracked by the clock: an answer that itself waits for virtual time must not stop it. */
const untracked = (clock: VirtualClock): Clock => ({
  now: () => clock.now(),
  monotonicMs: () => clock.monotonicMs(),
  setTimer: (delayMs, name, run) => clock.setTimer(delayMs, name, run),
  track: (work) => work,
});

describe('a coalescer', () => {
  it('meets the first wish at once and many more with one deed after the interval', async () => {
    const clock = newClock();
    const { startedAt, task } = countedTask(clock);
    const coalescer = createCoalescer({ clock, everyMs: EVERY_MS, name: 'test', task });
    for (let wish = 0; wish < 100; wish += 1) coalescer.ask();
    await clock.runFor(5000);
    expect(startedAt).toEqual([0, EVERY_MS]);
  });

  it('does nothing any more once it is closed', async () => {
    const clock = newClock();
    const { startedAt, task } = countedTask(clock);
    const coalescer = createCoalescer({ clock, everyMs: EVERY_MS, name: 'test', task });
    coalescer.ask();
    coalescer.ask();
    coalescer.close();
    coalescer.ask();
    await clock.runFor(5000);
    expect(startedAt).toEqual([0]);
  });

  it('never runs beside itself or sooner than the interval, and runs after the last wish', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 0, max: 1500 }),
        async (waits, takesMs) => {
          const clock = newClock();
          const { startedAt, task, mostAtOnce } = countedTask(clock, takesMs);
          const coalescer = createCoalescer({
            clock: untracked(clock),
            everyMs: EVERY_MS,
            name: 'test',
            task,
          });
          for (const waitMs of waits) {
            await clock.runFor(waitMs);
            coalescer.ask();
          }
          const lastWish = clock.monotonicMs();
          await clock.runFor(10_000);
          expect(mostAtOnce()).toBe(1);
          expect(startedAt.at(-1)).toBeGreaterThanOrEqual(lastWish);
          for (const [index, at] of startedAt.entries()) {
            if (index > 0) expect(at - (startedAt[index - 1] ?? 0)).toBeGreaterThanOrEqual(EVERY_MS);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
