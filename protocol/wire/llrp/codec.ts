/**
 * LLRP messages to bytes and back. Decoding never throws: a message is either `message`, `unknown` (a number not
 * in the catalogue, body kept) or `malformed` (known number, body that contradicts itself).
 */
import { ByteReader, ByteWriter, LlrpFormatError } from './bytes.ts';
import { HEADER_BYTES, type LlrpFrame, type LlrpVersion, MAX_MESSAGE_BYTES } from './framing.ts';
import { MESSAGES, type MessageShape } from './messages.ts';
import { decodeReport, encodeReport, type RoAccessReport, type RoAccessReportInput } from './report.ts';
import { decodeShape, encodeShape } from './schema.ts';

const RO_ACCESS_REPORT = 61;

type Catalogue = typeof MESSAGES;
type SchemaBodies = {
  [N in keyof Catalogue]: Catalogue[N] extends MessageShape<infer V> ? V : never;
};
/** Body type of each message as decoded. */
export type MessageBodies = SchemaBodies & { RO_ACCESS_REPORT: RoAccessReport };
/** Body type of each message as encoded. */
export type MessageInputs = SchemaBodies & { RO_ACCESS_REPORT: RoAccessReportInput };
export type MessageName = keyof MessageBodies;

export type LlrpMessage = {
  [N in MessageName]: {
    readonly name: N;
    readonly version: number;
    readonly id: number;
    readonly body: MessageBodies[N];
  };
}[MessageName];

export type Decoded =
  | { readonly outcome: 'message'; readonly message: LlrpMessage }
  | { readonly outcome: 'unknown'; readonly type: number; readonly id: number; readonly body: Uint8Array }
  | {
      readonly outcome: 'malformed';
      readonly name: MessageName;
      readonly id: number;
      readonly reason: string;
      readonly bytes: number;
    };

const NAMES = new Map<number, keyof Catalogue>(
  Object.entries(MESSAGES).map(([name, { type }]) => [type, name as keyof Catalogue]),
);

export function isKnownMessageType(type: number): boolean {
  return type === RO_ACCESS_REPORT || NAMES.has(type);
}

export function messageType(name: MessageName): number {
  return name === 'RO_ACCESS_REPORT' ? RO_ACCESS_REPORT : MESSAGES[name].type;
}

/** Bodies are copied out of the frame where they keep octets, so the result outlives it. */
export function decodeMessage(frame: LlrpFrame): Decoded {
  const { version, id, type } = frame;
  if (type === RO_ACCESS_REPORT) {
    const body = decodeReport(frame.body);
    return { outcome: 'message', message: { name: 'RO_ACCESS_REPORT', version, id, body } };
  }
  const name = NAMES.get(type);
  if (name === undefined) return { outcome: 'unknown', type, id, body: frame.body.slice() };
  try {
    const body = decodeShape(new ByteReader(frame.body), MESSAGES[name].shape);
    return { outcome: 'message', message: { name, version, id, body } as LlrpMessage };
  } catch (error) {
    if (!(error instanceof LlrpFormatError)) throw error;
    return {
      outcome: 'malformed',
      name,
      id,
      reason: error.message,
      bytes: HEADER_BYTES + frame.body.length,
    };
  }
}

/** Throws RangeError when the body does not fit into the lengths of the format: a mistake of the caller. */
export function encodeMessage<N extends MessageName>(
  name: N,
  body: MessageInputs[N],
  id: number,
  version: LlrpVersion,
): Uint8Array {
  const to = new ByteWriter();
  to.u16((version << 10) | messageType(name));
  to.u32(0);
  to.u32(id);
  if (name === 'RO_ACCESS_REPORT') encodeReport(to, body as RoAccessReportInput);
  else encodeShape(to, MESSAGES[name as keyof Catalogue].shape, body);
  if (to.length > MAX_MESSAGE_BYTES) throw new RangeError(`${name} would take ${to.length} bytes`);
  to.setU32(2, to.length);
  return to.finish();
}
