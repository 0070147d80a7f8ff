import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seededRandom } from '../../protocol/ports/random.ts';
import { BACKOFF_FIRST_MS, BACKOFF_LONGEST_MS, backoffMs } from './backoff.ts';

it('waits between half and all of a doubling, capped ceiling, after any number of failures', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer(), (failures, seed) => {
      const ceiling = Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1));
      const waitMs = backoffMs(failures, seededRandom(seed, 'backoff'));
      expect(waitMs).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
      expect(waitMs).toBeLessThanOrEqual(ceiling);
    }),
  );
});
