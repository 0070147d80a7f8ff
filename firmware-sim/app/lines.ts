/**
 * How a simulated byte device is reached: on a TCP port, on a pty (a real tty for serialport), or in process.
 * Each opens for one client at a time, as a cable does.
 */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import type { LineOpener } from '../../gateway/transports/line.ts';
import { createMemoryLine } from '../../gateway/transports/memory-line.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { HostedDevice } from './device-fleet.ts';
import type { DeviceHost } from './device-host.ts';
import { openPtyPair } from './pty.ts';
import type { Trace } from './trace.ts';

interface ServedLine {
  /** As gateway.yaml names it. */
  readonly address: string;
  close(): Promise<void>;
}

export function memoryLine(id: string, host: DeviceHost, clock: Clock, trace: Trace): LineOpener {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return createMemoryLine(`memory:${id}`, (toGateway) => {
    trace.add({ at: clock.now(), device: id, line: 'open' });
    host.attach({
      send(bytes) {
        trace.add({ at: clock.now(), device: id, bytes: hex(bytes), to: 'gateway' });
        toGateway.write(bytes);
      },
      publish: () => {},
      hangUp: () => toGateway.close(),
    });
    return {
      onBytes(chunk) {
        trace.add({ at: clock.now(), device: id, bytes: hex(chunk), to: 'device' });
        host.receive(chunk);
      },
      onClose() {
        trace.add({ at: clock.now(), device: id, line: 'closed' });
        host.detach();
      },
    };
  });
}

/** Every line of the devices; `serial`: how those hang on the gateway that hang on a serial port in life. */
export async function serveLines(
  devices: readonly HostedDevice[],
  serial: 'tcp' | 'pty',
): Promise<Map<string, ServedLine>> {
  const lines = new Map<string, ServedLine>();
  for (const { id, attachment, host } of devices) {
    if (host.transport !== 'bytes') continue;
    const overPty = serial === 'pty' && attachment === 'serial';
    lines.set(id, overPty ? serveOverPty(host) : await serveOverTcp(host, 0));
  }
  return lines;
}

/** A client that comes while another is connected is disconnected, after what the device has to send it. */
export async function serveOverTcp(host: DeviceHost, port: number): Promise<ServedLine> {
  let current: Socket | undefined;
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    if (current !== undefined) {
      for (const bytes of host.rejectSecondClient()) socket.write(bytes);
      socket.end();
      return;
    }
    current = socket;
    socket.on('data', (chunk) => {
      if (socket === current) host.receive(chunk);
    });
    socket.on('close', () => {
      current = undefined;
      host.detach();
    });
    host.attach({
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

/** The device is at the far end of a pty; the gateway opens the tty. It sends from the first byte it receives or needs. */
function serveOverPty(host: DeviceHost): ServedLine {
  const pty = openPtyPair();
  pty.onBytes((chunk) => host.receive(chunk));
  host.attach({ send: (bytes) => pty.write(bytes), publish: () => {}, hangUp: () => {} });
  return {
    address: `serial:${pty.path}?baud=9600`,
    close: async () => {
      host.detach();
      pty.close();
    },
  };
}
