import fc from 'fast-check';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { expect, test } from 'vitest';
import { type DroppedPublish, PacketFilter } from './packet-filter.ts';

const LIMIT = 300;

const publish = fc
  .record({
    topic: fc.string({ minLength: 1, maxLength: 40 }),
    bytes: fc.oneof(fc.integer({ min: 0, max: 250 }), fc.integer({ min: 280, max: 20_000 })),
    qos: fc.constantFrom(0 as const, 1 as const),
    messageId: fc.integer({ min: 1, max: 65_535 }),
  })
  .map(
    ({ topic, bytes, qos, messageId }): Packet => ({
      cmd: 'publish',
      topic: `t/${topic.replaceAll(/[+#\0]/g, 'x')}`,
      payload: Buffer.alloc(bytes, 7),
      qos,
      dup: false,
      retain: false,
      ...(qos === 0 ? {} : { messageId }),
    }),
  );
const packets = fc.array(fc.oneof(publish, fc.constant<Packet>({ cmd: 'pingresp' })), { maxLength: 12 });

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (let index = 0; rest.length > 0; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return chunks;
}

test('only oversized messages are missing, however the stream is cut, and each is named by its packet id', () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5_000 })), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(packets, sizes, (sent, cuts) => {
      const encoded = sent.map((packet) => ({ packet, bytes: mqttPacket.generate(packet) }));
      const lengthOf = (bytes: Buffer) =>
        bytes.length - (bytes.length > 129 ? (bytes.length > 16_386 ? 4 : 3) : 2);
      const isLarge = ({ bytes }: { bytes: Buffer }) => lengthOf(bytes) > LIMIT;
      const dropped: DroppedPublish[] = [];
      const filter = new PacketFilter(LIMIT, (one) => dropped.push(one));
      const kept = cut(Buffer.concat(encoded.map(({ bytes }) => bytes)), cuts).map((chunk) =>
        filter.filter(chunk),
      );
      expect(kept).not.toContain(undefined);
      expect(Buffer.concat(kept as Uint8Array[])).toEqual(
        Buffer.concat(encoded.filter((one) => !isLarge(one)).map(({ bytes }) => bytes)),
      );
      expect(dropped.map(({ messageId }) => messageId)).toEqual(
        encoded.filter(isLarge).map(({ packet }) => packet.messageId ?? 0),
      );
    }),
  );
});

test.each([
  ['a length of five bytes', [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a large packet that is no message', [0x20, 0xff, 0x7f]],
])('%s makes no sense', (_what, bytes) => {
  expect(new PacketFilter(LIMIT, () => undefined).filter(Uint8Array.from(bytes))).toBeUndefined();
});
