import { createServer } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import { createClock } from '../../protocol/ports/clock.ts';
import type { DeviceMessage } from '../drivers/driver.ts';
import { type DeviceBroker, type DeviceBrokerOptions, openDeviceBroker } from './device-broker.ts';
import type { MessageHandlers } from './device-messages.ts';

const clock = createClock({
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});

const brokers: DeviceBroker[] = [];
const clients: MqttClient[] = [];

async function open(options: Partial<DeviceBrokerOptions> = {}): Promise<DeviceBroker> {
  const broker = await openDeviceBroker({ host: '127.0.0.1', port: 0, clock, ...options });
  brokers.push(broker);
  return broker;
}

function connect(broker: DeviceBroker, options: IClientOptions = {}): Promise<MqttClient> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 0, ...options });
  clients.push(client);
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed before it was connected')));
  });
}

/** A handler whose messages are taken when the test says so. */
function gatedHandler() {
  const taken: { message: DeviceMessage; take: () => void; refuse: (error: Error) => void }[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const handler = (message: DeviceMessage) =>
    new Promise<void>((resolve, reject) => {
      taken.push({ message, take: resolve, refuse: reject });
      for (const waiter of waiting) if (taken.length >= waiter.count) waiter.resolve();
    });
  const arrivals = (count: number) =>
    new Promise<void>((resolve) => {
      if (taken.length >= count) resolve();
      else waiting.push({ count, resolve });
    });
  return { handler, taken, arrivals };
}

const listening = (onMessage: MessageHandlers['onMessage']): MessageHandlers => ({
  onMessage,
  onOpen: () => {},
  onClose: () => {},
});

const textOf = (message: DeviceMessage) => Buffer.from(message.payload).toString();

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
});

describe('what a device is answered', () => {
  test('the PUBACK comes after the handler has taken the message, and in order of arrival', async () => {
    const broker = await open();
    const { handler, taken, arrivals } = gatedHandler();
    broker.subscribe(['dock/#'], listening(handler));
    const client = await connect(broker);
    const witness = await connect(broker);
    const story: string[] = [];
    const sent = ['1', '2', '3'].map((text) =>
      client.publishAsync('dock/reads', text, { qos: 1 }).then(() => story.push(`acked ${text}`)),
    );
    await arrivals(3);
    expect(taken.map(({ message }) => textOf(message))).toEqual(['1', '2', '3']);
    // The later two are taken first: none may be acknowledged before the first is.
    for (const index of [2, 1, 0]) {
      // A round trip of another client gives an early PUBACK every chance to arrive.
      await witness.subscribeAsync('round/trip');
      story.push(`took ${index + 1}`);
      taken[index]?.take();
    }
    await Promise.all(sent);
    expect(story).toEqual(['took 3', 'took 2', 'took 1', 'acked 1', 'acked 2', 'acked 3']);
  });

  test('a message that could not be taken is not acknowledged and comes again', async () => {
    const broker = await open();
    const { handler, taken, arrivals } = gatedHandler();
    broker.subscribe(['dock/#'], listening(handler));
    const client = await connect(broker, { reconnectPeriod: 10, clean: false, clientId: 'reader-1' });
    const acked = client.publishAsync('dock/reads', 'once more', { qos: 1 });
    await arrivals(1);
    taken[0]?.refuse(new Error('journal is full'));
    await arrivals(2);
    taken[1]?.take();
    await acked;
    expect(taken.map(({ message }) => textOf(message))).toEqual(['once more', 'once more']);
    expect(broker.status().counters.handlerFailures).toBe(1);
  });

  test('a QoS 2 message is handled once and completed', async () => {
    const broker = await open();
    const seen: string[] = [];
    broker.subscribe(
      ['dock/#'],
      listening((message) => void seen.push(textOf(message))),
    );
    const client = await connect(broker);
    await client.publishAsync('dock/reads', 'exactly', { qos: 2 });
    expect(seen).toEqual(['exactly']);
  });

  test('a publish that asks to be kept is a live message; a device that hangs up at once is heard all the same', async () => {
    const broker = await open();
    const { handler, taken, arrivals } = gatedHandler();
    broker.subscribe(['a/+', 'a/b'], listening(handler));
    const client = await connect(broker);
    await client.publishAsync('a/b', 'kept', { retain: true });
    client.publish('a/b', 'last words', { qos: 0 });
    await client.endAsync();
    await arrivals(2);
    expect(taken.map(({ message }) => message.origin)).toEqual(['live', 'live']);
  });
});

describe('what devices are sent', () => {
  test('goes to those who subscribed, is kept when asked, and does not come back to the drivers', async () => {
    const broker = await open();
    const heard: string[] = [];
    broker.subscribe(
      ['dock/#'],
      listening((message) => void heard.push(textOf(message))),
    );
    const device = await connect(broker);
    const received: string[] = [];
    const arrived = Promise.withResolvers<void>();
    device.on('message', (topic, payload, { qos, retain }) => {
      received.push(`${topic} ${payload} ${qos} ${retain}`);
      if (received.length === 3) arrived.resolve();
    });
    await device.subscribeAsync('dock/1/cmd', { qos: 1 });
    const message = { topic: 'dock/1/cmd', payload: Buffer.from('start'), qos: 1, retain: false } as const;
    await broker.publish(message);
    await broker.publish({ ...message, payload: Buffer.from('at once'), qos: 0 });
    await broker.publish({ ...message, topic: 'dock/1/mode', payload: Buffer.from('kept'), retain: true });
    await device.subscribeAsync('dock/1/mode', { qos: 1 });
    await arrived.promise;
    expect(received).toEqual([
      'dock/1/cmd start 1 false',
      'dock/1/cmd at once 0 false',
      'dock/1/mode kept 1 true',
    ]);
    expect(heard).toEqual([]);
  });

  test('is refused once the broker is closed', async () => {
    const broker = await open();
    await broker.close();
    const message = { topic: 'a', payload: Buffer.from('x'), qos: 0, retain: false } as const;
    await expect(broker.publish(message)).rejects.toThrow('closed');
  });
});

describe('what does not get in', () => {
  test('foreign, oversized and reserved messages are acknowledged and counted, good ones go on', async () => {
    const broker = await open({ limits: { maxPayloadBytes: 100, maxTopicBytes: 20 } });
    const seen: string[] = [];
    broker.subscribe(
      ['dock/#'],
      listening((message) => void seen.push(textOf(message))),
    );
    const client = await connect(broker);
    await client.publishAsync('elsewhere', 'x', { qos: 1 });
    await client.publishAsync('dock/reads', 'y'.repeat(101), { qos: 1 });
    await client.publishAsync(`dock/${'z'.repeat(20)}`, 'x', { qos: 1 });
    await client.publishAsync('$SYS/x', 'x', { qos: 1 });
    await client.publishAsync('dock/reads', 'good', { qos: 1 });
    expect(seen).toEqual(['good']);
    expect(broker.status().counters).toMatchObject({
      messages: 5,
      foreign: 1,
      oversizedPayloads: 1,
      badTopics: 2,
    });
  });

  test('a packet over the limit ends the connection before it is buffered', async () => {
    const broker = await open({ limits: { maxPacketBytes: 10_000 } });
    const client = await connect(broker);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.on('error', () => undefined);
    client.publish('dock/reads', Buffer.alloc(20_000));
    await closed;
    expect(broker.status().counters.oversizedPackets).toBe(1);
  });

  test('wrong or missing credentials are refused, right ones let in', async () => {
    const broker = await open({ credentials: new Map([['reader', 'secret']]) });
    await expect(connect(broker)).rejects.toThrow(/Bad username or password/i);
    await expect(connect(broker, { username: 'reader', password: 'guess' })).rejects.toThrow(/Bad username/i);
    await expect(connect(broker, { username: 'constructor', password: '' })).rejects.toThrow(/Bad username/i);
    await connect(broker, { username: 'reader', password: 'secret' });
    expect(broker.status().counters.refusedLogins).toBe(3);
  });

  test('an open address without credentials is refused', async () => {
    await expect(openDeviceBroker({ host: '0.0.0.0', port: 0, clock })).rejects.toThrow('needs credentials');
  });

  test('sessions that outlive their connection are bounded; one that is known may come back', async () => {
    const broker = await open({ limits: { maxSessions: 1 } });
    const first = await connect(broker, { clientId: 'one', clean: false });
    await expect(connect(broker, { clientId: 'two', clean: false })).rejects.toThrow(/unavailable/i);
    await first.endAsync();
    await connect(broker, { clientId: 'one', clean: false });
    await connect(broker, { clientId: 'two' });
  });

  test('shared subscriptions and too many of them are refused', async () => {
    const broker = await open({ limits: { maxSubscriptionsPerClient: 2 } });
    const client = await connect(broker);
    const granted = async (filter: string) => {
      const [grant] = await client.subscribeAsync(filter, { qos: 1 }).catch(() => [{ qos: 128 }]);
      return grant?.qos;
    };
    expect(await granted('$share/group/dock/#')).toBe(128);
    expect(await granted('cmd/one')).toBe(1);
    expect(await granted('cmd/two')).toBe(1);
    expect(await granted('cmd/three')).toBe(128);
  });

  test('nothing is queued for a subscriber that is away', async () => {
    const broker = await open();
    const options = { clientId: 'sleeper', clean: false };
    const sleeper = await connect(broker, options);
    await sleeper.subscribeAsync(['cmd/#', '$share/group/cmd/#'], { qos: 1 }).catch(() => undefined);
    await sleeper.endAsync();
    const publisher = await connect(broker);
    for (let index = 0; index < 50; index++) await publisher.publishAsync('cmd/x', `${index}`, { qos: 1 });
    const received: string[] = [];
    const back = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, { ...options, reconnectPeriod: 0 });
    clients.push(back);
    back.on('message', (_topic, payload) => received.push(payload.toString()));
    await new Promise<void>((resolve) => back.once('connect', () => resolve()));
    const live = new Promise<void>((resolve) => back.once('message', () => resolve()));
    await publisher.publishAsync('cmd/x', 'live', { qos: 1 });
    await live;
    expect(received).toEqual(['live']);
  });

  test('retained topics are bounded', async () => {
    const broker = await open({ limits: { maxRetainedTopics: 1 } });
    const client = await connect(broker);
    for (const topic of ['a', 'b', 'a']) await client.publishAsync(topic, 'x', { qos: 1, retain: true });
    expect(broker.status().counters.retainedNotKept).toBe(1);
  });
});

test('a port in use is named, with what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  await expect(openDeviceBroker({ host: '127.0.0.1', port, clock })).rejects.toThrow(
    new RegExp(`port ${port} on 127.0.0.1 is in use.*another port`),
  );
  await new Promise((resolve) => server.close(resolve));
});

test('a broker that closes answers what it has taken and takes nothing more', async () => {
  const broker = await open();
  const { handler, taken, arrivals } = gatedHandler();
  const end = broker.subscribe(['door/#'], listening(handler));
  const client = await connect(broker);
  const early = client.publishAsync('door/1', 'early', { qos: 1 });
  await arrivals(1);
  const closed = broker.close();
  // As a stopping gateway does: nobody listens any more.
  const late = client.publishAsync('door/1', 'late', { qos: 1 });
  const outcomes = Promise.allSettled([early, late]);
  end();
  taken[0]?.take();
  await closed;
  await client.endAsync(true);
  const [first, second] = await outcomes;
  expect(first.status).toBe('fulfilled');
  expect(second.status).toBe('rejected');
  expect(taken.map(({ message }) => textOf(message))).toEqual(['early']);
});

test('a client that opens ever more QoS 2 messages without releasing them is cut off', async () => {
  const broker = await open({ limits: { maxOpenQos2: 3 } });
  const client = await connect(broker);
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  // It never hears what the broker answers, and so never releases a message.
  client.stream.removeAllListeners('data').resume();
  for (let n = 0; n < 10; n++) client.publish('door/1', String(n), { qos: 2 }, () => {});
  await closed;
  expect(broker.status().counters.clientErrors).toBeGreaterThan(0);
});
