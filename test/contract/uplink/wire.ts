/** A TCP relay between an uplink and its server that can be cut, and that can play dead without closing anything. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Wire {
  readonly port: number;
  /** Ends all connections and refuses new ones. */
  cut(): void;
  /** Lets nothing through any more, in either direction; the connections stay. New ones are taken and silent, too. */
  freeze(): void;
  /** Connections from now on pass; those that were frozen stay dead. */
  restore(): void;
  close(): Promise<void>;
}

export async function openWire(target: number): Promise<Wire> {
  let mode: 'through' | 'cut' | 'frozen' = 'through';
  const sockets = new Set<Socket>();
  const pairs = new Set<readonly [Socket, Socket]>();
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server: Server = createServer((near) => {
    track(near);
    if (mode === 'cut') {
      near.destroy();
      return;
    }
    if (mode === 'frozen') {
      near.pause();
      return;
    }
    const far = connect(target, '127.0.0.1');
    track(far);
    near.pipe(far);
    far.pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    pairs.add([near, far]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    cut() {
      mode = 'cut';
      destroyAll();
    },
    freeze() {
      mode = 'frozen';
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.pause();
        far.pause();
        // What was on its way is gone with the line.
        near.removeAllListeners('data');
      }
      pairs.clear();
    },
    restore() {
      mode = 'through';
    },
    async close() {
      destroyAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
