/**
 * Modbus RTU frames for reading registers (Modbus Application Protocol V1.1b3, 6.3 and 6.4: functions 03 holding,
 * 04 input), both directions. Registers are big-endian words; what they mean is the profile's business.
 */
import { crcHolds, withCrc } from './crc16.ts';

type ReadFunction = 3 | 4;

export interface ReadRequest {
  /** 1..247; 0 is broadcast and never answered. */
  readonly address: number;
  readonly function: ReadFunction;
  readonly register: number;
  /** 1..125 */
  readonly quantity: number;
}

export type ModbusReply =
  | {
      readonly kind: 'registers';
      readonly address: number;
      readonly function: ReadFunction;
      /** Unsigned 16-bit words. */
      readonly registers: readonly number[];
    }
  | {
      readonly kind: 'exception';
      readonly address: number;
      /** The function that was refused, without its top bit. */
      readonly function: number;
      readonly code: number;
    };

const MAX_QUANTITY = 125;
/** Longest RTU frame (Modbus over Serial Line V1.02, 2.5.1). */
export const MAX_FRAME_BYTES = 256;
export const REQUEST_BYTES = 8;
export const EXCEPTION_BYTES = 5;
export const EXCEPTION_FLAG = 0x80;

export function encodeReadRequest(request: ReadRequest): Uint8Array {
  const { address, register, quantity } = request;
  return withCrc(
    Uint8Array.of(address, request.function, register >> 8, register & 0xff, quantity >> 8, quantity & 0xff),
  );
}

export function encodeReply(reply: ModbusReply): Uint8Array {
  if (reply.kind === 'exception') {
    return withCrc(Uint8Array.of(reply.address, reply.function | EXCEPTION_FLAG, reply.code));
  }
  const data = reply.registers.flatMap((word) => [(word >> 8) & 0xff, word & 0xff]);
  return withCrc(Uint8Array.of(reply.address, reply.function, data.length, ...data));
}

/** One whole frame; undefined unless it is a well-formed read request with a right check. */
export function decodeReadRequest(frame: Uint8Array): ReadRequest | undefined {
  const [address = 0, code = 0, registerHigh = 0, registerLow = 0, high = 0, low = 0] = frame;
  if (frame.length !== REQUEST_BYTES || !isReadFunction(code) || !crcHolds(frame)) return undefined;
  const quantity = (high << 8) | low;
  if (quantity < 1 || quantity > MAX_QUANTITY) return undefined;
  return { address, function: code, register: (registerHigh << 8) | registerLow, quantity };
}

/** One whole frame; undefined unless it is a well-formed reply with a right check. */
export function decodeReply(frame: Uint8Array): ModbusReply | undefined {
  const [address = 0, code = 0, third = 0] = frame;
  if (!crcHolds(frame)) return undefined;
  if ((code & EXCEPTION_FLAG) !== 0) {
    if (frame.length !== EXCEPTION_BYTES) return undefined;
    return { kind: 'exception', address, function: code & ~EXCEPTION_FLAG, code: third };
  }
  const wellFormed = isReadFunction(code) && third > 0 && third % 2 === 0 && frame.length === third + 5;
  if (!wellFormed) return undefined;
  const registers: number[] = [];
  for (let offset = 3; offset < 3 + third; offset += 2) {
    registers.push(((frame[offset] ?? 0) << 8) | (frame[offset + 1] ?? 0));
  }
  return { kind: 'registers', address, function: code, registers };
}

export function isReadFunction(code: number): code is ReadFunction {
  return code === 3 || code === 4;
}
