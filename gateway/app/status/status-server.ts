/** The gateway's own page on the local network: its devices, what waits, the state of the uplink. Read only. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GatewayStatus } from './gateway-status.ts';
import { renderMetrics } from './metrics.ts';
import { renderStatusPage } from './status-page.ts';

export interface StatusServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startStatusServer(options: {
  host: string;
  port: number;
  status: () => Promise<GatewayStatus>;
}): Promise<StatusServer> {
  const server = createServer((request, response) => {
    const answer = (code: number, type: string, body: string) => {
      response.writeHead(code, {
        'content-type': type,
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
        'x-content-type-options': 'nosniff',
      });
      response.end(body);
    };
    const respond = async () => {
      const path = new URL(request.url ?? '/', 'http://gateway').pathname;
      if (request.method !== 'GET') return answer(405, 'text/plain', 'read only\n');
      if (path === '/')
        return answer(200, 'text/html; charset=utf-8', renderStatusPage(await options.status()));
      if (path === '/status.json')
        return answer(200, 'application/json', JSON.stringify(await options.status()));
      if (path === '/metrics')
        return answer(200, 'text/plain; version=0.0.4', await renderMetrics(await options.status()));
      if (path === '/healthz') return answer(200, 'text/plain', 'ok\n');
      return answer(404, 'text/plain', 'try /, /status.json, /metrics or /healthz\n');
    };
    respond().catch((error: Error) => answer(500, 'text/plain', `${error.message}\n`));
  });
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE'
          ? `port ${port} on ${host} is in use (status page): stop the other program or set status.port in the configuration`
          : `cannot listen on ${host}:${port} (status page): ${error.code ?? error.message}`;
      reject(new Error(reason, { cause: error }));
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      // One connection that cannot be accepted (no file handle left) must not end the gateway.
      server.on('error', () => {});
      resolve();
    });
  });
}
