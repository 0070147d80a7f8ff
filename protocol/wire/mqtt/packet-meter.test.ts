import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { MqttPacketMeter } from './packet-meter.ts';

function packet(length: number): Uint8Array {
  const header = [0x30];
  for (let rest = length, more = true; more; ) {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    more = rest > 0;
    header.push(more ? digit | 0x80 : digit);
  }
  return Uint8Array.from([...header, ...new Uint8Array(length).fill(0xff)]);
}

describe('watching the size of MQTT packets', () => {
  test('a stream is let through until the first packet over the limit, in any chunking', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 50 }), (lengths, step) => {
        const meter = new MqttPacketMeter(300);
        const stream = Uint8Array.from(lengths.flatMap((length) => [...packet(length)]));
        let accepted = true;
        for (let at = 0; at < stream.length; at += step)
          accepted = meter.accept(stream.subarray(at, at + step));
        expect(accepted).toBe(lengths.every((length) => length <= 300));
      }),
    );
  });

  test('a length that never ends is refused', () => {
    expect(new MqttPacketMeter(1_000_000).accept(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80))).toBe(false);
  });

  test('the announcement is enough: the body need not come', () => {
    expect(new MqttPacketMeter(1_000).accept(packet(1_001).subarray(0, 3))).toBe(false);
  });
});

const LIMIT = 300;

/** Whether the meter lets the whole stream pass when it arrives in pieces of the given sizes. */
function passes(stream: Uint8Array, pieces: readonly number[]): boolean {
  const meter = new MqttPacketMeter(LIMIT);
  let at = 0;
  for (const size of [...pieces, stream.length]) {
    if (!meter.accept(stream.subarray(at, at + size))) return false;
    at += size;
  }
  return true;
}

describe('the size of one MQTT packet', () => {
  const cases: [title: string, stream: Uint8Array, passes: boolean][] = [
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
