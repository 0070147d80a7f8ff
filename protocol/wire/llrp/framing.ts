/**
 * Cuts the TCP byte stream into LLRP messages (LLRP 1.1 §17.1.1): 3 reserved bits, 3 bits version, 10 bits type,
 * u32 length including the 10-octet header, u32 message id.
 * Holds at most one incomplete message, never more than MAX_MESSAGE_BYTES. In step, any message type passes, an
 * unknown one up to MAX_UNKNOWN_BYTES; a header that cannot be one puts it out of step, and then it drops octet by
 * octet until it meets a plausible header of a known type. Same messages and same discarded totals for any chunking.
 * Octets alone cannot show that a plausible header is none: its owner watches how long a message stays incomplete,
 * and calls `giveUp`.
 */
import { readU16, readU32 } from './bytes.ts';

export const HEADER_BYTES = 10;
/** Longest message accepted. Readers send 10 to 60 octets a tag, so this is some 20,000 tags in one report. */
export const MAX_MESSAGE_BYTES = 1_048_576;
/** Longest message of a type that no definition knows: a stray header would otherwise swallow minutes of reports. */
const MAX_UNKNOWN_BYTES = 65_535;

export const LLRP_1_0_1 = 1;
export const LLRP_1_1 = 2;
export type LlrpVersion = typeof LLRP_1_0_1 | typeof LLRP_1_1;

/** `body` is a view of the receive buffer, valid only during the callback. */
export interface LlrpFrame {
  readonly version: number;
  readonly type: number;
  readonly id: number;
  readonly body: Uint8Array;
}

export interface FrameSink {
  frame(frame: LlrpFrame): void;
  discard(reason: 'GARBAGE' | 'OVERSIZED_FRAME', bytes: number): void;
  /** Where a header should stand there is none: the message before may have taken part of another. */
  lostStep?(): void;
}

/** What a header at `at` claims: the message length, or 0 when it cannot be a header. */
type FrameVerdict = number;

export class LlrpFramer {
  readonly #knows: (type: number) => boolean;
  #held = new Uint8Array(0);
  #heldLength = 0;
  #inStep = true;
  #garbage = 0;
  #oversized = 0;

  /** `knows` accepts the message types that may bring the framer back into step. */
  constructor(knows: (type: number) => boolean) {
    this.#knows = knows;
  }

  /** Octets kept for an incomplete message. */
  get bufferedBytes(): number {
    return this.#heldLength;
  }

  /**
   * The incomplete message will never be whole: its first octet goes, and what else is held is cut anew, out of
   * step, so that whole messages behind a stray header are not lost with it.
   */
  giveUp(sink: FrameSink): void {
    if (this.#heldLength === 0) return;
    const rest = this.#held.slice(1, this.#heldLength);
    this.reset();
    this.#inStep = false;
    this.#garbage++;
    this.push(rest, sink);
  }

  /** Octets allocated for an incomplete message, at most MAX_MESSAGE_BYTES. */
  get capacityBytes(): number {
    return this.#held.length;
  }

  reset(): void {
    this.#held = new Uint8Array(0);
    this.#heldLength = 0;
    this.#inStep = true;
  }

  push(chunk: Uint8Array, sink: FrameSink): void {
    let at = 0;
    while (this.#heldLength > 0 && at < chunk.length) at = this.#completeHeld(chunk, at, sink);
    if (this.#heldLength === 0) at = this.#cutDirectly(chunk, at, sink);
    if (at < chunk.length) this.#hold(chunk, at, chunk.length);
    if (this.#garbage > 0) sink.discard('GARBAGE', this.#garbage);
    if (this.#oversized > 0) sink.discard('OVERSIZED_FRAME', this.#oversized);
    this.#garbage = 0;
    this.#oversized = 0;
  }

  /** The common case: whole messages straight out of the chunk, without copying. Returns where it stopped. */
  #cutDirectly(chunk: Uint8Array, from: number, sink: FrameSink): number {
    let at = from;
    while (chunk.length - at >= HEADER_BYTES) {
      const length = this.#judge(chunk, at, sink);
      if (length === 0) {
        at++;
        continue;
      }
      if (chunk.length - at < length) break;
      this.#emit(chunk, at, length, sink);
      at += length;
    }
    return at;
  }

  #completeHeld(chunk: Uint8Array, from: number, sink: FrameSink): number {
    let at = from;
    if (this.#heldLength < HEADER_BYTES) {
      const upTo = Math.min(chunk.length, at + HEADER_BYTES - this.#heldLength);
      this.#hold(chunk, at, upTo);
      at = upTo;
      if (this.#heldLength < HEADER_BYTES) return at;
    }
    const length = this.#judge(this.#held, 0, sink);
    if (length === 0) {
      this.#held.copyWithin(0, 1, this.#heldLength);
      this.#heldLength--;
      return at;
    }
    const upTo = Math.min(chunk.length, at + length - this.#heldLength);
    this.#hold(chunk, at, upTo);
    if (this.#heldLength === length) {
      const whole = this.#held;
      this.#heldLength = 0;
      this.#emit(whole, 0, length, sink);
      if (whole.length > 65_536) this.#held = new Uint8Array(0);
    }
    return upTo;
  }

  #judge(bytes: Uint8Array, at: number, sink: FrameSink): FrameVerdict {
    const head = readU16(bytes, at);
    const version = head >>> 10;
    const length = readU32(bytes, at + 2);
    const plausible = version >= 1 && version <= 3 && length >= HEADER_BYTES;
    const known = this.#knows(head & 0x3ff);
    if (plausible && (this.#inStep || known)) {
      if (length <= (known ? MAX_MESSAGE_BYTES : MAX_UNKNOWN_BYTES)) {
        this.#inStep = true;
        return length;
      }
      if (this.#inStep) this.#oversized++;
      else this.#garbage++;
    } else {
      this.#garbage++;
    }
    if (this.#inStep) sink.lostStep?.();
    this.#inStep = false;
    return 0;
  }

  #emit(bytes: Uint8Array, at: number, length: number, sink: FrameSink): void {
    const head = readU16(bytes, at);
    sink.frame({
      version: head >>> 10,
      type: head & 0x3ff,
      id: readU32(bytes, at + 6),
      body: bytes.subarray(at + HEADER_BYTES, at + length),
    });
  }

  #hold(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.#heldLength + to - from;
    if (needed > this.#held.length) {
      const size = Math.min(Math.max(needed, this.#held.length * 2, 256), MAX_MESSAGE_BYTES);
      const larger = new Uint8Array(size);
      larger.set(this.#held.subarray(0, this.#heldLength));
      this.#held = larger;
    }
    this.#held.set(chunk.subarray(from, to), this.#heldLength);
    this.#heldLength = needed;
  }
}
