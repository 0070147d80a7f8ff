import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBatch, MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { START, stampAt, weighing } from '../../journal/worker/journal.fixture.ts';
import { fitBatch } from './batch-fitting.ts';

const HEADER = { gateway: 'dc-1', epoch: 'epoch-0001', lane: 'stock', prunedUpTo: 0 } as const;
const LIMITS = { maxBytes: MAX_BATCH_BYTES, hardBytes: MAX_BATCH_BYTES };

/** Text that does not compress. */
function noise(seed: number, bytes: number): string {
  const random = seededRandom(seed, 'noise');
  return Array.from({ length: bytes }, () => random.integer(0, 35).toString(36)).join('');
}

test('a batch covers what it holds and what has no event, and nothing that it left out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ skipped: fc.nat(3), bytes: fc.integer({ min: 1, max: 40_000 }) }), {
        minLength: 1,
        maxLength: 14,
      }),
      fc.nat(3),
      (parts, behind) => {
        let seq = 0;
        const records = parts.map(({ skipped, bytes }, index) => {
          seq += 1 + skipped;
          return { seq, ...stampAt(START), event: { ...weighing(seq), raw: noise(index, bytes) } };
        });
        const slice = { firstSeq: 1, lastSeq: seq + behind, records };
        const fitted = fitBatch(HEADER, slice, 1_000_000, LIMITS);
        if (fitted.kind !== 'batch') throw new Error('each of them fits alone');
        expect(fitted.payload.length).toBeLessThanOrEqual(MAX_BATCH_BYTES);
        const decoded = decodeBatch(fitted.payload);
        if (!decoded.ok) throw new Error(decoded.reason);
        const { firstSeq, lastSeq, events } = decoded.batch;
        expect({ firstSeq, lastSeq, count: events.length }).toEqual({
          firstSeq: 1,
          lastSeq: fitted.lastSeq,
          count: fitted.events,
        });
        expect(events).toEqual(records.slice(0, events.length));
        const whole = events.length === records.length;
        expect(lastSeq).toBe(whole ? slice.lastSeq : records[events.length - 1]?.seq);
      },
    ),
    { numRuns: 60 },
  );
});
