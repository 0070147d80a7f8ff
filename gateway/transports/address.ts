/**
 * Transport addresses as people write them in gateway.yaml:
 *
 *     serial:/dev/serial/by-id/usb-FTDI…?baud=9600&data=8&parity=none&stop=1&lock=on&dtr=on&rts=on
 *     tcp://10.0.0.5:5084
 *     mqtt:           the gateway's own broker
 *     mqtt:hall       the site's broker of that name
 *
 * What cannot be meant is refused here, at boot, in words that say what was expected.
 */

type TransportAddress = SerialAddress | TcpAddress;

export interface SerialAddress {
  readonly kind: 'serial';
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 1.5 | 2;
  /** Refuse to share the port with another program. */
  readonly lock: boolean;
  /** Modem lines to set after opening, where the adapter has them. */
  readonly dtr?: boolean;
  readonly rts?: boolean;
}

export interface TcpAddress {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}

export class TransportAddressError extends Error {
  override readonly name = 'TransportAddressError';
}

const SERIAL_OPTIONS = ['baud', 'data', 'parity', 'stop', 'lock', 'dtr', 'rts'];
const EXPECTED = 'expected serial:<path>?baud=9600 or tcp://<host>:<port>';

/** Throws TransportAddressError. */
export function parseTransportAddress(text: string): TransportAddress {
  if (text.startsWith('serial:')) return parseSerial(text);
  if (text.startsWith('tcp:')) return parseTcp(text);
  throw new TransportAddressError(`"${text}": ${EXPECTED}`);
}

/** Where a device's topics live: the name of a site's broker, undefined for the gateway's own. Throws TransportAddressError. */
export function parseBrokerAddress(text: string): string | undefined {
  const [, name] = /^mqtt:([a-z0-9][a-z0-9-]*)?$/.exec(text) ?? [null, null];
  if (name === null) {
    throw new TransportAddressError(
      `expected none or mqtt: for the gateway's own broker, mqtt:<name> for one of the site`,
    );
  }
  return name;
}

/** The short form for people: `serial:/dev/ttyUSB0 9600 8N1`, `tcp://10.0.0.5:5084`. */
export function describeTransportAddress(address: TransportAddress): string {
  switch (address.kind) {
    case 'tcp': {
      const host = address.host.includes(':') ? `[${address.host}]` : address.host;
      return `tcp://${host}:${address.port}`;
    }
    case 'serial': {
      const parity = address.parity.charAt(0).toUpperCase();
      return `serial:${address.path} ${address.baudRate} ${address.dataBits}${parity}${address.stopBits}`;
    }
  }
}

function parseSerial(text: string): SerialAddress {
  const body = text.slice('serial:'.length);
  const mark = body.indexOf('?');
  const path = mark < 0 ? body : body.slice(0, mark);
  if (path === '') throw new TransportAddressError(`"${text}": no port named; ${EXPECTED}`);
  const options = parseOptions(text, mark < 0 ? '' : body.slice(mark + 1));
  const dtr = options.get('dtr');
  const rts = options.get('rts');
  return {
    kind: 'serial',
    path,
    baudRate: integer(text, 'baud', options.get('baud') ?? '9600', 50, 4_000_000),
    dataBits: oneOf(text, 'data', options.get('data') ?? '8', { '5': 5, '6': 6, '7': 7, '8': 8 }),
    parity: oneOf(text, 'parity', options.get('parity') ?? 'none', PARITIES),
    stopBits: oneOf(text, 'stop', options.get('stop') ?? '1', { '1': 1, '1.5': 1.5, '2': 2 }),
    lock: oneOf(text, 'lock', options.get('lock') ?? 'on', SWITCH),
    ...(dtr === undefined ? {} : { dtr: oneOf(text, 'dtr', dtr, SWITCH) }),
    ...(rts === undefined ? {} : { rts: oneOf(text, 'rts', rts, SWITCH) }),
  };
}

const PARITIES = { none: 'none', even: 'even', odd: 'odd' } as const;
const SWITCH = { on: true, off: false } as const;

function parseTcp(text: string): TcpAddress {
  const match = /^tcp:\/\/(?:\[([^\]]+)\]|([^:/?#[\]@\s]+)):(\d+)\/?$/.exec(text);
  const [, bracketed, plain, portText] = match ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || portText === undefined) {
    throw new TransportAddressError(`"${text}": expected tcp://<host>:<port>, e.g. tcp://10.0.0.5:5084`);
  }
  return { kind: 'tcp', host, port: integer(text, 'port', portText, 1, 65_535) };
}

function parseOptions(text: string, query: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!SERIAL_OPTIONS.includes(name)) {
      throw new TransportAddressError(`"${text}": no option "${name}"; known: ${SERIAL_OPTIONS.join(', ')}`);
    }
    if (options.has(name)) throw new TransportAddressError(`"${text}": option "${name}" is given twice`);
    options.set(name, value);
  }
  return options;
}

function oneOf<T>(text: string, name: string, value: string, choices: Readonly<Record<string, T>>): T {
  const choice = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (choice !== undefined) return choice;
  const known = Object.keys(choices).join(', ');
  throw new TransportAddressError(`"${text}": ${name}=${value} is not one of ${known}`);
}

function integer(text: string, name: string, value: string, low: number, high: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= low && number <= high) return number;
  throw new TransportAddressError(`"${text}": ${name} ${value} is not a whole number from ${low} to ${high}`);
}
