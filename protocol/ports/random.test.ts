import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from './random.ts';

const draw = (seed: number, stream: string, count = 20) => {
  const random = seededRandom(seed, stream);
  return Array.from({ length: count }, () => random.next());
};

describe('seeded randomness', () => {
  it('repeats for the same seed and stream, and differs for any other', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), (seed, stream) => {
        expect(draw(seed, stream)).toEqual(draw(seed, stream));
        expect(draw(seed, stream)).not.toEqual(draw(seed, `${stream}x`));
        expect(draw(seed, stream)).not.toEqual(draw(seed + 1, stream));
      }),
    );
  });

  it('is spread evenly enough, within its bounds', () => {
    const values = draw(1, 'spread', 20_000);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = values.filter((value) => Math.floor(value * 10) === tenth).length / values.length;
      expect(share).toBeGreaterThan(0.09);
      expect(share).toBeLessThan(0.11);
    }
  });

  it('draws integers with both ends and a bell around the mean', () => {
    const random = seededRandom(2, 'dice');
    const dice = new Set(Array.from({ length: 500 }, () => random.integer(1, 6)));
    expect([...dice].toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    const bell = Array.from({ length: 5000 }, () => random.gaussian(10, 2));
    const mean = bell.reduce((sum, value) => sum + value, 0) / bell.length;
    expect(Math.abs(mean - 10)).toBeLessThan(0.2);
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
