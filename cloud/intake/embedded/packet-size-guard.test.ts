import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketSizeGuard } from './packet-size-guard.ts';

const LIMIT = 300;

function packet(bodyBytes: number): Buffer {
  const length: number[] = [];
  let left = bodyBytes;
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.of(0x32, ...length), Buffer.alloc(bodyBytes, 0xff)]);
}

/** Whether the guard lets the whole stream pass when it arrives in pieces of the given sizes. */
function passes(stream: Uint8Array, pieces: readonly number[]): boolean {
  const guard = new PacketSizeGuard(LIMIT);
  let at = 0;
  for (const size of [...pieces, stream.length]) {
    if (!guard.accepts(stream.subarray(at, at + size))) return false;
    at += size;
  }
  return true;
}

describe('the packet size guard', () => {
  const cases: [title: string, stream: Buffer, passes: boolean][] = [
    ['a packet without a body passes', packet(0), true],
    ['a packet at the limit passes', packet(LIMIT), true],
    ['a packet one byte over the limit does not', packet(LIMIT + 1), false],
    ['its announcement alone is enough', packet(LIMIT + 1).subarray(0, 3), false],
    ['a length of more than four bytes does not pass', Buffer.of(0x30, 0x80, 0x80, 0x80, 0x80), false],
  ];
  it.each(cases)('%s', (_title, stream, expected) => {
    expect(passes(stream, [])).toBe(expected);
  });

  it('judges a stream alike however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 * LIMIT }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 80 }),
        (bodies, pieces) => {
          const stream = Buffer.concat(bodies.map(packet));
          expect(passes(stream, pieces)).toBe(bodies.every((bytes) => bytes <= LIMIT));
        },
      ),
    );
  });
});
