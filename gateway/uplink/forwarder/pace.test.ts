import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pace, paceLimits } from './pace.ts';
import { type Bucket, fullBucket, readyAtMs, spend } from './token-bucket.ts';

test('the token bucket holds its rate over any stretch of spends, whatever their size', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 2, maxLength: 60 }), (amounts) => {
      const limits = { perSecond: 100, burst: 50 };
      let bucket: Bucket = fullBucket(limits, 0);
      let now = 0;
      let spent = 0;
      for (const amount of amounts) {
        now = readyAtMs(bucket, limits, 1, now);
        bucket = spend(bucket, limits, amount, now);
        expect(spent).toBeLessThanOrEqual(limits.burst + (now / 1000) * limits.perSecond);
        spent += amount;
      }
    }),
  );
});

test('no second of any mix of live and bulk batches holds more publishes or bytes than was set', () => {
  const [perSecond, bytesPerSecond] = [40, 480 * 1024];
  const batch = fc.record({
    bytes: fc.oneof(
      fc.integer({ min: 50, max: 500 }),
      fc.integer({ min: 50, max: Math.floor(bytesPerSecond / 10) }),
    ),
    live: fc.boolean(),
    pauseMs: fc.integer({ min: 0, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(batch, { minLength: 20, maxLength: 150 }), fc.boolean(), (batches, hurried) => {
      const pace = new Pace(paceLimits(perSecond, bytesPerSecond), 0);
      const sent: { atMs: number; bytes: number }[] = [];
      let now = 0;
      for (const { bytes, live, pauseMs } of batches) {
        const small = live ? Math.min(bytes, pace.liveBurstBytes) : bytes;
        now = Math.ceil(pace.readyAtMs(small, live, now + (hurried ? 0 : pauseMs)));
        pace.spend(small, live, now);
        sent.push({ atMs: now, bytes: small });
        const second = sent.filter(({ atMs }) => atMs > now - 1000);
        expect(second.length).toBeLessThanOrEqual(perSecond);
        expect(second.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(bytesPerSecond);
      }
    }),
    { numRuns: 200 },
  );
});

test('a live batch has tokens of its own when a backlog has used up all others', () => {
  const pace = new Pace(paceLimits(80, 480 * 1024), 0);
  let now = 0;
  for (let n = 0; n < 50; n++) {
    now = pace.readyAtMs(40_000, false, now);
    pace.spend(40_000, false, now);
    expect(pace.readyAtMs(600, true, now)).toBe(now);
  }
  expect(pace.readyAtMs(40_000, false, now)).toBeGreaterThan(now);
});
