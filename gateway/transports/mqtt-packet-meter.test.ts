import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MqttPacketMeter } from './mqtt-packet-meter.ts';

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
