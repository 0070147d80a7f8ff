import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import { ByteThrottle, MAX_LIMITED_NAMES, SlidingSecond, SlidingSeconds } from './rates.ts';

const clockAtZero = () => new VirtualClock({ startAt: 0, flush: () => Promise.resolve() });
const gapsMs = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });

describe('a sliding second', () => {
  it('never lets more than its limit through in any second, and everything that is slow enough', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), gapsMs, async (limit, gaps) => {
        const clock = clockAtZero();
        const second = new SlidingSecond(limit, clock);
        const passed: number[] = [];
        for (const gap of gaps) {
          await clock.runFor(gap);
          const now = clock.now();
          const within = passed.filter((at) => now - at < 1000).length;
          const taken = second.tryTake();
          expect(taken).toBe(within < limit);
          if (taken) passed.push(now);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('forgets names that are idle and refuses more than it remembers', async () => {
    const clock = clockAtZero();
    const seconds = new SlidingSeconds(1, clock);
    for (let i = 0; i < MAX_LIMITED_NAMES; i++) expect(seconds.tryTake(`name ${i}`)).toBe(true);
    expect(seconds.tryTake('one more')).toBe(false);
    await clock.runFor(1000);
    expect(seconds.tryTake('one more')).toBe(true);
  });
});

describe('a byte throttle', () => {
  it('lets a second of bytes burst, and in the long run no more than its rate', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 5000 }))),
        async (sends) => {
          const clock = clockAtZero();
          const throttle = new ByteThrottle(10_000, clock);
          let through = 0;
          for (const [gap, bytes] of sends) {
            await clock.runFor(gap);
            const doneAt = clock.now() + throttle.take(bytes);
            through += bytes;
            // (A whole millisecond may be worth ten bytes.)
            expect(through).toBeLessThanOrEqual(10_000 + (doneAt * 10_000) / 1000 + 10);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('delays nothing that keeps to the rate', async () => {
    const clock = clockAtZero();
    const throttle = new ByteThrottle(1000, clock);
    for (let i = 0; i < 50; i++) {
      expect(throttle.take(100)).toBe(0);
      await clock.runFor(100);
    }
    expect(throttle.take(1500)).toBe(500);
  });
});
