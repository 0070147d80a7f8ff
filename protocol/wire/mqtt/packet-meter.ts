/**
 * Watches a client's byte stream for packets over a size, before anything buffers them: reads fixed headers
 * (MQTT 3.1.1, 2.2) and skips bodies. Holds five numbers, never bytes.
 */

const MAX_LENGTH_BYTES = 4;

export class MqttPacketMeter {
  readonly #maxPacketBytes: number;
  #bodyLeft = 0;
  #inLength = false;
  #length = 0;
  #lengthBytes = 0;
  #broken = false;

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** False from the first packet on that is too large or whose length is malformed. */
  accept(chunk: Uint8Array): boolean {
    let offset = 0;
    while (offset < chunk.length && !this.#broken) {
      if (this.#inLength) {
        this.#takeLength(chunk[offset] ?? 0);
        offset += 1;
      } else if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, chunk.length - offset);
        this.#bodyLeft -= skipped;
        offset += skipped;
      } else {
        this.#inLength = true;
        this.#length = 0;
        this.#lengthBytes = 0;
        offset += 1;
      }
    }
    return !this.#broken;
  }

  #takeLength(byte: number): void {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    const more = (byte & 0x80) !== 0;
    if ((more && this.#lengthBytes === MAX_LENGTH_BYTES) || this.#length > this.#maxPacketBytes) {
      this.#broken = true;
    } else if (!more) {
      this.#inLength = false;
      this.#bodyLeft = this.#length;
    }
  }
}
