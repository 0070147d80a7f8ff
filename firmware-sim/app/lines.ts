/**
 * How a simulated byte device is reached: on a TCP port, on a pty (a real tty for serialport), or in process.
 * Each opens for one client at a time, as a cable does.
 */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createMemoryLine } from '../../gateway/transports/memory-line.ts';
import type { LineOpener } from '../../gateway/transports/line.ts';
import type { DeviceHost } from './device-host.ts';
import { openPty } from './pty.ts';

export interface ServedLine {
  /** As gateway.yaml names it. */
  readonly address: string;
  close(): Promise<void>;
}

export function memoryLine(id: string, host: DeviceHost): LineOpener {
  return createMemoryLine(`memory:${id}`, (toGateway) => {
    host.connect({
      send: (bytes) => toGateway.write(bytes),
      publish: () => {},
      hangUp: () => toGateway.close(),
    });
    return { onBytes: (chunk) => host.receive(chunk), onClose: () => host.disconnect() };
  });
}

/**
 * `reject` answers a client that comes while another is connected, then it is hung up on: readers say so in their
 * protocol, serial device servers just close.
 */
export async function serveOverTcp(host: DeviceHost, port: number, reject: () => Uint8Array[]): Promise<ServedLine> {
  let current: Socket | undefined;
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    if (current !== undefined) {
      for (const bytes of reject()) socket.write(bytes);
      socket.end();
      return;
    }
    current = socket;
    socket.on('data', (chunk) => {
      if (socket === current) host.receive(chunk);
    });
    socket.on('close', () => {
      current = undefined;
      host.disconnect();
    });
    host.connect({
      send: (bytes) => socket.write(bytes),
      publish: () => {},
      hangUp: () => socket.end(),
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        current?.destroy();
        server.close(() => resolve());
      }),
  };
}

/** The device hangs on the far end of a pty; the gateway opens the tty. It speaks from the first byte it hears or needs. */
export function serveOverPty(host: DeviceHost): ServedLine {
  const pty = openPty((chunk) => host.receive(chunk));
  host.connect({ send: (bytes) => pty.write(bytes), publish: () => {}, hangUp: () => {} });
  return {
    address: `serial:${pty.path}?baud=9600`,
    close: async () => {
      host.disconnect();
      pty.close();
    },
  };
}
