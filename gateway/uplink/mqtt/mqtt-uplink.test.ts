import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesPublishPacket } from 'aedes';
import { afterEach, expect, test } from 'vitest';
import type { Ack } from '../../../protocol/link/ack.ts';
import { ackTopic, stateTopic, upTopic } from '../../../protocol/link/topics.ts';
import { type Clock, createClock } from '../../../protocol/ports/clock.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { createMqttUplink, type MqttUplink, type MqttUplinkOptions } from './mqtt-uplink.ts';

const ACK: Ack = { v: 1, gateway: 'dc-1', epoch: 'epoch-0001', lane: 'stock', upTo: 7 };
const clock: Clock = createClock({
  now: Date.now,
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});

/** A real broker on a port of its own, which can go away, come back, and play dead. */
class ScriptedBroker {
  readonly #sockets = new Set<Socket>();
  #aedes: Aedes | undefined;
  #server: Server | undefined;
  port = 0;
  readonly received: { topic: string; payload: string; retain: boolean }[] = [];
  #waiting: { match: (topic: string, payload: string) => boolean; resolve: () => void }[] = [];
  refuseSubscriptions = false;

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({
      authenticate: (_client, username, password, done) =>
        done(null, username === 'dc-1' && password?.toString() === 'secret'),
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, this.refuseSubscriptions ? null : subscription),
    });
    aedes.on('publish', (packet: AedesPublishPacket) => {
      const [topic, payload] = [packet.topic, packet.payload.toString()];
      if (topic.startsWith('$SYS')) return;
      this.received.push({ topic, payload, retain: packet.retain });
      this.#waiting = this.#waiting.filter((one) => {
        if (one.match(topic, payload)) one.resolve();
        return !one.match(topic, payload);
      });
    });
    this.#aedes = aedes;
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
  }

  /** Resolves when a message with this topic (and text) has come. */
  heard(topic: string, text?: string): Promise<void> {
    const match = (heardTopic: string, payload: string) =>
      heardTopic === topic && (text === undefined || payload === text);
    if (this.received.some((message) => match(message.topic, message.payload))) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ match, resolve }));
  }

  publish(topic: string, payload: string): void {
    this.#aedes?.publish(
      { cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: false, dup: false },
      () => undefined,
    );
  }

  /** Reads nothing any more from those connected now, and answers nothing: a half-open link. */
  playDead(): void {
    for (const socket of this.#sockets) {
      socket.removeAllListeners('data');
      socket.removeAllListeners('readable');
      socket.pause();
    }
  }

  async stop(): Promise<void> {
    const server = this.#server;
    const aedes = this.#aedes;
    for (const socket of this.#sockets) socket.destroy();
    if (server?.listening === true) await new Promise<void>((resolve) => server.close(() => resolve()));
    if (aedes !== undefined && !aedes.closed)
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
  }
}

/** Turns handler calls into promises. */
class BrokerWatch {
  readonly acks: Ack[] = [];
  readonly log: string[] = [];
  #waiting: { event: string; resolve: () => void }[] = [];

  readonly handlers = {
    onConnected: () => this.#note('connected'),
    onDisconnected: (reason: string) => this.#note('disconnected', reason),
    onAck: (ack: Ack) => {
      this.acks.push(ack);
      this.#note('ack');
    },
  };

  next(event: 'connected' | 'disconnected' | 'ack'): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ event, resolve }));
  }

  #note(event: string, detail = ''): void {
    this.log.push(`${event} ${detail}`.trim());
    for (const one of this.#waiting.filter((waiting) => waiting.event === event)) one.resolve();
    this.#waiting = this.#waiting.filter((waiting) => waiting.event !== event);
  }
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startBroker(): Promise<ScriptedBroker> {
  const broker = new ScriptedBroker();
  await broker.start();
  closers.push(() => broker.stop());
  return broker;
}

function connectTo(
  port: number,
  options: Partial<MqttUplinkOptions> = {},
): { uplink: MqttUplink; watch: BrokerWatch } {
  const uplink = createMqttUplink({
    gateway: 'dc-1',
    url: `mqtt://127.0.0.1:${port}`,
    username: 'dc-1',
    password: 'secret',
    clock,
    random: seededRandom(1, 'backoff'),
    backoffMs: { first: 5, longest: 20 },
    ...options,
  });
  closers.push(() => uplink.close());
  return { uplink, watch: new BrokerWatch() };
}

test('it publishes batches, says it is online, hears acks, and says goodbye', async () => {
  const broker = await startBroker();
  const { uplink, watch } = connectTo(broker.port);
  expect(uplink.connected).toBe(false);
  await expect(uplink.publish('stock', Buffer.from('early'))).rejects.toThrow('not connected');
  const connected = watch.next('connected');
  uplink.start(watch.handlers);
  await connected;
  expect(uplink.connected).toBe(true);
  expect(uplink.state).toBe(`connected to mqtt://127.0.0.1:${broker.port}`);
  await broker.heard(stateTopic('dc-1'), 'online');
  await uplink.publish('stock', Buffer.from('batch 1'));
  await broker.heard(upTopic('dc-1', 'stock'), 'batch 1');
  const acked = watch.next('ack');
  broker.publish(ackTopic('dc-1'), JSON.stringify(ACK));
  await acked;
  expect(watch.acks).toEqual([ACK]);
  await uplink.close();
  await broker.heard(stateTopic('dc-1'), 'offline');
  expect(broker.received.filter((message) => message.topic === stateTopic('dc-1'))).toEqual([
    { topic: stateTopic('dc-1'), payload: 'online', retain: true },
    { topic: stateTopic('dc-1'), payload: 'offline', retain: true },
  ]);
});

test('an ack sent the moment the gateway reports connected is heard: it is subscribed by then', async () => {
  const broker = await startBroker();
  const { uplink, watch } = connectTo(broker.port);
  const acked = watch.next('ack');
  uplink.start({
    ...watch.handlers,
    onConnected: () => broker.publish(ackTopic('dc-1'), JSON.stringify(ACK)),
  });
  await acked;
  expect(watch.acks).toEqual([ACK]);
});

test('what is no ack is counted, and the next ack still comes through', async () => {
  const broker = await startBroker();
  const { uplink, watch } = connectTo(broker.port);
  const connected = watch.next('connected');
  uplink.start(watch.handlers);
  await connected;
  const acked = watch.next('ack');
  for (const bad of ['', 'not json', '{"v":2}', `"${'x'.repeat(5000)}"`])
    broker.publish(ackTopic('dc-1'), bad);
  broker.publish(ackTopic('dc-1'), JSON.stringify(ACK));
  await acked;
  expect(uplink.malformedAcks).toBe(4);
});

test('when the broker goes away it says so, fails what waited, and comes back by itself when the broker does', async () => {
  const broker = await startBroker();
  const { uplink, watch } = connectTo(broker.port);
  const connected = watch.next('connected');
  uplink.start(watch.handlers);
  await connected;
  const disconnected = watch.next('disconnected');
  await broker.stop();
  await disconnected;
  expect(uplink.connected).toBe(false);
  expect(uplink.state).toContain('waiting');
  await expect(uplink.publish('stock', Buffer.from('lost'))).rejects.toThrow('not connected');
  const again = watch.next('connected');
  await broker.start();
  await again;
  await uplink.publish('stock', Buffer.from('after the restart'));
  await broker.heard(upTopic('dc-1', 'stock'), 'after the restart');
  expect(broker.received.map((message) => message.payload)).not.toContain('lost');
});

test('a half-open link is found out by a publish without answer, and replaced', async () => {
  const broker = await startBroker();
  // The publish timeout passes when the test says so: a slow machine cannot make it pass early.
  const timeouts: (() => void)[] = [];
  const byHand: Clock = {
    ...clock,
    setTimer(delayMs, name, task) {
      if (name !== 'mqtt publish') return clock.setTimer(delayMs, name, task);
      timeouts.push(task);
      return { cancel: () => timeouts.splice(timeouts.indexOf(task), 1) };
    },
  };
  const { uplink, watch } = connectTo(broker.port, { clock: byHand });
  const connected = watch.next('connected');
  uplink.start(watch.handlers);
  await connected;
  await uplink.publish('stock', Buffer.from('while alive'));
  broker.playDead();
  const again = watch.next('connected');
  const lost = uplink.publish('stock', Buffer.from('into the void'));
  timeouts.at(-1)?.();
  await expect(lost).rejects.toThrow('broker silent');
  await again;
  expect(watch.log).toEqual(['connected', 'disconnected broker silent for 20000 ms', 'connected']);
  await uplink.publish('stock', Buffer.from('on the new link'));
  await broker.heard(upTopic('dc-1', 'stock'), 'on the new link');
  expect(broker.received.map((message) => message.payload)).not.toContain('into the void');
});

test('a server that accepts and never answers is given up within the connect timeout, again and again', async () => {
  let dials = 0;
  const third = Promise.withResolvers<void>();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (++dials === 3) third.resolve();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { uplink, watch } = connectTo(port, { connectTimeoutMs: 30 });
  uplink.start(watch.handlers);
  await third.promise;
  expect(watch.log).toEqual([]);
  expect(uplink.connected).toBe(false);
  await uplink.close();
});

test.each([
  {
    what: 'wrong credentials',
    options: { password: 'wrong' },
    refuse: false,
    reason: /Not authorized|Bad user/i,
  },
  { what: 'a refused subscription', options: {}, refuse: true, reason: /subscription to .*ack refused/ },
])('$what never count as connected and the state says why', async ({ options, refuse, reason }) => {
  const broker = await startBroker();
  broker.refuseSubscriptions = refuse;
  const waits: string[] = [];
  const waited = Promise.withResolvers<void>();
  const watched: Clock = {
    ...clock,
    setTimer(delayMs, name, task) {
      if (name === 'mqtt redial' && waits.push(name) === 2) waited.resolve();
      return clock.setTimer(delayMs, name, task);
    },
  };
  const { uplink, watch } = connectTo(broker.port, { ...options, clock: watched });
  uplink.start(watch.handlers);
  await waited.promise;
  expect(uplink.state).toMatch(reason);
  expect(watch.log).toEqual([]);
  broker.refuseSubscriptions = false;
});

test('the state never shows credentials that stand in the address', () => {
  const { uplink } = connectTo(1883, { url: 'mqtts://user:secret@broker.example:8883' });
  expect(uplink.state).not.toContain('secret');
});
