import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addTimeSample, serverTimeAt, type TimeSample, UNKNOWN_TIME } from './server-time.ts';

const known = (samples: readonly TimeSample[]) => samples.reduce(addTimeSample, UNKNOWN_TIME);
const BORN = Date.UTC(2026, 2, 2, 6);

describe('the server time', () => {
  it('is unknown before the first answer', () => {
    expect(serverTimeAt(UNKNOWN_TIME, 1000)).toBeNaN();
  });

  it('follows the first answer at our own pace', () => {
    expect(serverTimeAt(known([{ localMs: 1000, serverMs: BORN }]), 1500)).toBe(BORN + 500);
  });

  it('runs as fast as the clock of the cloud after two answers', () => {
    const time = known([
      { localMs: 1000, serverMs: BORN },
      { localMs: 3000, serverMs: BORN + 20_000 },
    ]);
    expect(time.rate).toBe(10);
    expect(serverTimeAt(time, 4000)).toBe(BORN + 30_000);
  });

  it('takes the delay of the network for what it is', () => {
    const time = known([
      { localMs: 1000, serverMs: BORN },
      { localMs: 3000, serverMs: BORN + 2060 },
    ]);
    expect(time.rate).toBe(1);
  });

  it('begins anew when the cloud comes back with another clock', () => {
    const time = known([
      { localMs: 1000, serverMs: BORN },
      { localMs: 11_000, serverMs: BORN + 100_000 },
      { localMs: 21_000, serverMs: BORN - 3_600_000 },
    ]);
    expect(time).toEqual({ samples: [{ localMs: 21_000, serverMs: BORN - 3_600_000 }], rate: 1 });
  });

  it('is close to any steady clock, however often and unevenly it is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.array(fc.integer({ min: 1600, max: 20_000 }), { minLength: 2, maxLength: 30 }),
        fc.integer({ min: 0, max: 10_000 }),
        (rate, waits, laterMs) => {
          let localMs = 500;
          const samples = [0, ...waits].map((waitMs) => {
            localMs += waitMs;
            return { localMs, serverMs: BORN + localMs * rate };
          });
          const time = known(samples);
          const expected = BORN + (localMs + laterMs) * rate;
          expect(Math.abs(serverTimeAt(time, localMs + laterMs) - expected)).toBeLessThan(1);
        },
      ),
    );
  });
});
