/** Brokers for the suites on the message port: the gateway's own, and those of a site with the gateway as a client. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesOptions } from 'aedes';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { DeviceMessage } from '../../../gateway/drivers/driver.ts';
import { openDeviceBroker } from '../../../gateway/transports/device-broker.ts';
import type { DeviceMessages } from '../../../gateway/transports/device-messages.ts';
import { createSiteBroker, type SiteBroker } from '../../../gateway/transports/site-broker/site-broker.ts';
import type { SiteBrokerOptions } from '../../../gateway/transports/site-broker/site-broker-options.ts';
import { createClock } from '../../../protocol/ports/clock.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { type Engine, mosquittoFound, startMosquitto } from '../../support/engines.ts';
import { until } from '../../support/processes.ts';

export const clock = createClock({
  now: Date.now,
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});

/** What must be closed after each test, the last first. */
export const closers: (() => unknown)[] = [];
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

let stream = 0;
export function siteBroker(url: string, more: Partial<SiteBrokerOptions> = {}): SiteBroker {
  const broker = createSiteBroker({
    name: 'hall',
    url,
    clientId: 'gw-1-hall',
    protocolVersion: 4,
    keepaliveSeconds: 60,
    sessionExpirySeconds: 600,
    qos: 1,
    clock,
    random: seededRandom(1, `broker ${stream++}`),
    pauseMs: () => 20,
    ...more,
  });
  closers.push(() => broker.close());
  return broker;
}

/** A device, or whoever else talks to the broker. */
export async function device(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(url, { reconnectPeriod: 0, ...options });
  client.on('error', () => undefined);
  closers.push(() => client.endAsync(true));
  return client;
}

/** Receives what a driver would, and acknowledges it when the test says so. */
export class Listener {
  readonly heard: DeviceMessage[] = [];
  readonly log: string[] = [];
  /** Undefined: taken at once. */
  take: ((message: DeviceMessage) => Promise<void>) | undefined;
  isOpen = false;
  end: () => void;

  constructor(port: DeviceMessages, filters: readonly string[]) {
    this.end = port.subscribe(filters, {
      onOpen: () => {
        this.isOpen = true;
        this.log.push('open');
      },
      onMessage: (message) => {
        this.heard.push(message);
        return this.take?.(message);
      },
      onClose: (reason) => {
        this.isOpen = false;
        this.log.push(`closed: ${reason}`);
      },
    });
  }

  get texts(): string[] {
    return this.heard.map(({ payload }) => Buffer.from(payload).toString());
  }

  get origins(): string[] {
    return this.heard.map(({ origin }) => origin);
  }

  opened(): Promise<void> {
    return until(`the subscription, not ${this.log.at(-1)}`, () => this.isOpen);
  }

  count(count: number): Promise<void> {
    return until(`${count} messages`, () => this.heard.length >= count);
  }
}

interface MessageRig {
  readonly name: string;
  readonly found: boolean;
  /** `listen` comes before the connection, as devices do. */
  open(): Promise<{ readonly port: DeviceMessages; readonly url: string; start(): void }>;
}

export async function startAedes(options: AedesOptions = {}): Promise<string> {
  const aedes = await Aedes.createBroker(options);
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await new Promise<void>((resolve) => aedes.close(resolve));
  });
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function mosquitto(options: Parameters<typeof startMosquitto>[0] = {}): Promise<Engine> {
  const engine = await startMosquitto(options);
  closers.push(() => engine.close());
  return engine;
}

const clientOf = (url: string, protocolVersion: 4 | 5) => {
  const port = siteBroker(url, { protocolVersion });
  return { port, url, start: () => port.start() };
};

export const RIGS: readonly MessageRig[] = [
  {
    name: 'the gateway’s own broker',
    found: true,
    async open() {
      const port = await openDeviceBroker({ host: '127.0.0.1', port: 0, clock });
      closers.push(() => port.close());
      return { port, url: port.address, start: () => undefined };
    },
  },
  { name: 'a client of an aedes', found: true, open: async () => clientOf(await startAedes(), 4) },
  {
    name: 'a client of Mosquitto, MQTT 3.1.1',
    found: mosquittoFound,
    open: async () => clientOf((await mosquitto()).url, 4),
  },
  {
    name: 'a client of Mosquitto, MQTT 5',
    found: mosquittoFound,
    open: async () => clientOf((await mosquitto()).url, 5),
  },
];
