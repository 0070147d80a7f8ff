import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { propertyRuns } from '../../../test/support/property-runs.ts';
import { DeviceClock } from './device-clock.ts';

const NOW = Date.UTC(2026, 2, 2, 6);

describe('aligning a device’s clock', () => {
  it('takes times as they are when both clocks agree', () => {
    const clock = new DeviceClock();
    clock.anchor(NOW, NOW);
    expect(clock.toGateway(NOW - 250, NOW)).toBe(NOW - 250);
  });

  it('never gives a time in the future, and never one older than the worst delay, whatever the offset', () => {
    const report = fc.record({
      gap: fc.integer({ min: 1, max: 2_000 }),
      delay: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: -2e12, max: 2e11 }),
        fc.array(report, { minLength: 1, maxLength: 60 }),
        (offset, reports) => {
          const clock = new DeviceClock();
          let now = NOW;
          clock.anchor(now + offset, now);
          for (const { gap, delay } of reports) {
            now += gap;
            const seenAt = now - delay;
            clock.observe(seenAt + offset, now);
            const aligned = clock.toGateway(seenAt + offset, now);
            expect(aligned).toBeLessThanOrEqual(now);
            expect(aligned).toBeGreaterThanOrEqual(seenAt - 1);
            expect(aligned).toBeLessThanOrEqual(seenAt + 301);
          }
        },
      ),
      { numRuns: propertyRuns(100) },
    );
  });

  it('keeps the true age of reports that were held for an hour', () => {
    const clock = new DeviceClock();
    clock.anchor(NOW, NOW);
    const seenAt = NOW - 3_600_000;
    for (let i = 0; i < 100; i++) {
      clock.observe(seenAt + i, NOW + i);
      expect(clock.toGateway(seenAt + i, NOW + i)).toBe(seenAt + i);
    }
  });

  it('follows a device clock that is put forward at once', () => {
    const clock = new DeviceClock();
    clock.anchor(1_000, NOW);
    clock.observe(NOW + 5_000, NOW + 5_010);
    expect(clock.toGateway(NOW + 5_000, NOW + 5_010)).toBe(NOW + 5_010);
  });

  it('follows a device clock that is put back by minutes within a minute', () => {
    const clock = new DeviceClock();
    clock.anchor(NOW, NOW);
    let aligned = 0;
    for (let now = NOW; now <= NOW + 61_000; now += 500) {
      const readerTime = now - 10 - 300_000;
      clock.observe(readerTime, now);
      aligned = now - clock.toGateway(readerTime, now);
    }
    expect(aligned).toBeLessThan(20);
  });

  it('follows a step of either clock by years at once', () => {
    const clock = new DeviceClock();
    clock.anchor(NOW, NOW);
    const later = NOW + 10 * 365 * 86_400_000;
    clock.observe(NOW + 1_000, later);
    expect(clock.toGateway(NOW + 1_000, later)).toBe(later);
    clock.observe(NOW + 2_000, NOW + 2_000);
    expect(clock.toGateway(NOW + 2_000, NOW + 2_000)).toBe(NOW + 2_000);
  });
});
