/** Ends a connection that announces a packet over the quota, before anything of it is collected in memory. */
import type { Socket } from 'node:net';
import { MqttPacketMeter } from '../../../protocol/wire/mqtt/packet-meter.ts';

/** Topic and properties beside the payload. */
const PACKET_OVERHEAD_BYTES = 1024;

/** Stands in the way of whoever reads the socket in paused mode. */
export function limitPackets(socket: Socket, payloadBytes: number, onExceeded: () => void): void {
  const meter = new MqttPacketMeter(payloadBytes + PACKET_OVERHEAD_BYTES);
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const chunk: unknown = read(size);
    if (!(chunk instanceof Uint8Array) || meter.accept(chunk)) return chunk;
    onExceeded();
    socket.destroy();
    return null;
  };
}
