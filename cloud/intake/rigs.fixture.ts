/**
 * For tests: every intake adapter on the engine it is for, ready to be abused. A new adapter is one entry in
 * ADAPTERS; the conformance suite then runs on it. An engine whose binary is missing leaves its adapter out.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { connect as mqttConnect } from 'mqtt';
import { type Ack, ackSchema } from '../../protocol/link/ack.ts';
import { ackTopic, stateTopic, upTopic } from '../../protocol/link/topics.ts';
import { createClock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { openAwsIotRig } from '../../test/support/aws-iot-rig.ts';
import { mosquittoFound, natsFound, startMosquitto, startNats } from '../../test/support/engines.ts';
import { bearer, openTestApi } from '../api/api.fixture.ts';
import { EmbeddedBroker } from './embedded/embedded-broker.ts';
import type { GatewayWire } from './gateway.fixture.ts';
import { HttpsIntake } from './https/https-intake.ts';
import type { Intake, IntakeHandlers } from './intake.ts';
import { JetStreamIntake } from './jetstream/jetstream-intake.ts';
import { listen } from './listen.ts';
import { MemoryIntake } from './memory-intake.ts';
import { MqttIntake } from './mqtt/mqtt-intake.ts';

export interface IntakeRig {
  /** One more worker, started and ready to take. */
  worker(handlers: IntakeHandlers): Promise<Intake>;
  wire(gateway: string): Promise<GatewayWire>;
  /** The broker dies and comes back; undefined where the intake is its own broker, or has none. */
  readonly restartBroker?: () => Promise<void>;
  close(): Promise<void>;
}

interface Adapter {
  readonly name: string;
  readonly found: boolean;
  /** Several workers may stand beside each other. */
  readonly shares: boolean;
  /** The broker is a thing of its own that may die alone. */
  readonly brokerApart: boolean;
  open(): Promise<IntakeRig>;
}

export const ADAPTERS: readonly Adapter[] = [
  { name: 'memory', found: true, shares: true, brokerApart: false, open: memoryRig },
  { name: 'the embedded broker', found: true, shares: false, brokerApart: false, open: embeddedRig },
  { name: 'an MQTT 3.1.1 broker', found: true, shares: false, brokerApart: true, open: aedesRig },
  {
    name: 'MQTT 5 shared subscriptions',
    found: mosquittoFound,
    shares: true,
    brokerApart: true,
    open: mosquittoRig,
  },
  { name: 'NATS JetStream', found: natsFound, shares: true, brokerApart: true, open: natsRig },
  { name: 'AWS IoT Core and SQS', found: true, shares: true, brokerApart: true, open: awsRig },
  { name: 'HTTPS', found: true, shares: true, brokerApart: false, open: httpsRig },
];

export const testClock = () =>
  createClock({
    now: Date.now,
    monotonicMs: () => performance.now(),
    setTimeout,
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  });

/** Workers that a sender in this process picks in turn, as a load balancer does. */
function inTurn<T extends Intake>() {
  const workers: T[] = [];
  let turn = 0;
  return {
    add: (worker: T) => workers.push(worker),
    next(): T | undefined {
      const open = workers.filter((worker) => worker.state !== 'closed');
      return open[turn++ % Math.max(1, open.length)];
    },
  };
}

function acksTo() {
  const listeners: ((ack: Ack) => void)[] = [];
  return {
    onAck: (listener: (ack: Ack) => void) => void listeners.push(listener),
    put(ack: unknown) {
      for (const listener of listeners) listener(ackSchema.parse(ack));
    },
  };
}

async function memoryRig(): Promise<IntakeRig> {
  const workers = inTurn<MemoryIntake>();
  return {
    async worker(handlers) {
      const intake = new MemoryIntake();
      await intake.start(handlers);
      workers.add(intake);
      return intake;
    },
    async wire(gateway) {
      const { onAck, put } = acksTo();
      return {
        onAck,
        send(lane, payload) {
          const sent = workers.next()?.deliver(gateway, lane, payload);
          sent?.then((ack) => ack && put(ack)).catch(() => undefined);
        },
        say: (state) => workers.next()?.reportState(gateway, state),
        close: async () => {},
      };
    },
    close: async () => {},
  };
}

/** An MQTT gateway that connects again by itself. */
async function mqttWire(url: string, gateway: string, password?: string): Promise<GatewayWire> {
  const { onAck, put } = acksTo();
  const client = mqttConnect(url, {
    clientId: gateway,
    reconnectPeriod: 50,
    protocolVersion: 4,
    ...(password !== undefined && { username: gateway, password }),
  });
  client.on('error', () => undefined);
  client.on('message', (_topic, payload) => put(JSON.parse(payload.toString('utf8'))));
  const connected = new Promise<void>((resolve) => client.once('connect', () => resolve()));
  await connected;
  await client.subscribeAsync(ackTopic(gateway), { qos: 1 });
  const publish = (topic: string, payload: Buffer | string) => {
    // Only while connected, so that nothing is queued inside the client.
    if (client.connected) client.publish(topic, payload, { qos: 1 }, () => undefined);
  };
  return {
    onAck,
    send: (lane, payload) => publish(upTopic(gateway, lane), payload),
    say: (state) => publish(stateTopic(gateway), state),
    close: () => client.endAsync(true),
  };
}

async function embeddedRig(): Promise<IntakeRig> {
  let port = 0;
  return {
    async worker(handlers) {
      const intake = new EmbeddedBroker({
        host: '127.0.0.1',
        port,
        verify: async (gateway, token) => token === `token of ${gateway}`,
      });
      await intake.start(handlers);
      port = intake.port;
      return intake;
    },
    wire: (gateway) => mqttWire(`mqtt://127.0.0.1:${port}`, gateway, `token of ${gateway}`),
    close: async () => {},
  };
}

let clientIds = 0;

async function startMqttWorker(url: string, handlers: IntakeHandlers, shareGroup?: string): Promise<Intake> {
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const intake = new MqttIntake({
    url,
    clientId: `cloud-${process.pid}-${clientIds++}`,
    clock: testClock(),
    random: seededRandom(clientIds, 'intake'),
    onConnected: resolve,
    ...(shareGroup !== undefined && { shareGroup }),
  });
  await intake.start(handlers);
  await connected;
  return intake;
}

/** A broker that any site might have: it knows nothing of us. */
export async function startAedes(
  options: { port?: number; refuseSubscriptions?: boolean } = {},
): Promise<{ port: number; stop(): Promise<void> }> {
  const broker = await Aedes.createBroker();
  if (options.refuseSubscriptions) broker.authorizeSubscribe = (_client, _asked, done) => done(null, null);
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  const bound = await listen(server, { host: '127.0.0.1', port: options.port ?? 0 }, 'the test');
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => broker.close(resolve));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port: bound, stop };
}

async function aedesRig(): Promise<IntakeRig> {
  let broker = await startAedes();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  return {
    worker: (handlers) => startMqttWorker(url, handlers),
    wire: (gateway) => mqttWire(url, gateway),
    restartBroker: async () => {
      await broker.stop();
      broker = await startAedes({ port: broker.port });
    },
    close: () => broker.stop(),
  };
}

async function mosquittoRig(): Promise<IntakeRig> {
  const engine = await startMosquitto();
  return {
    worker: (handlers) => startMqttWorker(engine.url, handlers, 'clouds'),
    wire: (gateway) => mqttWire(engine.url, gateway),
    restartBroker: engine.restart,
    close: engine.close,
  };
}

export async function startJetStreamWorker(
  url: string,
  handlers: IntakeHandlers,
  more: { ackWaitMs?: number } = {},
): Promise<JetStreamIntake> {
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const intake = new JetStreamIntake({
    url,
    stream: 'TALLYPORT',
    durable: 'cloud',
    maxBytes: 256 * 1024 * 1024,
    replicas: 1,
    clock: testClock(),
    random: seededRandom(clientIds++, 'intake'),
    onConnected: resolve,
    ...more,
  });
  await intake.start(handlers);
  await connected;
  return intake;
}

async function natsRig(): Promise<IntakeRig> {
  const engine = await startNats({ mqttPort: 0 });
  return {
    worker: (handlers) => startJetStreamWorker(engine.url, handlers),
    wire: (gateway) => mqttWire(engine.mqttUrl ?? '', gateway),
    restartBroker: engine.restart,
    close: engine.close,
  };
}

async function awsRig(): Promise<IntakeRig> {
  const { worker, mqttUrl, restart, close } = await openAwsIotRig();
  return { worker, wire: (gateway) => mqttWire(mqttUrl, gateway), restartBroker: restart, close };
}

async function httpsRig(): Promise<IntakeRig> {
  const workers = inTurn<HttpsIntake>();
  const api = await openTestApi({
    link: {
      requestsPerMinute: 1_000_000,
      verify: async (gateway, token) => token === `token-of-${gateway}`,
      deliver: async (gateway, lane, payload) =>
        (await workers.next()?.deliver(gateway, lane, payload)) ?? {
          kind: 'not-taken',
          reason: 'none is up',
        },
      reportState: (gateway, state) => workers.next()?.reportState(gateway, state),
    },
  });
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  return {
    async worker(handlers) {
      const intake = new HttpsIntake({ clock: testClock() });
      await intake.start(handlers);
      workers.add(intake);
      return intake;
    },
    async wire(gateway) {
      const { onAck, put } = acksTo();
      const underWay = new Set<Promise<void>>();
      const post = (path: string, contentType: string, body: BodyInit) => {
        const sent = fetch(`${url}/link/v1/${gateway}/${path}`, {
          method: 'POST',
          headers: { 'content-type': contentType, ...bearer(`token-of-${gateway}`) },
          body,
        })
          .then(async (answer) => {
            const text = await answer.text();
            if (answer.status === 200) put(JSON.parse(text));
          })
          .catch(() => undefined)
          .finally(() => underWay.delete(sent));
        underWay.add(sent);
      };
      return {
        onAck,
        send: (lane, payload) => post(lane, 'application/octet-stream', new Uint8Array(payload)),
        say: (state) => post('state', 'text/plain', state),
        close: async () => {
          await Promise.all(underWay);
        },
      };
    },
    close: api.close,
  };
}
