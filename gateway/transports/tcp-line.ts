/**
 * Lines over TCP: readers, and serial device servers in raw mode. Nagle off (small commands go at once),
 * keepalive on (a half-open connection is found out), a time limit on connecting, a limit on unsent bytes.
 */
import { connect, type Socket } from 'node:net';
import { describeTransportAddress, type TcpAddress } from './address.ts';
import type { Line, LineHandlers, LineOpener } from './line.ts';
import { CLOSED_BY_US, createLineEnd, MAX_UNSENT_BYTES } from './line-end.ts';

interface TcpLineOptions {
  readonly connectTimeoutMs?: number;
  /** Idle time before the first keepalive probe. */
  readonly keepAliveMs?: number;
}

export function createTcpLine(address: TcpAddress, options: TcpLineOptions = {}): LineOpener {
  const name = describeTransportAddress(address);
  return { address: name, open: (handlers) => openTcp(address, name, options, handlers) };
}

function openTcp(
  address: TcpAddress,
  name: string,
  options: TcpLineOptions,
  handlers: LineHandlers,
): Promise<Line> {
  const connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: options.keepAliveMs ?? 10_000,
    });
    const refuse = (reason: string, cause?: Error) => {
      socket.destroy();
      reject(new Error(`${name}: ${reason}`, { cause }));
    };
    const onTimeout = () =>
      refuse(`no connection within ${connectTimeoutMs} ms; is the device on the network?`);
    const onError = (error: Error) => refuse(reasonOf(error), error);
    socket.setTimeout(connectTimeoutMs);
    socket.once('timeout', onTimeout);
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('timeout', onTimeout);
      socket.off('error', onError);
      resolve(attach(socket, handlers));
    });
  });
}

function attach(socket: Socket, handlers: LineHandlers): Line {
  const end = createLineEnd(handlers);
  let problem: string | undefined;
  socket.on('data', (chunk) => {
    if (!end.ended) handlers.onBytes(chunk);
  });
  socket.on('error', (error) => {
    problem = reasonOf(error);
  });
  socket.on('end', () => {
    problem ??= 'the device hung up';
  });
  socket.on('close', () => end.report(problem ?? 'connection closed'));
  return {
    write(bytes) {
      if (end.ended) return;
      if (socket.writableLength + bytes.length > MAX_UNSENT_BYTES) {
        socket.destroy(
          new Error(`the device does not take what is sent to it (${socket.writableLength} bytes wait)`),
        );
        return;
      }
      socket.write(bytes);
    },
    close() {
      end.report(CLOSED_BY_US);
      socket.destroy();
    },
  };
}

function reasonOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused; nothing listens on that port of the device';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'host name not found; check the name or use the IP address';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to the device; check cable, VLAN and address';
    case 'ETIMEDOUT':
      return 'the device stopped answering';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the device reset the connection';
    default:
      return error.message;
  }
}
