/**
 * Takes oversized PUBLISH packets out of a broker's byte stream before anything buffers them, so that one of them
 * does not stop those behind it: cutting the connection would make the broker send it again for ever. Holds a few
 * numbers and at most five bytes. Fixed header: MQTT 2.2 (3.1.1) and 2.1 (5); PUBLISH: 3.3.
 */

export interface DroppedPublish {
  /** 0 at QoS 0. */
  readonly messageId: number;
  readonly bytes: number;
}

const PUBLISH = 3;
const MAX_HEADER_BYTES = 5;

export class PacketFilter {
  readonly #maxPacketBytes: number;
  readonly #onDropped: (dropped: DroppedPublish) => void;
  /** The fixed header so far; given on once its length is known to be fine. */
  readonly #header: number[] = [];
  #bodyLeft = 0;
  #dropping: DroppingPublish | undefined;

  constructor(maxPacketBytes: number, onDropped: (dropped: DroppedPublish) => void) {
    this.#maxPacketBytes = maxPacketBytes;
    this.#onDropped = onDropped;
  }

  /** What is left of it, often the same chunk; undefined when the stream makes no sense and must be given up. */
  filter(chunk: Uint8Array): Uint8Array | undefined {
    const kept: Uint8Array[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#bodyLeft > 0) {
        const end = Math.min(chunk.length, offset + this.#bodyLeft);
        const part = chunk.subarray(offset, end);
        this.#bodyLeft -= part.length;
        offset = end;
        if (this.#dropping === undefined) kept.push(part);
        else this.#drop(this.#dropping, part);
        continue;
      }
      this.#header.push(chunk[offset] ?? 0);
      offset += 1;
      if (!this.#headerIsWhole()) continue;
      const header = Uint8Array.from(this.#header.splice(0));
      const length = lengthIn(header);
      if (length === undefined) return undefined;
      this.#bodyLeft = length;
      const [first = 0] = header;
      if (length <= this.#maxPacketBytes) kept.push(header);
      else if (first >> 4 === PUBLISH) this.#dropping = new DroppingPublish((first >> 1) & 3, length);
      else return undefined;
    }
    return kept.length === 1 && kept[0]?.length === chunk.length ? kept[0] : Buffer.concat(kept);
  }

  #headerIsWhole(): boolean {
    const last = this.#header.at(-1) ?? 0;
    return this.#header.length > 1 && ((last & 0x80) === 0 || this.#header.length === MAX_HEADER_BYTES);
  }

  #drop(dropping: DroppingPublish, part: Uint8Array): void {
    dropping.skip(part);
    if (this.#bodyLeft > 0) return;
    this.#dropping = undefined;
    this.#onDropped({ messageId: dropping.messageId, bytes: dropping.bytes });
  }
}

function lengthIn(header: Uint8Array): number | undefined {
  if (((header.at(-1) ?? 0) & 0x80) !== 0) return undefined;
  return header.subarray(1).reduce((sum, byte, index) => sum + (byte & 0x7f) * 128 ** index, 0);
}

/** Finds the packet id behind the topic while the rest is thrown away. */
class DroppingPublish {
  readonly bytes: number;
  readonly #hasId: boolean;
  #position = 0;
  #topicBytes = 0;
  messageId = 0;

  constructor(qos: number, bytes: number) {
    this.bytes = bytes;
    this.#hasId = qos > 0;
  }

  skip(part: Uint8Array): void {
    for (const byte of part) {
      const at = this.#position++;
      if (at < 2) this.#topicBytes = this.#topicBytes * 256 + byte;
      else if (!this.#hasId || at > 3 + this.#topicBytes) break;
      else if (at >= 2 + this.#topicBytes) this.messageId = this.messageId * 256 + byte;
    }
  }
}
