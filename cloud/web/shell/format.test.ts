import { describe, expect, it } from 'vitest';
import {
  countOf,
  formatAge,
  formatDuration,
  formatMass,
  formatMeasure,
  formatTime,
  groupEpc,
  inWords,
  keepUnits,
} from './format.ts';

describe('durations and ages', () => {
  it.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [86_400_000, '1 d'],
    [100_800_000, '1 d 4 h'],
    [-5, '0 s'],
  ])('writes %i ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [-4999, 'now'],
    [4999, 'now'],
    [5000, '5 s ago'],
    [-60_000, 'in 1 min'],
    [Number.NaN, '–'],
  ])('calls an age of %d ms %s', (age, text) => {
    expect(formatAge(0, age)).toBe(text);
  });
});

describe('times', () => {
  const noon = Date.UTC(2026, 2, 2, 12, 5);

  it('leaves the date out on its own day only', () => {
    expect(formatTime(noon, noon + 3_600_000, 'UTC')).toBe('12:05');
    expect(formatTime(noon, noon + 86_400_000, 'UTC')).toBe('2 Mar, 12:05');
  });

  it('goes by the day of the place, not by the day in UTC', () => {
    const lateEvening = Date.UTC(2026, 2, 2, 23, 30);
    expect(formatTime(lateEvening, lateEvening + 3_600_000, 'Europe/Berlin')).toBe('00:30');
  });
});

describe('figures', () => {
  it.each([
    [4234, 'temperature', '4.2 °C'],
    [-18_250, 'temperature', '−18.3 °C'],
    [71_400, 'relativeHumidity', '71 % RH'],
  ])('writes %i of %s as %s', (milli, metric, text) => {
    expect(formatMeasure(milli, metric).replaceAll('\u00a0', ' ')).toBe(text);
  });

  it.each([
    [750_000, '750 g'],
    [14_750_000, '14.75 kg'],
    [1_234_560_000, '1234.6 kg'],
  ])('writes %i mg as %s', (milligrams, text) => {
    expect(formatMass(milligrams)).toBe(text);
  });

  it('counts one thing in the singular', () => {
    expect([countOf(1, 'tag'), countOf(0, 'tag'), countOf(1200, 'tag')]).toEqual([
      '1 tag',
      '0 tags',
      '1,200 tags',
    ]);
  });
});

describe('words', () => {
  it('writes words of the ledger as people do', () => {
    expect([inWords('in_transit'), inWords('cold-1'), inWords('TURNED_BACK')]).toEqual([
      'In transit',
      'Cold 1',
      'Turned back',
    ]);
  });

  it('groups an EPC without losing a digit', () => {
    expect(groupEpc('3034257bf7194e4')).toBe('3034 257b f719 4e4');
  });

  it('keeps a figure and its unit on one line', () => {
    expect(keepUnits('Too warm: 11.2 °C, limit 8 °C')).toBe('Too warm: 11.2\u00a0°C, limit 8\u00a0°C');
    expect(keepUnits('Too humid: 91 % RH')).toBe('Too humid: 91\u00a0%\u00a0RH');
  });
});
