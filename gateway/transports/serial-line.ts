/**
 * Lines over a serial port, through serialport. The path is resolved anew at each opening, so that a stable link
 * (/dev/serial/by-id/…) follows a replugged adapter. Ports are never listed: that needs udev and may fail. Modem
 * lines that an adapter or a pty does not have are reported as a notice, not as a failure.
 *
 * serialport takes the end of file of a port that vanished between two of its reads for "nothing yet" and reads on
 * without pause or end (measured with 13.0.0). So an open port is also looked after in the file system.
 */
import { stat } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { describeTransportAddress, type SerialAddress } from './address.ts';
import type { Line, LineHandlers, LineOpener } from './line.ts';
import { CLOSED_BY_US, createLineEnd, MAX_UNSENT_BYTES } from './line-end.ts';

interface SerialLineOptions {
  /** Things worth knowing that do not stop the line. */
  readonly onNotice?: (notice: string) => void;
  /** How often an open port is looked for in the file system. */
  readonly presenceCheckMs?: number;
}

const VANISHED = 'the port vanished (unplugged?)';

export function createSerialLine(address: SerialAddress, options: SerialLineOptions = {}): LineOpener {
  const name = describeTransportAddress(address);
  return { address: name, open: (handlers) => openSerial(address, name, options, handlers) };
}

function openSerial(
  address: SerialAddress,
  name: string,
  options: SerialLineOptions,
  handlers: LineHandlers,
): Promise<Line> {
  const { path, baudRate, dataBits, parity, stopBits, lock } = address;
  return new Promise((resolve, reject) => {
    const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, lock, autoOpen: false });
    port.open((error) => {
      if (error !== null) {
        reject(new Error(`${name}: ${reasonOf(error, path)}`, { cause: error }));
        return;
      }
      setModemLines(port, address, options);
      resolve(attach(port, handlers, options.presenceCheckMs ?? 1_000));
    });
  });
}

function setModemLines(port: SerialPort, address: SerialAddress, options: SerialLineOptions): void {
  const { dtr, rts } = address;
  if (dtr === undefined && rts === undefined) return;
  const wanted = { ...(dtr === undefined ? {} : { dtr }), ...(rts === undefined ? {} : { rts }) };
  port.set(wanted, (error) => {
    if (error !== null) options.onNotice?.(`modem lines cannot be set on ${address.path}: ${error.message}`);
  });
}

function attach(port: SerialPort, handlers: LineHandlers, presenceCheckMs: number): Line {
  const end = createLineEnd(handlers);
  let problem: string | undefined;
  port.on('data', (chunk: Uint8Array) => {
    if (!end.ended) handlers.onBytes(chunk);
  });
  port.on('error', (error: Error) => {
    problem = error.message;
    // Some adapters report a failed write without ever closing.
    if (port.isOpen) port.close();
  });
  port.on('close', (error: (Error & { disconnected?: boolean }) | null) => {
    clearInterval(presence);
    end.report(problem ?? (error?.disconnected === true ? VANISHED : 'the port closed'));
  });
  const hangUp = (reason: string) => {
    clearInterval(presence);
    end.report(reason);
    if (port.isOpen) port.close();
  };
  const presence = setInterval(() => {
    if (port.path.startsWith('/')) stat(port.path).catch(() => hangUp(VANISHED));
  }, presenceCheckMs);
  return {
    write(bytes) {
      if (end.ended) return;
      if (port.writableLength + bytes.length > MAX_UNSENT_BYTES) {
        hangUp(`the device does not take what is sent to it (${port.writableLength} bytes wait)`);
        return;
      }
      port.write(bytes);
    },
    close: () => hangUp(CLOSED_BY_US),
  };
}

function reasonOf(error: Error, path: string): string {
  const text = error.message;
  if (/no such file|cannot find|not found/i.test(text)) {
    return 'port not found; is the adapter plugged in? Stable names stand in /dev/serial/by-id';
  }
  if (/permission denied|access denied/i.test(text)) {
    return `permission denied; add the gateway's user to the dialout group: sudo usermod -aG dialout <user>`;
  }
  if (/cannot lock port|temporarily unavailable|busy/i.test(text)) {
    return `locked by another program; find it with: fuser ${path}`;
  }
  if (/inappropriate ioctl|not a typewriter|not a tty/i.test(text)) return 'not a serial port';
  return text;
}
