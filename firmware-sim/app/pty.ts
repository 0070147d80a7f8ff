/**
 * A pseudo terminal: what a gateway opens as a serial port, and the device's end of it. The public `open()` of
 * node-pty reads from both ends and so takes the bytes away from whoever opens the port; here the native call is
 * used, the port's own descriptor is held open and never read, so that the device's end lives on while the
 * gateway has the port closed.
 */
import { closeSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ReadStream } from 'node:tty';

export interface PtyPair {
  /** Path of the port. */
  readonly path: string;
  /** What the gateway has written. */
  onBytes(listener: (chunk: Uint8Array) => void): void;
  write(bytes: Uint8Array): void;
  /** Pulls the plug: the port vanishes. */
  close(): void;
}

interface NativePty {
  open(
    columns: number,
    rows: number,
  ): { readonly master: number; readonly slave: number; readonly pty: string };
}

const require = createRequire(import.meta.url);

export function openPtyPair(): PtyPair {
  const { requireBinary } = require('@lydell/node-pty/requireBinary.js') as {
    requireBinary(file: string): NativePty;
  };
  const { master, slave, pty } = requireBinary('pty.node').open(80, 24);
  const stream = new ReadStream(master);
  let closed = false;
  // The port's end going away shows up as an input error here; that is not ours.
  stream.on('error', () => undefined);
  return {
    path: pty,
    onBytes: (listener) => void stream.on('data', listener),
    write(bytes) {
      if (closed) return;
      try {
        writeSync(master, bytes);
      } catch (error) {
        // Nobody reads and the terminal's buffer is full: as on a wire without a listener, the bytes are gone.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
    },
    close() {
      if (closed) return;
      closed = true;
      closeSync(slave);
      stream.destroy();
    },
  };
}
