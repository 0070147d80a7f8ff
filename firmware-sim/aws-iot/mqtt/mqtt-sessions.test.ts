/** Sessions that outlive their connection: stored messages, their pace, their end; wills and presence. */
import { PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fixture, openFixture } from '../stand-in.fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.close());

interface PayloadListener {
  readonly client: MqttClient;
  readonly heard: string[];
}

async function listener(options: IClientOptions = { clean: false }): Promise<PayloadListener> {
  const heard: string[] = [];
  const client = await connectAsync(fixture.aws.mqttUrl, {
    clientId: 'sleeper',
    protocolVersion: 4,
    reconnectPeriod: 0,
    ...options,
  });
  // (Time stands still: nothing that was stored can arrive before somebody listens.)
  client.on('message', (_topic, payload) => heard.push(String(payload)));
  return { client, heard };
}

const say = (payload: string, qos: 0 | 1 = 1) =>
  fixture.iot.send(new PublishCommand({ topic: 'a/b', qos, payload: Buffer.from(payload) }));

/** By a client of the moment: the SDK's signatures keep to real time, which this clock leaves behind. */
async function publish(payload: string): Promise<void> {
  const client = await fixture.client(`publisher-${payload.replace(' ', '-')}`);
  await client.publishAsync('a/b', payload, { qos: 1 });
  await client.endAsync();
}

async function away(client: MqttClient): Promise<void> {
  await client.endAsync();
  await fixture.clock.runFor(1000);
}

describe('a persistent session', () => {
  it('stores QoS 1 for the absent and redelivers ten a second, in order', async () => {
    const first = await listener();
    await first.client.subscribeAsync('a/b', { qos: 1 });
    await away(first.client);
    for (let i = 0; i < 15; i++) await say(String(i));
    await say('lost', 0);
    const second = await listener();
    await fixture.clock.runFor(500);
    await expect.poll(() => second.heard.length).toBe(5);
    await fixture.clock.runFor(1000);
    await expect.poll(() => second.heard).toEqual(Array.from({ length: 15 }, (_, i) => String(i)));
    expect(fixture.aws.counters).toMatchObject({ sessionMessagesStored: 15, redeliveries: 15 });
    await second.client.endAsync();
  });

  it('keeps its subscriptions, until it was away for an hour', async () => {
    const first = await listener();
    await first.client.subscribeAsync('a/b', { qos: 1 });
    await away(first.client);
    await fixture.clock.runFor(3_598_000);
    const second = await listener();
    await publish('still there');
    await expect.poll(() => second.heard).toEqual(['still there']);
    await away(second.client);
    await publish('too late');
    await fixture.clock.runFor(3_600_000);
    expect(fixture.aws.counters.sessionsExpired).toBe(1);
    const third = await listener();
    await publish('unheard');
    await fixture.clock.runFor(1000);
    await third.client.subscribeAsync('other', { qos: 1 });
    expect(third.heard).toEqual([]);
    await third.client.endAsync();
  });

  it('gets again what it did not PUBACK', async () => {
    const first = await listener();
    await first.client.subscribeAsync('a/b', { qos: 1 });
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    first.client.handleMessage = () => resolve();
    await say('unanswered');
    await arrived;
    first.client.end(true);
    await expect.poll(() => fixture.aws.connectionOf('sleeper')?.connected).toBe(false);
    await fixture.clock.runFor(1000);
    const second = await listener();
    await fixture.clock.runFor(100);
    await expect.poll(() => second.heard).toEqual(['unanswered']);
    await second.client.endAsync();
  });

  it('ends when the client comes back clean', async () => {
    const first = await listener();
    await first.client.subscribeAsync('a/b', { qos: 1 });
    await away(first.client);
    await say('stored');
    const second = await listener({ clean: true });
    await say('unheard');
    await fixture.clock.runFor(1000);
    await second.client.subscribeAsync('other', { qos: 1 });
    expect(second.heard).toEqual([]);
    await second.client.endAsync();
  });
});

it('a client that does not PUBACK gets a hundred, and the rest as it answers', async () => {
  const own = await openFixture({ quotas: { publishesPerSecond: 1000 } });
  const client = await own.client('slow');
  await client.subscribeAsync('a/b', { qos: 1 });
  const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<void>();
  let arrived = 0;
  client.handleMessage = (_packet, done) => {
    arrived += 1;
    void mayAnswer.then(() => done());
  };
  for (let i = 0; i < 105; i++) {
    await own.iot.send(new PublishCommand({ topic: 'a/b', qos: 1, payload: Buffer.from('x') }));
  }
  expect(own.aws.counters.unackedOutboundHeld).toBe(5);
  letAnswer();
  await expect.poll(() => arrived).toBe(100);
  await own.clock.runFor(1000);
  await expect.poll(() => arrived).toBe(105);
  await own.close();
});

it('a will is published when the line breaks, and not after a farewell', async () => {
  const heard: string[] = [];
  const watcher = await fixture.client('watcher');
  watcher.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
  await watcher.subscribeAsync('last/+', { qos: 1 });
  const will = (name: string) => ({
    will: { topic: `last/${name}`, payload: Buffer.from('gone'), qos: 1 as const, retain: false },
  });
  const polite = await fixture.client('polite', will('polite'));
  await polite.endAsync();
  const broken = await fixture.client('broken', will('broken'));
  broken.stream.destroy();
  await expect.poll(() => heard).toEqual(['last/broken gone']);
});

it('presence is published with the reason', async () => {
  const heard: object[] = [];
  const watcher = await fixture.client('watcher');
  watcher.on('message', (topic, payload) => heard.push({ topic, ...JSON.parse(String(payload)) }));
  await watcher.subscribeAsync('$aws/events/presence/+/dock-1', { qos: 1 });
  const client = await fixture.device('dock-1');
  await client.endAsync();
  await expect.poll(() => heard.length).toBe(2);
  const at = fixture.clock.now();
  expect(heard).toMatchObject([
    { topic: '$aws/events/presence/connected/dock-1', clientId: 'dock-1', timestamp: at, versionNumber: 0 },
    {
      topic: '$aws/events/presence/disconnected/dock-1',
      disconnectReason: 'CLIENT_INITIATED_DISCONNECT',
      clientInitiatedDisconnect: true,
      versionNumber: 1,
    },
  ]);
});
