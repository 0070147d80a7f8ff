import { describe, expect, test } from 'vitest';
import { Deadlines } from './deadlines.ts';

const NOW = Date.UTC(2026, 2, 2, 6);
const YEARS = 10 * 365 * 86_400_000;

describe('deadlines', () => {
  test('the nearest is next, and due from its moment on', () => {
    const deadlines = new Deadlines<'answer' | 'silence'>();
    expect(deadlines.next()).toBeUndefined();
    deadlines.notice(NOW);
    deadlines.set('silence', NOW + 500);
    deadlines.set('answer', NOW + 100);
    expect(deadlines.next()).toBe(NOW + 100);
    expect(deadlines.isDue('answer', NOW + 99)).toBe(false);
    expect(deadlines.isDue('answer', NOW + 100)).toBe(true);
    deadlines.clear('answer');
    expect(deadlines.isDue('answer', NOW + 100)).toBe(false);
    expect(deadlines.next()).toBe(NOW + 500);
    deadlines.clearAll();
    expect(deadlines.next()).toBeUndefined();
  });

  test('a clock set back takes them along; one set forward makes them due', () => {
    const deadlines = new Deadlines<'answer'>();
    deadlines.notice(NOW);
    deadlines.set('answer', NOW + 100);
    deadlines.notice(NOW - YEARS);
    expect(deadlines.at('answer')).toBe(NOW - YEARS + 100);
    deadlines.notice(NOW);
    expect(deadlines.isDue('answer', NOW)).toBe(true);
  });
});
