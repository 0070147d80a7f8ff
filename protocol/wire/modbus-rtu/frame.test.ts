import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc16, crcHolds, withCrc } from './crc16.ts';
import {
  decodeReadRequest,
  decodeReply,
  encodeReadRequest,
  encodeReply,
  type ModbusReply,
  type ReadRequest,
} from './frame.ts';

const hex = (text: string) => Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16));

const request: fc.Arbitrary<ReadRequest> = fc.record({
  address: fc.integer({ min: 1, max: 247 }),
  function: fc.constantFrom(3, 4),
  register: fc.integer({ min: 0, max: 0xffff }),
  quantity: fc.integer({ min: 1, max: 125 }),
});

const reply: fc.Arbitrary<ModbusReply> = fc.oneof(
  fc.record({
    kind: fc.constant('registers' as const),
    address: fc.integer({ min: 1, max: 247 }),
    function: fc.constantFrom(3 as const, 4 as const),
    registers: fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 125 }),
  }),
  fc.record({
    kind: fc.constant('exception' as const),
    address: fc.integer({ min: 1, max: 247 }),
    function: fc.constantFrom(3, 4),
    code: fc.integer({ min: 1, max: 255 }),
  }),
);

describe('Modbus RTU frames', () => {
  test('published vectors of an XY-MD02', () => {
    const read: ReadRequest = { address: 1, function: 4, register: 1, quantity: 2 };
    expect(encodeReadRequest(read)).toEqual(hex('01 04 00 01 00 02 20 0B'));
    expect(encodeReadRequest({ ...read, quantity: 1 })).toEqual(hex('01 04 00 01 00 01 60 0A'));
    const answer = hex('01 04 04 01 31 02 22 2A CE');
    const meaning: ModbusReply = { kind: 'registers', address: 1, function: 4, registers: [305, 546] };
    expect(decodeReply(answer)).toEqual(meaning);
    expect(encodeReply(meaning)).toEqual(answer);
  });

  test('every request and every reply reads back as it was written', () => {
    fc.assert(
      fc.property(request, reply, (question, answer) => {
        expect(decodeReadRequest(encodeReadRequest(question))).toEqual(question);
        expect(decodeReply(encodeReply(answer))).toEqual(answer);
      }),
    );
  });

  test('one flipped bit is always found', () => {
    fc.assert(
      fc.property(reply, fc.nat(), (answer, at) => {
        const frame = encodeReply(answer);
        const bit = at % (frame.length * 8);
        frame[bit >> 3] = (frame[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(decodeReply(frame)).toBeUndefined();
      }),
    );
  });

  test('random bytes decode to something or nothing, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const framed = withCrc(bytes);
        expect(crcHolds(framed)).toBe(bytes.length > 0);
        expect(crc16(framed)).toBe(0);
        decodeReply(bytes);
        decodeReply(framed);
        decodeReadRequest(framed);
      }),
    );
  });
});
