/** The hard quotas of connections, on a clock that stands still until it is moved: no test waits for real time. */
import { PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { connect, connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fixture, openFixture } from '../stand-in.fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.close());

/** Sends without waiting; resolves with how many were PUBACKed once `expected` were and nothing more is to come. */
async function flood(client: MqttClient, topic: string, count: number, bytes = 1): Promise<() => number> {
  let acked = 0;
  for (let i = 0; i < count; i++) {
    client.publish(topic, Buffer.alloc(bytes), { qos: 1 }, (error) => {
      if (!error) acked += 1;
    });
  }
  await expect.poll(() => fixture.aws.counters.mqttPublishesIn).toBeGreaterThanOrEqual(count);
  return () => acked;
}

function closing(client: MqttClient): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}

describe('publishes', () => {
  it('above a hundred in a second are discarded without PUBACK, and the connection stays', async () => {
    const { aws, clock } = fixture;
    const client = await fixture.client('talker');
    const acked = await flood(client, 'a/b', 150);
    await expect.poll(acked).toBe(100);
    expect(aws.counters.publishesDiscardedIn).toBe(50);
    await clock.runFor(1000);
    await client.publishAsync('a/b', 'x', { qos: 0 });
    await expect.poll(() => aws.counters.mqttPublishesIn).toBe(151);
    expect(aws.counters.publishesDiscardedIn).toBe(50);
    expect(client.connected).toBe(true);
  });

  it('count in and out together', async () => {
    const { aws, iot } = fixture;
    const client = await fixture.client('listener');
    let heard = 0;
    client.on('message', () => heard++);
    await client.subscribeAsync('a/b', { qos: 1 });
    const acked = await flood(client, 'c', 60);
    await expect.poll(acked).toBe(60);
    for (let i = 0; i < 60; i++) {
      await iot.send(new PublishCommand({ topic: 'a/b', qos: 1, payload: Buffer.from('x') }));
    }
    await expect.poll(() => heard).toBe(40);
    expect(aws.counters.publishesDiscardedOut).toBe(20);
  });

  it('above 512 KiB in a second wait, and arrive', async () => {
    const { aws, clock } = fixture;
    const client = await fixture.client('talker');
    const acked = await flood(client, 'a/b', 8, 128 * 1024);
    await expect.poll(acked).toBe(4);
    expect(aws.counters.publishesDelayedIn).toBe(4);
    await clock.runFor(500);
    await expect.poll(acked).toBe(6);
    await clock.runFor(500);
    await expect.poll(acked).toBe(8);
    expect(aws.counters.publishesDiscardedIn).toBe(0);
  });

  it('beyond those that may be unacknowledged are not accepted', async () => {
    const quotas = { publishesPerSecond: 1000, bytesPerSecond: 100, unackedInbound: 5 };
    const own = await openFixture({ quotas });
    const client = await own.client('talker');
    let acked = 0;
    const { stream } = client;
    // In one write: what is held keeps the broker from reading on.
    stream.cork();
    for (let i = 0; i < 8; i++) {
      client.publish('a', Buffer.alloc(100), { qos: 1 }, (error) => {
        if (!error) acked += 1;
      });
    }
    stream.uncork();
    await expect.poll(() => own.aws.counters.unackedInboundRefused).toBe(2);
    await own.clock.runFor(5000);
    await expect.poll(() => acked).toBe(6);
    await own.close();
  });

  it.each<[string, string, number, 0 | 1 | 2, string]>([
    ['of more than 128 KB', 'a', 128 * 1024 + 1, 1, 'payloadsTooLarge'],
    ['of far more than 128 KB', 'a', 1024 * 1024, 1, 'payloadsTooLarge'],
    ['at QoS 2', 'a', 1, 2, 'qos2Refused'],
    ['with eight slashes', '1/2/3/4/5/6/7/8/9', 1, 1, 'topicsTooDeep'],
  ])('%s end the connection', async (_name, topic, bytes, qos, counter) => {
    const client = await fixture.client('talker');
    const closed = closing(client);
    client.publish(topic, Buffer.alloc(bytes), { qos });
    await closed;
    expect(fixture.aws.counters).toMatchObject({ [counter]: 1 });
  });

  it('through Basic Ingest may have seven slashes after the prefix', async () => {
    const client = await fixture.client('talker');
    await client.publishAsync('$aws/rules/none/1/2/3/4/5/6/7/8', 'x', { qos: 1 });
    expect(fixture.aws.counters.basicIngestWithoutRule).toBe(1);
  });

  it('retained ones are taken once a second for each topic', async () => {
    const { aws } = fixture;
    const client = await fixture.client('talker');
    await client.publishAsync('kept', '1', { qos: 1, retain: true });
    client.publish('kept', '2', { qos: 1, retain: true });
    await expect.poll(() => aws.counters.retainedThrottled).toBe(1);
    const listener = await fixture.client('listener');
    const heard = new Promise<string>((resolve) =>
      listener.on('message', (_topic, payload, { retain }) => resolve(`${payload} ${retain}`)),
    );
    await listener.subscribeAsync('kept', { qos: 1 });
    expect(await heard).toBe('1 true');
  });
});

describe('connections', () => {
  const again = (options: object = {}) =>
    connectAsync(fixture.aws.mqttUrl, {
      clientId: 'hasty',
      protocolVersion: 4,
      reconnectPeriod: 0,
      ...options,
    }).then(
      async (client) => {
        await client.endAsync(true);
        return 'connected';
      },
      (error: Error) => error.message,
    );

  it('of one client id are let in once a second', async () => {
    expect(await again()).toBe('connected');
    expect(await again()).toMatch(/Server unavailable/);
    expect(await again({ clientId: 'other' })).toBe('connected');
    expect(fixture.aws.counters.connectsRefusedByRate).toBe(1);
    await fixture.clock.runFor(1000);
    expect(await again()).toBe('connected');
  });

  it('with MQTT 5 are refused as another version, so that a client tries 3.1.1', async () => {
    expect(await again({ protocolVersion: 5 })).toMatch(/version/i);
    expect(fixture.aws.counters.mqtt5Refused).toBe(1);
  });

  it('that another takes over are ended, and only the new one is known', async () => {
    const first = await fixture.client('twin');
    const closed = closing(first);
    await fixture.clock.runFor(1000);
    const second = await fixture.client('twin');
    await closed;
    await second.subscribeAsync('a', { qos: 1 });
    const heard = new Promise<string>((resolve) =>
      second.once('message', (_topic, payload) => resolve(String(payload))),
    );
    await fixture.iot.send(new PublishCommand({ topic: 'a', payload: Buffer.from('you') }));
    expect(await heard).toBe('you');
  });

  it('silent for one and a half keep-alives are ended; none may be longer than 1200 s', async () => {
    const { clock, aws } = fixture;
    const client = await fixture.client('silent', { keepalive: 0 });
    const closed = closing(client);
    await clock.runFor(1_799_000);
    expect(aws.counters.keepAliveTimeouts).toBe(0);
    await clock.runFor(1000);
    await closed;
    expect(aws.counters.keepAliveTimeouts).toBe(1);
  });

  it('hold at most fifty subscriptions', async () => {
    const client = await fixture.client('curious');
    for (let i = 0; i < 50; i++) await client.subscribeAsync(`a/${i}`, { qos: 1 });
    const refused = (filter: string) =>
      client.subscribeAsync(filter, { qos: 1 }).then(
        () => false,
        () => true,
      );
    expect(await refused('a/50')).toBe(true);
    expect(await refused('a/49')).toBe(false);
    await client.unsubscribeAsync('a/0');
    expect(await refused('a/51')).toBe(false);
    expect(await refused('$aws/rules/up/a')).toBe(true);
  });

  it('may only be what their certificate says', async () => {
    const { aws } = fixture;
    const identity = await aws.issueDevice('dock-1');
    const tls = { ca: aws.ca, ...identity, reconnectPeriod: 0, protocolVersion: 4 } as const;
    const open = (clientId: string) => connectAsync(aws.mqttsUrl, { ...tls, clientId });
    await expect(open('dock-2')).rejects.toThrow(/Not authorized/);
    const client = await open('dock-1');
    const closed = closing(client);
    client.publish('tallyport/v1/dock-2/up/stock', 'x', { qos: 1 });
    await closed;
    expect(aws.counters).toMatchObject({ connectsRefusedByIdentity: 1, policyRefusals: 1 });
  });
});

describe('the ports', () => {
  it('as 443 speaks MQTT to who asks for it by ALPN, and not to others', async () => {
    const { aws } = fixture;
    const identity = await aws.issueDevice('dock-1');
    const url = aws.httpsUrl.replace('https:', 'mqtts:');
    const tls = {
      ca: aws.ca,
      ...identity,
      reconnectPeriod: 0,
      protocolVersion: 4,
      clientId: 'dock-1',
    } as const;
    const client = await connectAsync(url, { ...tls, ALPNProtocols: ['x-amzn-mqtt-ca'] });
    expect(client.connected).toBe(true);
    await client.endAsync(true);
    await fixture.clock.runFor(1000);
    await expect(connectAsync(url, { ...tls, connectTimeout: 5000 })).rejects.toThrow();
  });

  it('over TLS let nobody in without a certificate', async () => {
    const { aws } = fixture;
    const nobody = connect(aws.mqttsUrl, { ca: aws.ca, reconnectPeriod: 0, clientId: 'dock-1' });
    nobody.on('error', () => {});
    await closing(nobody);
    expect(aws.counters.connectsRefusedByIdentity).toBe(1);
  });
});
