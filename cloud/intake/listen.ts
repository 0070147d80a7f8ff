/**
 * Opening a listening socket with an answer a person can act on: an address in use or forbidden names the
 * address, the cause and the setting to change.
 */
import { createServer, type Server } from 'node:net';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The environment would not let us listen; the message says where, why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Listens and returns the port, which the operating system chose when `address.port` is 0. */
export function listen(server: Server, address: ListenAddress, setting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => reject(listenError(error, address, setting));
    server.once('error', onError);
    server.listen(address, () => {
      server.off('error', onError);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port);
    });
  });
}

/** Finds out early, before slower things are opened, that an address cannot be had. Port 0 always can. */
export async function tryAddress(address: ListenAddress, setting: string): Promise<void> {
  if (address.port === 0) return;
  const server = createServer();
  await listen(server, address, setting);
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** Maps what `listen` failed with; anything but an address problem is passed on unchanged. */
export function listenError(error: Error, address: ListenAddress, setting: string): Error {
  const where = `${address.host}:${address.port}`;
  const code: string = (error as NodeJS.ErrnoException).code ?? '';
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(
        `${where} is in use: stop what listens there, or set ${setting} to a free port (0 takes any)`,
        { cause: error },
      );
    case 'EACCES':
      return new ListenError(
        `not allowed to listen on ${where}: set ${setting} to a port above 1023, or grant the process the right`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError(
        `this machine has no address ${address.host}: correct the host beside ${setting}`,
        {
          cause: error,
        },
      );
    default:
      return error;
  }
}
