/**
 * Bounds what a peer may send as one MQTT packet before the broker's parser collects it in memory: the protocol
 * allows 256 MB, also before CONNECT.
 */
import type { Socket } from 'node:net';
import { MqttPacketMeter } from '../../../protocol/wire/mqtt/packet-meter.ts';

/** Headers, topic and properties beside the payload. */
export const PACKET_OVERHEAD_BYTES = 1024;

/**
 * Puts a meter in the way of whoever reads the socket in paused mode. (The broker pulls with `read()`, which is
 * its backpressure; a pipe in between would add a second buffer per connection.)
 */
export function guardPacketSize(socket: Socket, limitBytes: number, onExceeded: () => void): void {
  const meter = new MqttPacketMeter(limitBytes);
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const chunk: unknown = read(size);
    if (!(chunk instanceof Uint8Array) || meter.accept(chunk)) return chunk;
    onExceeded();
    socket.destroy();
    return null;
  };
}
