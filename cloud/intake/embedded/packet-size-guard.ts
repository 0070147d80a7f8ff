/**
 * Bounds what a peer may send as one MQTT packet before the broker's parser collects it in memory: the protocol
 * allows 256 MB, also before CONNECT. Follows the fixed headers only (MQTT 3.1.1 §2.2: one byte, then the
 * remaining length in one to four bytes of seven bits).
 */
import type { Socket } from 'node:net';

/** Headers, topic and properties beside the payload. */
export const PACKET_OVERHEAD_BYTES = 1024;

export class PacketSizeGuard {
  readonly #limitBytes: number;
  /** Bytes of the current packet's body still to come. */
  #bodyLeft = 0;
  /** Bytes of the length field seen so far; undefined while waiting for the packet's first byte. */
  #lengthBytes: number | undefined;
  #length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** False as soon as a packet announces more than the limit, or a length that no packet can have. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= skipped;
        at += skipped;
      } else if (!this.#readHeader(chunk[at++] ?? 0)) {
        return false;
      }
    }
    return true;
  }

  #readHeader(byte: number): boolean {
    if (this.#lengthBytes === undefined) {
      this.#lengthBytes = 0;
      this.#length = 0;
      return true;
    }
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if (this.#length > this.#limitBytes) return false;
    if (byte & 0x80) return this.#lengthBytes < 4;
    this.#bodyLeft = this.#length;
    this.#lengthBytes = undefined;
    return true;
  }
}

/**
 * Puts the guard in the way of whoever reads the socket in paused mode. (The broker pulls with `read()`, which is
 * its backpressure; a pipe in between would add a second buffer per connection.)
 */
export function guardPacketSize(socket: Socket, limitBytes: number, onExceeded: () => void): void {
  const guard = new PacketSizeGuard(limitBytes);
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const chunk: unknown = read(size);
    if (!(chunk instanceof Uint8Array) || guard.accepts(chunk)) return chunk;
    onExceeded();
    socket.destroy();
    return null;
  };
}
