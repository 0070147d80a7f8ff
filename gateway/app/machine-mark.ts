/**
 * What stands for this machine in the journal: a hash of the board's serial number (device tree, as on a Raspberry
 * Pi; it outlives a new card), else of /etc/machine-id (systemd machine-id(5): unique per installation, confidential,
 * so only a keyed hash of it is kept). Undefined where neither is: then copies are not noticed at start, only by the
 * cloud.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const SOURCES = ['/proc/device-tree/serial-number', '/etc/machine-id'];
const MARK_DIGITS = 32;

export function machineMark(
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): string | undefined {
  for (const path of SOURCES) {
    const id = readIfThere(path, read);
    if (id === undefined) continue;
    return createHmac('sha256', 'tallyport journal host')
      .update(`${path}=${id}`)
      .digest('hex')
      .slice(0, MARK_DIGITS);
  }
  return undefined;
}

/** Undefined also for an id that is empty or all zeros, as boards without a serial number report it. */
function readIfThere(path: string, read: (path: string) => string): string | undefined {
  let text: string;
  try {
    text = read(path);
  } catch {
    // Not there, or hidden from a container: this source knows nothing.
    return undefined;
  }
  const id = text.replaceAll('\0', '').trim();
  // systemd writes "uninitialized" into images that have not booted yet.
  return /^0*$/.test(id) || id === 'uninitialized' ? undefined : id;
}
