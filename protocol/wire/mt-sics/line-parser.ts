/**
 * Bytes of an MT-SICS line into reply lines, in any chunking, never holding more than `maxLineBytes`.
 *
 * - A line ends with CR or LF. A port set to 8 data bits in front of a 7E1 or 7O1 scale delivers the parity bit as
 *   bit 7: such a line is accepted when the parity of all its bytes agrees, and stripped. Mixed parity is noise.
 * - Noise in front of a weight does not cost the weight: a line that is no reply as a whole may still end in a
 *   complete `S S …`/`S D …` frame of the standard width, which is taken, and only what stood before is given up.
 * - A line over the cap loses its oldest half; what remains may still end in a weight, nothing else.
 */
import { decodeReply, type SicsReply, STANDARD_FIELD_WIDTH } from './reply.ts';

export type SicsLineEvent =
  | { readonly kind: 'reply'; readonly reply: SicsReply; readonly raw: string }
  | { readonly kind: 'garbage'; readonly reason: SicsGarbageReason; readonly bytes: number };

type SicsGarbageReason = 'GARBAGE' | 'OVERSIZED_LINE' | 'BAD_PARITY';

const CR = 0x0d;
const LF = 0x0a;
const WEIGHT_AT_END = new RegExp(`S [SD] [ \\d.-]{${STANDARD_FIELD_WIDTH}} [A-Za-z]{1,5}\\s*$`);

export class SicsLineParser {
  readonly #buffer: Uint8Array;
  #length = 0;
  #overflowed = false;

  constructor(options: { maxLineBytes?: number } = {}) {
    this.#buffer = new Uint8Array(options.maxLineBytes ?? 256);
  }

  /** Bytes held right now, at most `maxLineBytes`. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** Forgets a half-read line; returns how many bytes that were. */
  reset(): number {
    const lost = this.#length;
    this.#length = 0;
    this.#overflowed = false;
    return lost;
  }

  push(chunk: Uint8Array): SicsLineEvent[] {
    const events: SicsLineEvent[] = [];
    for (const byte of chunk) {
      const character = byte & 0x7f;
      if (character === CR || character === LF) this.#endLine(events);
      else this.#append(byte, events);
    }
    return events;
  }

  #append(byte: number, events: SicsLineEvent[]): void {
    if (this.#length === this.#buffer.length) {
      const dropped = this.#length - (this.#length >> 1);
      this.#buffer.copyWithin(0, dropped, this.#length);
      this.#length -= dropped;
      this.#overflowed = true;
      events.push({ kind: 'garbage', reason: 'OVERSIZED_LINE', bytes: dropped });
    }
    this.#buffer[this.#length++] = byte;
  }

  #endLine(events: SicsLineEvent[]): void {
    const bytes = this.#buffer.subarray(0, this.#length);
    const whole = !this.#overflowed;
    this.#length = 0;
    this.#overflowed = false;
    if (bytes.length > 0) decodeLine(bytes, whole, events);
  }
}

function decodeLine(bytes: Uint8Array, whole: boolean, events: SicsLineEvent[]): void {
  const text = String.fromCharCode(...bytes.map((byte) => byte & 0x7f));
  const parityHolds = hasUniformParity(bytes);
  if (whole && parityHolds) {
    const reply = decodeReply(text);
    if (reply !== undefined) {
      events.push({ kind: 'reply', reply, raw: text });
      return;
    }
  }
  const start = WEIGHT_AT_END.exec(text)?.index ?? 0;
  const rescued =
    start > 0 && hasUniformParity(bytes.subarray(start)) ? decodeReply(text.slice(start)) : undefined;
  if (rescued === undefined) {
    const reason = parityHolds || !whole ? 'GARBAGE' : 'BAD_PARITY';
    events.push({ kind: 'garbage', reason, bytes: bytes.length });
    return;
  }
  events.push({ kind: 'garbage', reason: 'GARBAGE', bytes: start });
  events.push({ kind: 'reply', reply: rescued, raw: text.slice(start) });
}

/** All of bit 7 clear, or bit 7 a valid even (or odd) parity of the whole line. */
function hasUniformParity(bytes: Uint8Array): boolean {
  let clear = true;
  let even = true;
  let odd = true;
  for (const byte of bytes) {
    if (byte > 0x7f) clear = false;
    if (isOddParity(byte)) even = false;
    else odd = false;
  }
  return clear || even || odd;
}

function isOddParity(byte: number): boolean {
  const half = byte ^ (byte >> 4);
  return ((0x6996 >> (half & 0xf)) & 1) === 1;
}
