import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeReadRequest, encodeReply, MAX_FRAME_BYTES, type ReadRequest } from './frame.ts';
import { ReplyScanner, RequestScanner } from './scanner.ts';

const asked: ReadRequest = { address: 1, function: 4, register: 1, quantity: 2 };
const answered = { kind: 'registers', address: 1, function: 4, registers: [305, 546] } as const;
const exception = { kind: 'exception', address: 1, function: 4, code: 2 } as const;

/** Noise made of the very bytes a reply begins with. */
const noise = fc.array(fc.constantFrom(0x01, 0x04, 0x84, 0x00, 0xff, 0x02), { maxLength: 40 });

function join(...parts: readonly ArrayLike<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.map((at) => at % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

function listen(chunks: readonly Uint8Array[]) {
  const scanner = new ReplyScanner();
  scanner.expect(asked);
  const scans = chunks.map((chunk) => scanner.push(chunk));
  const losses = new Map<string, number>();
  for (const { reason, bytes } of scans.flatMap((scan) => scan.lost)) {
    losses.set(reason, (losses.get(reason) ?? 0) + bytes);
  }
  return { found: scans.flatMap((scan) => scan.found), losses, held: scanner.pendingBytes };
}

describe('hearing replies', () => {
  test('any chunking gives the same reply and the same losses', () => {
    fc.assert(
      fc.property(
        noise,
        noise,
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 12 }),
        (before, after, refused, cuts) => {
          const stream = join(before, encodeReply(refused ? exception : answered), after);
          const whole = listen([stream]);
          expect(listen(cut(stream, cuts))).toEqual(whole);
        },
      ),
    );
  });

  test('the reply is found behind any noise', () => {
    fc.assert(
      fc.property(noise, (before) => {
        const { found, losses } = listen([join(before, encodeReply(answered))]);
        expect(found).toEqual([answered]);
        expect([...losses.values()].reduce((sum, bytes) => sum + bytes, 0)).toBe(before.length);
      }),
    );
  });

  test('replies of other units, to other functions and of other lengths are not taken', () => {
    const others = [
      { ...answered, address: 2 },
      { ...answered, function: 3 },
      { ...answered, registers: [305] },
      { ...exception, address: 9 },
    ] as const;
    for (const other of others) expect(listen([encodeReply(other)]).found).toEqual([]);
  });

  test('a second reply to one question is lost, not kept for the next', () => {
    const scanner = new ReplyScanner();
    scanner.expect(asked);
    const { found, lost } = scanner.push(join(encodeReply(answered), encodeReply(answered)));
    expect(found).toHaveLength(1);
    expect(lost).toEqual([{ reason: 'GARBAGE', bytes: 9 }]);
    expect(scanner.pendingBytes).toBe(0);
  });

  test('what is held stays below one frame, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 10 }), (chunks) => {
        const scanner = new ReplyScanner();
        scanner.expect({ ...asked, quantity: 125 });
        for (const chunk of chunks) {
          scanner.push(chunk);
          expect(scanner.pendingBytes).toBeLessThan(MAX_FRAME_BYTES);
        }
      }),
    );
  });
});

describe('hearing requests', () => {
  test('requests are found in any chunking and behind noise', () => {
    fc.assert(
      fc.property(noise, fc.array(fc.nat(), { maxLength: 12 }), (before, cuts) => {
        const stream = join(before, encodeReadRequest(asked), encodeReadRequest({ ...asked, address: 7 }));
        const scanner = new RequestScanner();
        const found = cut(stream, cuts).flatMap((chunk) => scanner.push(chunk).found);
        expect(found.slice(-2)).toEqual([asked, { ...asked, address: 7 }]);
        expect(scanner.pendingBytes).toBeLessThan(8);
      }),
    );
  });
});
