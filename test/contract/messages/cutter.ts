/** A link to a broker that swallows what the client sends, or is cut: what a radio or a mast in the rain does. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { closers } from './rigs.ts';

interface Cutter {
  readonly url: string;
  /** From now on nothing of the client gets through; the broker's words do. */
  swallow(): void;
  /** Ends every connection; new ones carry all again. */
  cut(): void;
}

export async function cutter(brokerUrl: string): Promise<Cutter> {
  const target = new URL(brokerUrl);
  const sockets = new Set<Socket>();
  let swallows = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (chunk) => {
      if (!swallows) far.write(chunk);
    });
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    swallows = false;
    for (const socket of [...sockets]) socket.destroy();
  };
  closers.push(() => {
    cut();
    return new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallow: () => {
      swallows = true;
    },
    cut,
  };
}
