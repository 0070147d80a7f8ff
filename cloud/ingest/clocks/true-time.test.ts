import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockHistories, type RecordedHappening, recordHistory } from '../clocks.fixture.ts';
import { type ClockMark, GatewayClocks } from './true-time.ts';

const marksOf = (recorded: readonly RecordedHappening[]): ClockMark[] =>
  recorded.flatMap(({ epoch, record: { seq, event } }) => {
    if (event.type !== 'clock' || event.source === undefined) return [];
    const { bootId: boot_id, monotonicMs: monotonic_ms, source } = event;
    return [
      {
        epoch,
        seq,
        boot_id,
        monotonic_ms,
        source,
        wall_before: event.wallBefore,
        wall_after: event.wallAfter,
      },
    ];
  });

describe('true time', () => {
  it('is found to a second for every event of a boot that learns it, whatever its wall clock did', () => {
    fc.assert(
      fc.property(clockHistories, (history) => {
        const recorded = recordHistory(history, { allConfirmed: false, exact: false });
        const clocks = new GatewayClocks(marksOf(recorded));
        for (const { record, truth, confirmed } of recorded.filter((one) => one.confirmed)) {
          const { quality, correctionMs } = clocks.timeOf(record);
          expect(quality).toBe(record.clock === 'synced' ? 'as-recorded' : 'corrected');
          expect(Math.abs(record.recordedAt + correctionMs - truth.recordedAt)).toBeLessThanOrEqual(1000);
          expect(confirmed).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('never says of an unsynced event that it stands as recorded, and knows up to where it knows', () => {
    fc.assert(
      fc.property(clockHistories, fc.integer({ min: 0, max: 40 }), (history, heard) => {
        const recorded = recordHistory(history, { allConfirmed: false, exact: false });
        const clocks = new GatewayClocks(marksOf(recorded).slice(0, heard));
        for (const { record } of recorded) {
          const { quality } = clocks.timeOf(record);
          if (record.clock === 'synced') continue;
          expect(quality).not.toBe('as-recorded');
          if (record.trueOffsetMs !== undefined) continue;
          const upTo = clocks.knownUpTo(record.bootId) ?? Number.NEGATIVE_INFINITY;
          expect(quality === 'waiting').toBe(record.monotonicMs > upTo);
        }
      }),
      { numRuns: 300 },
    );
  });

  const mark = (
    boot: string,
    seq: number,
    monotonicMs: number,
    more: Partial<ClockMark> = {},
  ): ClockMark => ({
    epoch: 'epoch-0001',
    seq,
    boot_id: boot,
    monotonic_ms: monotonicMs,
    source: 'step',
    wall_before: monotonicMs,
    wall_after: monotonicMs,
    ...more,
  });
  const START = Date.UTC(2026, 2, 2);
  const stamp = (bootId: string, monotonicMs: number) => {
    return { bootId, monotonicMs, recordedAt: monotonicMs, clock: 'unsynced' as const };
  };

  it('is estimated for a boot that never learnt it: by the error of the next, and never after its start', () => {
    const confirmation = { source: 'system' as const, wall_before: 5000, wall_after: START };
    const marks = [mark('lost', 1, 0), mark('lost', 2, 60_000), mark('next', 3, 5000, confirmation)];
    const clocks = new GatewayClocks(marks);
    const at = (monotonicMs: number) => {
      const { quality, correctionMs } = clocks.timeOf(stamp('lost', monotonicMs));
      return { quality, before: START - 5000 - (monotonicMs + correctionMs) };
    };
    // Both woke in 1970: by the error alone the lost boot had run at the time of the next.
    expect(at(20_000)).toEqual({ quality: 'estimated', before: 40_000 });
    expect(at(60_000)).toEqual({ quality: 'estimated', before: 0 });
    const slow = new GatewayClocks([
      mark('lost', 1, 0),
      mark('next', 3, 5000, { ...confirmation, wall_before: START - 3_600_000 }),
    ]);
    const kept = { ...stamp('lost', 20_000), recordedAt: START - 9 * 3_600_000 };
    expect(slow.timeOf(kept)).toEqual({ quality: 'estimated', correctionMs: 3_600_000 });
  });

  it('waits while the boot may still learn it, and for boots of which nothing is known', () => {
    const earlier = mark('earlier', 1, 0, { source: 'cloud', wall_after: START });
    const clocks = new GatewayClocks([earlier, mark('now', 2, 0)]);
    expect(clocks.timeOf(stamp('now', 10)).quality).toBe('waiting');
    expect(clocks.timeOf(stamp('unheard', 10)).quality).toBe('waiting');
    expect(clocks.timeOf(stamp('earlier', 10))).toEqual({ quality: 'corrected', correctionMs: START });
  });

  it('is a guess where clocks make no sense', () => {
    const clocks = new GatewayClocks([mark('mad', 1, 1e300, { source: 'cloud', wall_after: START })]);
    expect(clocks.timeOf(stamp('mad', 10))).toEqual({ quality: 'estimated', correctionMs: 0 });
  });
});
