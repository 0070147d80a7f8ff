import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acked, ackTimeoutMs, batchBytes, FIRST_GAUGE, type LinkGauge, lost, taken } from './link-gauge.ts';

/** Batches of the size the gauge wishes, one behind the other over a link; how it settles. */
function settle(bytesPerSecond: number, roundTripMs: number, batches: number) {
  let gauge: LinkGauge = FIRST_GAUGE;
  let now = 0;
  /** When the link is done with what was put on it. */
  let freeAt = 0;
  const under: { bytes: number; sentAt: number; doneAt: number }[] = [];
  const queued: number[] = [];
  for (let n = 0; n < batches; n++) {
    const bytes = batchBytes(gauge);
    const load = () => under.reduce((sum, one) => sum + one.bytes, 0);
    while (under.length > 0 && load() + bytes > gauge.limitBytes) {
      const done = under.shift();
      if (done === undefined) break;
      now = Math.max(now, done.doneAt);
      gauge = taken(gauge, done.bytes, done.sentAt, now);
    }
    freeAt = Math.max(freeAt, now) + (bytes / bytesPerSecond) * 1000;
    queued.push(freeAt - now);
    under.push({ bytes, sentAt: now, doneAt: freeAt + roundTripMs });
  }
  return { gauge, queuedMs: Math.max(...queued.slice(-20)), bytesPerSecond: 0 };
}

test('over a link of 20 kbit/s batches become small, and little stands before the next live event', () => {
  const { gauge, queuedMs } = settle(2500, 200, 400);
  expect(batchBytes(gauge)).toBeLessThan(8000);
  expect(queuedMs).toBeLessThan(5000);
});

test('over a fat link, near or far, the limit does not hold up a full pace', () => {
  expect(settle(10_000_000, 20, 400).gauge.limitBytes).toBeGreaterThan(1_000_000);
  expect(settle(10_000_000, 600, 400).gauge.limitBytes).toBeGreaterThan(1_000_000);
});

test('it comes back when the link does', () => {
  let { gauge } = settle(2500, 200, 400);
  for (let n = 0; n < 200; n++) gauge = taken(gauge, batchBytes(gauge), n * 100, n * 100 + 30);
  expect(gauge.limitBytes).toBeGreaterThan(100_000);
});

test('whatever happens the limit stays within its bounds, and one round of losses counts once', () => {
  const step = fc.record({
    lost: fc.boolean(),
    bytes: fc.integer({ min: 1, max: 120_000 }),
    tookMs: fc.integer({ min: 0, max: 100_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      let gauge = FIRST_GAUGE;
      let now = 0;
      for (const one of steps) {
        now += 10;
        gauge = one.lost ? lost(gauge, now, now) : taken(gauge, one.bytes, now - one.tookMs, now);
        expect(gauge.limitBytes).toBeGreaterThanOrEqual(4096);
        expect(gauge.limitBytes).toBeLessThanOrEqual(2 * 1024 * 1024);
        if (Number.isFinite(gauge.fellAtMs)) expect(lost(gauge, gauge.fellAtMs - 1, now)).toEqual(gauge);
      }
    }),
  );
});

test('the wait for an ack doubles up to its limit, with a fifth of jitter either way', () => {
  const patience = { firstMs: 1000, maxMs: 8000 };
  const at = (silences: number, unit: number) => ackTimeoutMs(FIRST_GAUGE, silences, patience, unit);
  expect([0, 1, 2, 3, 4, 50].map((silences) => at(silences, 0.5))).toEqual([
    1000, 2000, 4000, 8000, 8000, 8000,
  ]);
  expect([at(0, 0), at(0, 1)]).toEqual([800, 1200]);
});

test('a slow cloud is given the time it takes', () => {
  const patience = { firstMs: 1000, maxMs: 120_000 };
  let gauge = FIRST_GAUGE;
  for (let n = 0; n < 20; n++) gauge = acked(gauge, 15_000);
  expect(ackTimeoutMs(gauge, 0, patience, 0)).toBeGreaterThan(12_000);
});
