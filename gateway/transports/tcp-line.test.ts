import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { LineLog } from '../../test/support/line-log.ts';
import { createTcpLine } from './tcp-line.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
const encode = (text: string) => new TextEncoder().encode(text);

async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return bound.port;
}

const lineTo = (port: number, connectTimeoutMs = 300_000) =>
  createTcpLine({ kind: 'tcp', host: '127.0.0.1', port }, { connectTimeoutMs });

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

describe('a line over TCP', () => {
  test('bytes go both ways', async () => {
    const port = await serve((socket) => socket.on('data', (chunk) => socket.write(chunk)));
    const log = new LineLog();
    const line = await lineTo(port).open(log);
    line.write(encode('SIR\r\n'));
    await log.hears(5);
    expect(log.text).toBe('SIR\r\n');
    line.close();
    expect(log.closeReasons).toEqual(['closed by the gateway']);
  });

  test('the device hanging up ends the line once', async () => {
    const port = await serve((socket) => socket.end('bye'));
    const log = new LineLog();
    const line = await lineTo(port).open(log);
    await log.ends();
    line.close();
    expect(log.text).toBe('bye');
    expect(log.closeReasons).toEqual(['the device hung up']);
  });

  test('a reset is reported as such', async () => {
    const port = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const log = new LineLog();
    const line = await lineTo(port).open(log);
    line.write(encode('x'));
    await log.ends();
    expect(log.closeReasons).toEqual(['the device reset the connection']);
  });

  test('a port nobody listens on says so', async () => {
    const port = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(lineTo(port).open(new LineLog())).rejects.toThrow(
      `tcp://127.0.0.1:${port}: connection refused; nothing listens on that port`,
    );
  });

  test('a device that takes nothing is given up before memory is', async () => {
    const port = await serve((socket) => socket.pause());
    const log = new LineLog();
    const line = await lineTo(port).open(log);
    const block = new Uint8Array(64 * 1024);
    for (let sent = 0; sent < 400 && log.closeReasons.length === 0; sent++) line.write(block);
    await log.ends();
    expect(log.closeReasons[0]).toContain('does not take what is sent');
  });
});
