/**
 * Fits events into one batch of at most `maxBytes`. How much JSON that is depends on how well it compresses, so the
 * read budget follows what the last batches came to. Pure.
 */
import type { EventRecord } from '../../../protocol/events/record.ts';
import { type Batch, encodeBatch, MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import type { LaneSlice } from '../../journal/journal.ts';

export const FIRST_BUDGET_BYTES = 96 * 1024;
/** More than this in one piece would hold up the event loop while it is packed. */
const MAX_BUDGET_BYTES = 384 * 1024;
const MIN_BUDGET_BYTES = 4 * 1024;
/** How full a batch should be: a little more JSON must still fit. */
const FILL = 0.75;

type Fitted =
  | {
      readonly kind: 'batch';
      readonly payload: Uint8Array;
      readonly events: number;
      readonly lastSeq: number;
      /** What to read next time. */
      readonly budgetBytes: number;
    }
  /** The first event of the slice is alone too large for any batch, or for this carrier. */
  | { readonly kind: 'oversize'; readonly record: EventRecord; readonly bytes: number };

export type BatchHeader = Pick<Batch, 'gateway' | 'epoch' | 'lane' | 'prunedUpTo' | 'boot'>;

export interface FitLimits {
  /** Wished for: a single larger event still goes alone. */
  readonly maxBytes: number;
  /** Taken by the carrier. */
  readonly hardBytes: number;
}

/** A head of the slice whose batch is small enough, as long as can be had without many attempts. */
export function fitBatch(
  header: BatchHeader,
  slice: LaneSlice,
  budgetBytes: number,
  limits: FitLimits,
): Fitted {
  const hardBytes = Math.min(limits.hardBytes, MAX_BATCH_BYTES);
  const maxBytes = Math.min(limits.maxBytes, hardBytes);
  let { records, lastSeq } = slice;
  for (;;) {
    const payload = encodeBatch({ v: 1, ...header, firstSeq: slice.firstSeq, lastSeq, events: [...records] });
    const [first] = records;
    const alone = records.length === 1;
    if (payload.length <= maxBytes || (alone && payload.length <= hardBytes)) {
      const share = records.length / Math.max(1, slice.records.length);
      return {
        kind: 'batch',
        payload,
        events: records.length,
        lastSeq,
        budgetBytes: adapt(budgetBytes * share, (maxBytes * FILL) / payload.length),
      };
    }
    if (first !== undefined && alone) return { kind: 'oversize', record: first, bytes: payload.length };
    const fits = Math.floor(records.length * FILL * (maxBytes / payload.length));
    records = records.slice(0, Math.max(1, Math.min(fits, Math.ceil(records.length / 2))));
    lastSeq = records.at(-1)?.seq ?? lastSeq;
  }
}

/** An empty batch over a seq whose event cannot be sent, so that the cloud's watermark passes it. */
export function coverBatch(header: BatchHeader, firstSeq: number, lastSeq: number): Uint8Array {
  return encodeBatch({ v: 1, ...header, firstSeq, lastSeq, events: [] });
}

function adapt(budgetBytes: number, wishedFactor: number): number {
  const factor = Math.min(1.25, Math.max(0.25, wishedFactor));
  return Math.min(MAX_BUDGET_BYTES, Math.max(MIN_BUDGET_BYTES, budgetBytes * factor));
}
