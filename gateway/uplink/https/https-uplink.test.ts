import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { createClock } from '../../../protocol/ports/clock.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { createHttpsUplink, retryAfterMs } from './https-uplink.ts';

const clock = createClock({
  now: Date.now,
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void): Promise<number> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    incoming.on('end', () => {
      if (incoming.url?.endsWith('/state')) outgoing.writeHead(204).end();
      else answer(incoming, outgoing);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function uplinkTo(url: string, more: { proxyFromEnvironment?: boolean } = {}) {
  const uplink = createHttpsUplink({
    gateway: 'dc-1',
    url,
    token: 'secret',
    clock,
    random: seededRandom(1, 'x'),
    ...more,
  });
  closers.push(() => uplink.close());
  uplink.start({ onConnected: () => undefined, onDisconnected: () => undefined, onAck: () => undefined });
  return uplink;
}

test.each([
  [202, /put the batch aside as unreadable/, true],
  [401, /revoked, or the wrong one/, false],
  [403, /token belongs to another gateway/, false],
  [404, /no Tallyport intake at this address/, false],
  [413, /too large for the server or a proxy/, true],
  [429, /asks to slow down/, false],
  [503, /takes nothing now/, false],
  [302, /unexpected answer: HTTP 302/, false],
])(
  'HTTP %i is explained in words, and pauses the carrier unless it concerns the batch alone',
  async (status, words, stays) => {
    const port = await serve((_incoming, outgoing) =>
      outgoing.writeHead(status, { location: 'https://elsewhere.example' }).end(),
    );
    const uplink = uplinkTo(`http://127.0.0.1:${port}`);
    await expect(uplink.publish('stock', Buffer.from('x'))).rejects.toThrow(words);
    expect(uplink.state).toMatch(words);
    expect(uplink.connected).toBe(stays);
    expect(uplink.state).not.toContain('secret');
  },
);

test('an endless answer is cut off', async () => {
  const port = await serve((_incoming, outgoing) => {
    outgoing.writeHead(200);
    const more = () => {
      while (outgoing.write(Buffer.alloc(16_384)));
      outgoing.once('drain', more);
    };
    more();
  });
  const uplink = uplinkTo(`http://127.0.0.1:${port}`);
  await expect(uplink.publish('stock', Buffer.from('x'))).rejects.toThrow(/longer than 65536 bytes/);
});

test('a path in front of the intake is kept, and one connection carries many batches', async () => {
  const seen = new Set<string>();
  const paths: string[] = [];
  const port = await serve((incoming, outgoing) => {
    seen.add(String(incoming.socket.remotePort));
    paths.push(`${incoming.method} ${incoming.url} ${incoming.headers.authorization}`);
    outgoing.writeHead(200).end('{}');
  });
  const uplink = uplinkTo(`http://127.0.0.1:${port}/tallyport/`);
  for (let n = 0; n < 5; n++) await uplink.publish('health', Buffer.from('x'));
  expect(new Set(paths)).toEqual(new Set(['POST /tallyport/link/v1/dc-1/health Bearer secret']));
  expect(seen.size).toBe(1);
});

test('asked to, it goes through the proxy that the environment names', async () => {
  const proxied: string[] = [];
  const port = await serve((incoming, outgoing) => {
    proxied.push(incoming.url ?? '');
    outgoing.writeHead(200).end('{}');
  });
  const before = process.env.HTTP_PROXY;
  process.env.HTTP_PROXY = `http://127.0.0.1:${port}`;
  closers.push(() => {
    if (before === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = before;
  });
  const uplink = uplinkTo('http://cloud.example', { proxyFromEnvironment: true });
  await uplink.publish('stock', Buffer.from('x'));
  expect(proxied).toEqual(['http://cloud.example/link/v1/dc-1/stock']);
});

test('Retry-After is read as seconds or as a date, and nonsense is none', () => {
  const now = Date.UTC(2026, 8, 1);
  expect(retryAfterMs('120', now)).toBe(120_000);
  expect(retryAfterMs('Tue, 01 Sep 2026 00:00:05 GMT', now)).toBe(5000);
  expect(retryAfterMs('Mon, 31 Aug 2026 00:00:05 GMT', now)).toBe(0);
  for (const nonsense of [undefined, '', 'soon', '-5x']) expect(retryAfterMs(nonsense, now)).toBeUndefined();
});
