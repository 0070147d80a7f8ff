/**
 * A batch: consecutive events of one lane on their way up. It covers the whole range firstSeq..lastSeq: a seq in
 * that range without an event was thinned at the gateway and is declared by a gap event, so the cloud's watermark
 * moves over it. Wire form: JSON, gzip above 1 KB (distinguished by the gzip magic), at most MAX_BATCH_BYTES.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { LANES } from '../events/lanes.ts';
import { eventRecordSchema } from '../events/record.ts';

/** AWS IoT Core refuses payloads above 128 KB; we stay below with room for headers. */
export const MAX_BATCH_BYTES = 120 * 1024;
/** What a batch may unpack to: bounds the work that a hostile payload can cause. */
const MAX_BATCH_INFLATED_BYTES = 4 * 1024 * 1024;
export const MAX_BATCH_EVENTS = 1000;
const GZIP_ABOVE_BYTES = 1024;

const batchHeader = {
  v: z.literal(1),
  gateway: z.string().min(1).max(48),
  epoch: z.string().min(8).max(64),
  lane: z.enum(LANES),
  firstSeq: z.int().positive(),
  lastSeq: z.int().positive(),
  /** Everything up to here was acked before and is pruned at the gateway: a cloud below it has lost data. */
  prunedUpTo: z.int().nonnegative(),
  /**
   * The opening of the journal file that sends: its number in this epoch, a random id, and the lane's last seq at
   * that moment. A cloud that knows another id for the number, or events behind the base, sees a copied or restored
   * file, and refuses it.
   */
  boot: z
    .object({ n: z.int().positive(), id: z.string().min(1).max(64), base: z.int().nonnegative() })
    .optional(),
};

/** What a gateway sends. */
const batchSchema = z.object({
  ...batchHeader,
  events: z.array(eventRecordSchema).max(MAX_BATCH_EVENTS),
});
export type Batch = z.infer<typeof batchSchema>;

/** What the cloud accepts: a sound header; each event is judged on its own so that a bad one blocks no other. */
const receivedBatchSchema = z
  .object({ ...batchHeader, events: z.array(z.unknown()).max(MAX_BATCH_EVENTS) })
  .refine((batch) => batch.lastSeq >= batch.firstSeq, 'lastSeq is below firstSeq');
export type ReceivedBatch = z.infer<typeof receivedBatchSchema>;

export function encodeBatch(batch: Batch): Uint8Array {
  return packJson(batch);
}

type DecodedBatch = { ok: true; batch: ReceivedBatch } | { ok: false; reason: string };

export function decodeBatch(payload: Uint8Array): DecodedBatch {
  if (payload.length > MAX_BATCH_BYTES) {
    return {
      ok: false,
      reason: `payload of ${payload.length} bytes is over the limit of ${MAX_BATCH_BYTES}`,
    };
  }
  const unpacked = unpackJson(payload);
  if (!unpacked.ok) return unpacked;
  const parsed = receivedBatchSchema.safeParse(unpacked.value);
  return parsed.success
    ? { ok: true, batch: parsed.data }
    : { ok: false, reason: z.prettifyError(parsed.error) };
}

/** JSON as bytes, gzipped when that pays. */
export function packJson(value: unknown): Uint8Array {
  const json = Buffer.from(JSON.stringify(value));
  return json.length > GZIP_ABOVE_BYTES ? gzipSync(json, { level: 1 }) : json;
}

export function unpackJson(
  payload: Uint8Array,
): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    const gzipped = payload[0] === 0x1f && payload[1] === 0x8b;
    const json = gzipped
      ? gunzipSync(payload, { maxOutputLength: MAX_BATCH_INFLATED_BYTES })
      : Buffer.from(payload);
    return { ok: true, value: JSON.parse(json.toString('utf8')) };
  } catch (error) {
    return { ok: false, reason: `not readable as (gzipped) JSON: ${(error as Error).message}` };
  }
}
