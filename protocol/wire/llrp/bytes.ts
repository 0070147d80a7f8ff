/**
 * Big-endian cursors over bytes, as LLRP wants them (LLRP 1.1 §17.1): whole octets, plus bit fields that are
 * packed from the most significant bit and fill up whole octets. A read past the end throws LlrpFormatError;
 * `decodeMessage` turns it into a value, so it never leaves this folder.
 */
const TWO_POW_32 = 4_294_967_296;

/** The bytes do not say what their type promises. */
export class LlrpFormatError extends Error {
  override readonly name = 'LlrpFormatError';
}

export class ByteReader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;
  #bitsLeft = 0;
  #bitOctet = 0;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  u8(): number {
    return this.bytes[this.#take(1)] ?? 0;
  }

  u16(): number {
    const at = this.#take(2);
    return readU16(this.bytes, at);
  }

  s16(): number {
    return (this.u16() << 16) >> 16;
  }

  u32(): number {
    return readU32(this.bytes, this.#take(4));
  }

  /** Exact up to 2^53; beyond it the nearest double, which no real clock reaches. */
  u64(): number {
    const at = this.#take(8);
    return readU32(this.bytes, at) * TWO_POW_32 + readU32(this.bytes, at + 4);
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      if (this.#bitsLeft === 0) {
        this.#bitOctet = this.u8();
        this.#bitsLeft = 8;
      }
      this.#bitsLeft--;
      value = value * 2 + ((this.#bitOctet >> this.#bitsLeft) & 1);
    }
    return value;
  }

  /** A copy, so that it outlives the receive buffer. */
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.slice(at, at + length);
  }

  #take(length: number): number {
    const at = this.offset;
    if (at + length > this.end) throw new LlrpFormatError(`${length} bytes wanted, ${this.end - at} left`);
    this.offset = at + length;
    return at;
  }
}

export class ByteWriter {
  #bytes = new Uint8Array(128);
  #length = 0;
  #bitsFree = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  u64(value: number): void {
    this.u32(Math.floor(value / TWO_POW_32));
    this.u32(value % TWO_POW_32);
  }

  bits(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) {
      if (this.#bitsFree === 0) {
        this.u8(0);
        this.#bitsFree = 8;
      }
      this.#bitsFree--;
      const last = this.#length - 1;
      this.#bytes[last] = (this.#bytes[last] ?? 0) | (((value >>> i) & 1) << this.#bitsFree);
    }
  }

  put(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  setU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  setU32(at: number, value: number): void {
    this.setU16(at, value >>> 16);
    this.setU16(at + 2, value & 0xffff);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(by: number): number {
    const at = this.#length;
    const needed = at + by;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#length = needed;
    return at;
  }
}

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}
