/** Acks as they come from a carrier: bounded, parsed, never trusted. */
import { type Ack, ackSchema } from '../../protocol/link/ack.ts';
import { unpackJson } from '../../protocol/link/batch.ts';

/** More than any ack needs. */
const MAX_ACK_BYTES = 4096;

/** Undefined when the bytes are no ack. */
export function readAck(payload: Uint8Array): Ack | undefined {
  if (payload.length > MAX_ACK_BYTES) return undefined;
  const unpacked = unpackJson(payload);
  const parsed = unpacked.ok ? ackSchema.safeParse(unpacked.value) : undefined;
  return parsed?.success === true ? parsed.data : undefined;
}
