import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advanceToPruned, cover, MAX_AHEAD_RANGES, START, type Watermark } from './watermark.ts';

const range = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.nat(6))
  .map(([first, more]) => [first, first + more]);

/** The seqs of a watermark, listed one by one. */
function seqsOf({ upTo, ahead }: Watermark): Set<number> {
  const seqs = new Set<number>();
  for (const [first, last] of [[1, upTo], ...ahead]) {
    for (let seq = first ?? 0; seq <= (last ?? 0); seq++) seqs.add(seq);
  }
  return seqs;
}

describe('a watermark', () => {
  it('holds exactly the seqs received, in whatever order, with upTo before the first hole', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), (ranges) => {
        const watermark = ranges.reduce((so, [a = 0, b = 0]) => cover(so, a, b), START);
        const received = new Set<number>();
        for (const [a = 0, b = 0] of ranges) for (let seq = a; seq <= b; seq++) received.add(seq);
        expect(seqsOf(watermark)).toEqual(received);
        expect(received.has(watermark.upTo + 1)).toBe(false);
        let end = watermark.upTo;
        for (const [first, last] of watermark.ahead) {
          expect(first).toBeGreaterThan(end + 1);
          expect(last).toBeGreaterThanOrEqual(first);
          end = last;
        }
      }),
    );
  });

  it('is the same in any order', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), fc.func(fc.nat()), (ranges, rank) => {
        const shuffled = ranges.toSorted((a, b) => rank(a) - rank(b));
        const fold = (list: number[][]) => list.reduce((so, [a = 0, b = 0]) => cover(so, a, b), START);
        expect(fold(shuffled)).toEqual(fold(ranges));
      }),
    );
  });

  it('keeps a bounded number of ranges beyond holes: the lowest', () => {
    let watermark = START;
    for (let index = 0; index < MAX_AHEAD_RANGES + 10; index++) {
      watermark = cover(watermark, 10 + index * 10, 12 + index * 10);
    }
    expect(watermark.ahead).toHaveLength(MAX_AHEAD_RANGES);
    expect(watermark.ahead[0]).toEqual([10, 12]);
  });

  it('moves over what the gateway has pruned and says exactly which seqs are lost', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), fc.nat(70), (ranges, prunedUpTo) => {
        const before = ranges.reduce((so, [a = 0, b = 0]) => cover(so, a, b), START);
        const { watermark, lost } = advanceToPruned(before, prunedUpTo);
        const had = seqsOf(before);
        const missing = Array.from({ length: prunedUpTo }, (_, index) => index + 1).filter(
          (seq) => !had.has(seq),
        );
        const listed = lost.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, index) => a + index));
        expect(listed).toEqual(missing);
        expect(watermark.upTo).toBeGreaterThanOrEqual(prunedUpTo);
        expect(seqsOf(watermark)).toEqual(new Set([...had, ...missing]));
      }),
    );
  });
});
