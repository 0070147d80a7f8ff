/**
 * The field types of LLRP (LLRP 1.1 §17.1.2): each knows its range, how to write itself and how to read itself.
 * `kind` and `max` describe the value space, so that tests can make any legal value from the schema alone.
 */
import type { ByteReader, ByteWriter } from './bytes.ts';

export interface Field<T> {
  readonly kind: 'number' | 'flag' | 'text' | 'numbers' | 'octets' | 'bit string' | 'rest' | 'reserved';
  readonly min: number;
  readonly max: number;
  write(to: ByteWriter, value: T): void;
  read(from: ByteReader): T;
}

/** Padding bits: not part of the value. */
export interface ReservedField extends Field<undefined> {
  readonly kind: 'reserved';
}

function number(
  min: number,
  max: number,
  write: (to: ByteWriter, value: number) => void,
  read: (from: ByteReader) => number,
): Field<number> {
  return { kind: 'number', min, max, write, read };
}

export const u8 = number(
  0,
  0xff,
  (to, value) => to.u8(value),
  (from) => from.u8(),
);
export const u16 = number(
  0,
  0xffff,
  (to, value) => to.u16(value),
  (from) => from.u16(),
);
export const s16 = number(
  -0x8000,
  0x7fff,
  (to, value) => to.u16(value & 0xffff),
  (from) => from.s16(),
);
export const u32 = number(
  0,
  0xffff_ffff,
  (to, value) => to.u32(value),
  (from) => from.u32(),
);
/** Microseconds, exact to 2^53. */
export const u64 = number(
  0,
  Number.MAX_SAFE_INTEGER,
  (to, value) => to.u64(value),
  (from) => from.u64(),
);

/** An unsigned number of less than an octet; neighbours share octets. */
export function bits(count: number): Field<number> {
  return number(
    0,
    2 ** count - 1,
    (to, value) => to.bits(value, count),
    (from) => from.bits(count),
  );
}

export const flag: Field<boolean> = {
  kind: 'flag',
  min: 0,
  max: 1,
  write: (to, value) => to.bits(value ? 1 : 0, 1),
  read: (from) => from.bits(1) === 1,
};

export function reserved(count: number): ReservedField {
  return {
    kind: 'reserved',
    min: 0,
    max: 0,
    write: (to) => to.bits(0, count),
    read: (from) => {
      from.bits(count);
      return undefined;
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** u16 octet count, then UTF-8. Text that would not fit is cut. */
export const utf8v: Field<string> = {
  kind: 'text',
  min: 0,
  max: 0xffff,
  write: (to, value) => {
    const octets = encoder.encode(value).subarray(0, 0xffff);
    to.u16(octets.length);
    to.put(octets);
  },
  read: (from) => decoder.decode(from.take(from.u16())),
};

function array(
  max: number,
  write: (to: ByteWriter, value: number) => void,
  read: (from: ByteReader) => number,
): Field<readonly number[]> {
  return {
    kind: 'numbers',
    min: 0,
    max,
    write: (to, values) => {
      to.u16(values.length);
      for (const value of values) write(to, value);
    },
    read: (from) => {
      const values: number[] = [];
      for (let count = from.u16(); count > 0; count--) values.push(read(from));
      return values;
    },
  };
}

/** u16 count, then the numbers. */
export const u8v = array(
  0xff,
  (to, value) => to.u8(value),
  (from) => from.u8(),
);
export const u16v = array(
  0xffff,
  (to, value) => to.u16(value),
  (from) => from.u16(),
);
export const u32v = array(
  0xffff_ffff,
  (to, value) => to.u32(value),
  (from) => from.u32(),
);

/** u16 octet count, then octets. */
export const octets: Field<Uint8Array> = {
  kind: 'octets',
  min: 0,
  max: 0xffff,
  write: (to, value) => {
    to.u16(value.length);
    to.put(value);
  },
  read: (from) => from.take(from.u16()),
};

/** u16 bit count, then bits, filled up to whole octets. The value is a text of `0` and `1`. */
export const bitString: Field<string> = {
  kind: 'bit string',
  min: 0,
  max: 0xffff,
  write: (to, value) => {
    to.u16(value.length);
    for (let at = 0; at < value.length; at += 8) {
      to.u8(Number.parseInt(value.slice(at, at + 8).padEnd(8, '0'), 2));
    }
  },
  read: (from) => {
    const count = from.u16();
    let text = '';
    for (const octet of from.take(Math.ceil(count / 8))) text += octet.toString(2).padStart(8, '0');
    return text.slice(0, count);
  },
};

/** Everything up to the end of the enclosing parameter or message. */
export const rest: Field<Uint8Array> = {
  kind: 'rest',
  min: 0,
  max: 0,
  write: (to, value) => to.put(value),
  read: (from) => from.take(from.remaining),
};
