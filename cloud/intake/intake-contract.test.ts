import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Lane } from '../../protocol/events/lanes.ts';
import { type Ack, ackSchema } from '../../protocol/link/ack.ts';
import { ackTopic, stateTopic, upTopic } from '../../protocol/link/topics.ts';
import { createClock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { EmbeddedBroker } from './embedded-broker.ts';
import type { Delivery, Intake } from './intake.ts';
import { listen } from './listen.ts';
import { MemoryIntake } from './memory-intake.ts';
import { MqttIntake } from './mqtt-intake.ts';

/** A gateway's end of an intake. */
interface Sender {
  send(lane: Lane, payload: Uint8Array): Promise<void>;
  say(state: 'online' | 'offline'): Promise<void>;
  nextAck(): Promise<Ack>;
  close(): Promise<void>;
}

interface Rig {
  readonly intake: Intake;
  /** After `intake.start`. */
  ready(): Promise<void>;
  gateway(id: string): Promise<Sender>;
  close(): Promise<void>;
}

/** Values in the order they came, each waited for. */
function mailbox<T>() {
  const values: T[] = [];
  const waiting: ((value: T) => void)[] = [];
  return {
    put(value: T) {
      const taker = waiting.shift();
      if (taker) taker(value);
      else values.push(value);
    },
    take(): Promise<T> {
      const value = values.shift();
      return value === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(value);
    },
  };
}

/** One part of a topic of its own per run, so that a shared broker carries nothing over. */
const run = `run${process.pid}`;
const gatewayId = (name: string) => `${name}-${run}`;

async function mqttSender(url: string, gateway: string, password?: string): Promise<Sender> {
  const acks = mailbox<Ack>();
  const client: MqttClient = await connectAsync(url, {
    clientId: gateway,
    reconnectPeriod: 0,
    protocolVersion: 4,
    ...(password !== undefined && { username: gateway, password }),
  });
  client.on('message', (_topic, payload) => acks.put(ackSchema.parse(JSON.parse(payload.toString('utf8')))));
  await client.subscribeAsync(ackTopic(gateway), { qos: 1 });
  return {
    send: async (lane, payload) => {
      await client.publishAsync(upTopic(gateway, lane), Buffer.from(payload), { qos: 1 });
    },
    say: async (state) => {
      await client.publishAsync(stateTopic(gateway), state, { qos: 1 });
    },
    nextAck: () => acks.take(),
    close: () => client.endAsync(),
  };
}

async function memoryRig(): Promise<Rig> {
  const intake = new MemoryIntake();
  return {
    intake,
    ready: async () => {},
    gateway: async (id) => {
      const acks = mailbox<Ack>();
      return {
        send: async (lane, payload) => {
          const ack = await intake.deliver(id, lane, payload).catch(() => undefined);
          if (ack) acks.put(ack);
        },
        say: async (state) => intake.reportState(id, state),
        nextAck: () => acks.take(),
        close: async () => {},
      };
    },
    close: () => intake.close(),
  };
}

async function embeddedRig(): Promise<Rig> {
  const intake = new EmbeddedBroker({
    host: '127.0.0.1',
    port: 0,
    verify: async (gateway, token) => token === `token of ${gateway}`,
  });
  return {
    intake,
    ready: async () => {},
    gateway: (id) => mqttSender(`mqtt://127.0.0.1:${intake.port}`, id, `token of ${id}`),
    close: () => intake.close(),
  };
}

function mqttRig(url: string, closeBroker: () => Promise<void>): Rig {
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const intake = new MqttIntake({
    url,
    clientId: `cloud-${run}`,
    clock: createClock({
      now: Date.now,
      monotonicMs: () => performance.now(),
      setTimeout,
      clearTimeout: () => {},
    }),
    random: seededRandom(1, 'intake'),
    onConnected: resolve,
  });
  return {
    intake,
    ready: () => connected,
    gateway: (id) => mqttSender(url, id),
    close: async () => {
      await intake.close();
      await closeBroker();
    },
  };
}

async function foreignBrokerRig(): Promise<Rig> {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 }, 'the test');
  return mqttRig(`mqtt://127.0.0.1:${port}`, async () => {
    await new Promise<void>((resolve) => broker.close(resolve));
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
}

const rigs: [name: string, open: () => Promise<Rig>][] = [
  ['in memory', memoryRig],
  ['the embedded broker', embeddedRig],
  ['an MQTT 3.1.1 broker by URL', foreignBrokerRig],
];
const brokerUrl = process.env.TALLYPORT_BROKER_URL;
if (brokerUrl)
  rigs.push([`the broker at TALLYPORT_BROKER_URL`, async () => mqttRig(brokerUrl, async () => {})]);

describe.each(rigs)('an intake over %s', (_name, open) => {
  let rig: Rig;
  let deliveries: ReturnType<typeof mailbox<Delivery>>;
  let states: ReturnType<typeof mailbox<string>>;

  beforeEach(async () => {
    rig = await open();
    deliveries = mailbox();
    states = mailbox();
    await rig.intake.start({
      onDelivery: async (delivery) => {
        const first = delivery.payload[0] ?? 0;
        if (first === 0xee) throw new Error('the database is away');
        deliveries.put(delivery);
        if (first === 0xdd) return undefined;
        return { v: 1, gateway: delivery.gateway, epoch: 'epoch-01', lane: delivery.lane, upTo: first };
      },
      onGatewayState: (gateway, state) => states.put(`${gateway} ${state}`),
    });
    await rig.ready();
  });
  afterEach(() => rig.close());

  it('hands over each payload byte for byte under the gateway and lane it came from, and brings its ack back', async () => {
    const dock = await rig.gateway(gatewayId('dock'));
    const payload = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7 + 1) % 256);
    await dock.send('condition', payload);
    const delivery = await deliveries.take();
    expect({ ...delivery, payload: [...delivery.payload] }).toEqual({
      gateway: gatewayId('dock'),
      lane: 'condition',
      payload: [...payload],
    });
    expect(await dock.nextAck()).toEqual({
      v: 1,
      gateway: gatewayId('dock'),
      epoch: 'epoch-01',
      lane: 'condition',
      upTo: 1,
    });
    await dock.close();
  });

  it('brings an ack only to the gateway that sent', async () => {
    const dock = await rig.gateway(gatewayId('dock'));
    const yard = await rig.gateway(gatewayId('yard'));
    await dock.send('stock', Uint8Array.of(11));
    expect((await dock.nextAck()).upTo).toBe(11);
    await yard.send('stock', Uint8Array.of(22));
    expect((await yard.nextAck()).upTo).toBe(22);
    await dock.close();
    await yard.close();
  });

  it('sends no ack for what was not taken or was refused, and goes on with the next', async () => {
    const dock = await rig.gateway(gatewayId('dock'));
    await dock.send('stock', Uint8Array.of(0xee));
    await dock.send('stock', Uint8Array.of(0xdd));
    await dock.send('stock', Uint8Array.of(3));
    expect((await dock.nextAck()).upTo).toBe(3);
    await dock.close();
  });

  it('reports a gateway that comes and goes', async () => {
    const dock = await rig.gateway(gatewayId('dock'));
    await dock.say('online');
    expect(await states.take()).toBe(`${gatewayId('dock')} online`);
    await dock.say('offline');
    expect(await states.take()).toBe(`${gatewayId('dock')} offline`);
    await dock.close();
  });

  it('says that it is closed once it is', async () => {
    await rig.intake.close();
    expect(rig.intake.state).toBe('closed');
  });
});
