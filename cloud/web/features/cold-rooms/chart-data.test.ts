import { describe, expect, it } from 'vitest';
import type { Exception } from '../../../contract/exceptions.ts';
import { exception } from '../../shell/exception.fixture.ts';
import { chartLine, excursions, innermostLimits, timeRange, valueRange } from './chart-data.ts';

describe('the chart', () => {
  it('leaves silences open', () => {
    expect(
      chartLine(
        [
          [0, 4000],
          [1000, 4100],
          [5000, 4200],
        ],
        2000,
      ),
    ).toEqual([
      [0, 1, 1.001, 5],
      [4, 4.1, null, 4.2],
    ]);
  });

  it('shades excursions of its room and metric from their first sample', () => {
    const detail = { metric: 'temperature', startedAt: 5 };
    const found = excursions(
      [
        exception({ detail: { metric: 'temperature' } }),
        exception({ detail, location: 'cold-2' }),
        exception({ detail: { metric: 'relativeHumidity' } }),
        exception({ detail, clearedAt: '1970-01-01T00:00:01.000Z' }),
      ],
      'cold-1',
      'temperature',
    );
    expect(found).toEqual([
      { fromMs: 5, toMs: 1000 },
      { fromMs: Date.UTC(2026, 2, 2, 6), toMs: null },
    ]);
  });

  it('shades overlapping excursions of several probes once', () => {
    const stretch = (startedAt: number, endsAt: number | null) =>
      exception({
        detail: { metric: 'temperature', startedAt },
        clearedAt: endsAt === null ? null : new Date(endsAt).toISOString(),
      });
    const merge = (...all: Exception[]) => excursions(all, 'cold-1', 'temperature');
    expect(merge(stretch(20, 50), stretch(10, 30), stretch(60, 70))).toEqual([
      { fromMs: 10, toMs: 50 },
      { fromMs: 60, toMs: 70 },
    ]);
    expect(merge(stretch(10, null), stretch(20, 30))).toEqual([{ fromMs: 10, toMs: null }]);
    expect(merge(stretch(10, 40), stretch(20, null))).toEqual([{ fromMs: 10, toMs: null }]);
  });

  it('shows the innermost limits, with room for all values', () => {
    const limits = innermostLimits([
      { lowMilli: 2000, highMilli: 8000 },
      { lowMilli: 1000, highMilli: null },
    ]);
    expect(limits).toEqual({ low: 2, high: 8 });
    const [low, high] = valueRange(3, 11, limits);
    expect([low < 2, high > 11]).toEqual([true, true]);
    expect(valueRange(null, null, { low: null, high: null })).toEqual([0, 4]);
  });

  it('covers the window, but no more emptiness than a tenth of it', () => {
    expect(timeRange(0, 50_000_000, 1_000_000)).toEqual([49_000, 50_000]);
    expect(timeRange(49_500_000, 50_000_000, 1_000_000)).toEqual([49_500, 50_000]);
    expect(timeRange(49_999_000, 50_000_000, 1_000_000)).toEqual([49_900, 50_000]);
  });
});
