import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage, isKnownMessageType } from './codec.ts';
import { LlrpFramer, MAX_MESSAGE_BYTES } from './framing.ts';

interface Heard {
  readonly frames: { version: number; type: number; id: number; body: number[] }[];
  readonly discarded: Record<string, number>;
  readonly bufferedBytes: number;
  readonly capacityBytes: number;
}

function hear(chunks: readonly Uint8Array[]): Heard {
  const framer = new LlrpFramer(isKnownMessageType);
  const frames: Heard['frames'] = [];
  const discarded: Record<string, number> = {};
  let capacityBytes = 0;
  for (const chunk of chunks) {
    framer.push(chunk, {
      frame: (frame) => frames.push({ ...frame, body: [...frame.body] }),
      discard: (reason, bytes) => {
        discarded[reason] = (discarded[reason] ?? 0) + bytes;
      },
    });
    capacityBytes = Math.max(capacityBytes, framer.capacityBytes);
  }
  return { frames, discarded, bufferedBytes: framer.bufferedBytes, capacityBytes };
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });

const anyMessage = fc.oneof(
  fc.nat(0xffff_ffff).map((id) => encodeMessage('KEEPALIVE', {}, id, 1)),
  fc
    .uint8Array({ maxLength: 60 })
    .map((Data) =>
      encodeMessage('CUSTOM_MESSAGE', { VendorIdentifier: 25882, MessageSubtype: 1, Data }, 4, 2),
    ),
);

/** Octets that no header can begin with, whatever follows. */
const garbage = fc
  .array(fc.integer({ min: 0x80, max: 0xff }), { maxLength: 30 })
  .map((octets) => Uint8Array.from(octets));

describe('LLRP framing', () => {
  it('gives the same messages and the same losses for any chunking, garbage included', () => {
    const stream = fc.array(
      fc.oneof({ weight: 3, arbitrary: anyMessage }, fc.uint8Array({ maxLength: 40 })),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(stream, chunkSizes, (parts, sizes) => {
        const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
        const { frames, discarded, bufferedBytes } = hear([bytes]);
        expect(hear(cut(bytes, sizes))).toMatchObject({ frames, discarded, bufferedBytes });
      }),
      { numRuns: 300 },
    );
  });

  it('accounts for every octet: in a message, discarded, or still held', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyMessage, fc.uint8Array({ maxLength: 60 })), { maxLength: 10 }),
        (parts) => {
          const heard = hear(parts);
          const inFrames = heard.frames.reduce((sum, frame) => sum + 10 + frame.body.length, 0);
          const lost = Object.values(heard.discarded).reduce((sum, bytes) => sum + bytes, 0);
          const sent = parts.reduce((sum, part) => sum + part.length, 0);
          expect(inFrames + lost + heard.bufferedBytes).toBe(sent);
        },
      ),
    );
  });

  it('finds the next message behind garbage and counts the garbage', () => {
    fc.assert(
      fc.property(garbage, anyMessage, chunkSizes, (noise, message, sizes) => {
        const heard = hear(cut(Uint8Array.from([...noise, ...message, ...message]), sizes));
        expect(heard.frames).toHaveLength(2);
        expect(heard.discarded).toEqual(noise.length > 0 ? { GARBAGE: noise.length } : {});
      }),
    );
  });

  it('delivers all of 45 messages that arrive in one piece', () => {
    const messages = Array.from({ length: 45 }, (_, id) => encodeMessage('KEEPALIVE', {}, id, 1));
    const heard = hear([Uint8Array.from(messages.flatMap((message) => [...message]))]);
    expect(heard.frames.map((frame) => frame.id)).toEqual(messages.map((_, id) => id));
  });

  it('drops a header that claims 4 GB and goes on with the next message', () => {
    const hostile = Uint8Array.from([0x04, 0x3d, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1]);
    const heard = hear([hostile, encodeMessage('KEEPALIVE', {}, 8, 1)]);
    expect(heard.frames).toEqual([{ version: 1, type: 62, id: 8, body: [] }]);
    expect(heard.discarded).toEqual({ OVERSIZED_FRAME: 1, GARBAGE: 9 });
  });

  it('passes a message of unknown type while in step, but does not trust one to get back into step', () => {
    const unknown = Uint8Array.from([0x07, 0x00, 0, 0, 0, 10, 0, 0, 0, 1]);
    expect(hear([unknown]).frames).toHaveLength(1);
    expect(hear([Uint8Array.from([0xff, ...unknown])]).frames).toHaveLength(0);
  });

  it('never holds more than one message of the largest size, whatever is promised', () => {
    const promise = new Uint8Array(10);
    promise.set([0x04, 0x3d, 0x00, 0x10, 0x00, 0x00]);
    const filler = new Uint8Array(65_536).fill(0xee);
    const heard = hear([promise, ...Array.from({ length: 40 }, () => filler)]);
    expect(heard.frames).toHaveLength(1);
    expect(heard.capacityBytes).toBe(MAX_MESSAGE_BYTES);
    expect(heard.bufferedBytes).toBeLessThan(10);
  });

  it('does not reserve what a header promises before it arrives', () => {
    const heard = hear([Uint8Array.from([0x04, 0x3d, 0x00, 0x10, 0x00, 0x00, 0, 0, 0, 1, 0])]);
    expect(heard.capacityBytes).toBeLessThan(1024);
  });

  it('takes random octets without end and keeps nothing of them', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 500 }), { maxLength: 40 }), (chunks) => {
        const heard = hear(chunks);
        expect(heard.capacityBytes).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
      }),
    );
  });
});
