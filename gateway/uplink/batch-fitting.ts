/**
 * Fits events into one batch. How many bytes of JSON end up under MAX_BATCH_BYTES depends on how well they
 * compress, so the read budget follows what the last batches came to. Pure.
 */
import type { EventRecord } from '../../protocol/events/record.ts';
import { type Batch, encodeBatch, MAX_BATCH_BYTES } from '../../protocol/link/batch.ts';
import type { LaneSlice } from '../journal/journal.ts';

export const FIRST_BUDGET_BYTES = 96 * 1024;
/** More than this in one piece would hold up the event loop while it is packed. */
const MAX_BUDGET_BYTES = 384 * 1024;
const MIN_BUDGET_BYTES = 16 * 1024;

export type Fitted =
  | {
      readonly kind: 'batch';
      readonly payload: Uint8Array;
      readonly events: number;
      readonly lastSeq: number;
      /** What to read next time. */
      readonly budgetBytes: number;
    }
  /** The first event of the slice is too large for any batch. */
  | { readonly kind: 'oversize'; readonly record: EventRecord; readonly bytes: number };

export type BatchHeader = Pick<Batch, 'gateway' | 'epoch' | 'lane' | 'prunedUpTo'>;

/** The longest head of the slice, by halving, whose batch is small enough. */
export function fitBatch(header: BatchHeader, slice: LaneSlice, budgetBytes: number): Fitted {
  let { records, lastSeq } = slice;
  let budget = budgetBytes;
  for (;;) {
    const payload = encodeBatch({ v: 1, ...header, firstSeq: slice.firstSeq, lastSeq, events: [...records] });
    if (payload.length <= MAX_BATCH_BYTES) {
      return {
        kind: 'batch',
        payload,
        events: records.length,
        lastSeq,
        budgetBytes: adapt(budget, payload.length),
      };
    }
    const [first] = records;
    if (first !== undefined && records.length === 1) {
      return { kind: 'oversize', record: first, bytes: payload.length };
    }
    records = records.slice(0, Math.ceil(records.length / 2));
    lastSeq = records.at(-1)?.seq ?? lastSeq;
    budget = Math.max(MIN_BUDGET_BYTES, budget / 2);
  }
}

/** An empty batch over a seq whose event cannot be sent, so that the cloud's watermark passes it. */
export function coverBatch(header: BatchHeader, firstSeq: number, lastSeq: number): Uint8Array {
  return encodeBatch({ v: 1, ...header, firstSeq, lastSeq, events: [] });
}

function adapt(budgetBytes: number, payloadBytes: number): number {
  if (payloadBytes > MAX_BATCH_BYTES * 0.9) return Math.max(MIN_BUDGET_BYTES, budgetBytes * 0.8);
  if (payloadBytes < MAX_BATCH_BYTES * 0.5) return Math.min(MAX_BUDGET_BYTES, budgetBytes * 1.25);
  return budgetBytes;
}
