/**
 * Finding frames in a byte stream, in any chunking. RTU marks frames by silence only, which operating systems,
 * USB adapters and serial servers do not keep; so both ends look for the frame they can expect, by address,
 * length and check, and slide on by one byte when it is not there. At most one frame and its noise are held.
 */
import { crcHolds } from './crc16.ts';
import {
  decodeReply,
  EXCEPTION_BYTES,
  EXCEPTION_FLAG,
  isReadFunction,
  type ModbusReply,
  REQUEST_BYTES,
  type ReadRequest,
} from './frame.ts';

interface ScanLoss {
  readonly reason: 'GARBAGE' | 'BAD_CRC';
  readonly bytes: number;
}

interface Scan<Found> {
  readonly found: Found[];
  readonly lost: ScanLoss[];
}

const NO_BYTES = new Uint8Array(0);

/** The master's receiver: knows what was asked and accepts only the answer to that. */
export class ReplyScanner {
  #request: ReadRequest | undefined;
  #held = new Uint8Array(0);

  get pendingBytes(): number {
    return this.#held.length;
  }

  /** From now on, the answer to this request; returns how many bytes of the time before are given up. */
  expect(request: ReadRequest | undefined): number {
    const lost = this.#held.length;
    this.#request = request;
    this.#held = new Uint8Array(0);
    return lost;
  }

  /** At most one reply: once found, nothing is expected any more and what follows is lost. */
  push(chunk: Uint8Array): Scan<ModbusReply> {
    const bytes = concat(this.#held, chunk);
    const lost = new LossCount();
    let offset = 0;
    while (this.#request !== undefined && offset < bytes.length) {
      const length = replyLength(bytes, offset, this.#request);
      if (length === 'more') break;
      const frame = length === undefined ? NO_BYTES : bytes.subarray(offset, offset + length);
      const reply = length === undefined ? undefined : decodeReply(frame);
      if (reply !== undefined) {
        this.#request = undefined;
        const rest = bytes.length - offset - frame.length;
        lost.add('GARBAGE', rest);
        this.#held = new Uint8Array(0);
        return { found: [reply], lost: lost.list() };
      }
      lost.add(length === undefined ? 'GARBAGE' : 'BAD_CRC', 1);
      offset += 1;
    }
    if (this.#request === undefined) {
      lost.add('GARBAGE', bytes.length - offset);
      offset = bytes.length;
    }
    this.#held = bytes.slice(offset);
    return { found: [], lost: lost.list() };
  }
}

/** Length of the reply that may start here; 'more' when it takes further bytes to know; undefined when none does. */
function replyLength(bytes: Uint8Array, offset: number, request: ReadRequest): number | 'more' | undefined {
  const available = bytes.length - offset;
  if (bytes[offset] !== request.address) return undefined;
  if (available < 2) return 'more';
  const code = bytes[offset + 1];
  if (code === (request.function | EXCEPTION_FLAG))
    return available < EXCEPTION_BYTES ? 'more' : EXCEPTION_BYTES;
  if (code !== request.function) return undefined;
  if (available < 3) return 'more';
  if (bytes[offset + 2] !== request.quantity * 2) return undefined;
  const length = request.quantity * 2 + 5;
  return available < length ? 'more' : length;
}

/** A request as a slave receives it: any eight-byte function, so that it can refuse what it does not know. */
export interface HeardRequest {
  readonly address: number;
  readonly function: number;
  readonly register: number;
  readonly quantity: number;
}

/** The slave's ear: eight-byte requests with a right check. */
export class RequestScanner {
  #held = new Uint8Array(0);

  get pendingBytes(): number {
    return this.#held.length;
  }

  reset(): void {
    this.#held = new Uint8Array(0);
  }

  push(chunk: Uint8Array): Scan<HeardRequest> {
    const bytes = concat(this.#held, chunk);
    const found: HeardRequest[] = [];
    const lost = new LossCount();
    let offset = 0;
    while (bytes.length - offset >= REQUEST_BYTES) {
      const frame = bytes.subarray(offset, offset + REQUEST_BYTES);
      if (crcHolds(frame)) {
        const [address = 0, code = 0, registerHigh = 0, registerLow = 0, high = 0, low = 0] = frame;
        const register = (registerHigh << 8) | registerLow;
        found.push({ address, function: code, register, quantity: (high << 8) | low });
        offset += REQUEST_BYTES;
      } else {
        lost.add(isReadFunction(frame[1] ?? 0) ? 'BAD_CRC' : 'GARBAGE', 1);
        offset += 1;
      }
    }
    this.#held = bytes.slice(offset);
    return { found, lost: lost.list() };
  }
}

class LossCount {
  readonly #sums = new Map<ScanLoss['reason'], number>();

  add(reason: ScanLoss['reason'], bytes: number): void {
    if (bytes > 0) this.#sums.set(reason, (this.#sums.get(reason) ?? 0) + bytes);
  }

  list(): ScanLoss[] {
    return [...this.#sums].map(([reason, bytes]) => ({ reason, bytes }));
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
