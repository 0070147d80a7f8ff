import { createServer } from 'node:net';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import { ackTopic, stateTopic, UP_FILTER, upTopic } from '../../../protocol/link/topics.ts';
import { MAX_QUEUED_DELIVERIES } from '../delivery-queue.ts';
import type { Delivery, IntakeHandlers } from '../intake.ts';
import { listen } from '../listen.ts';
import { EmbeddedBroker } from './embedded-broker.ts';

let broker: EmbeddedBroker;
let clients: MqttClient[];
let delivered: Delivery[];
let handler: IntakeHandlers['onDelivery'];
let databaseDown: boolean;

beforeEach(async () => {
  clients = [];
  delivered = [];
  databaseDown = false;
  handler = async (delivery) => {
    delivered.push(delivery);
    return { v: 1, gateway: delivery.gateway, epoch: 'epoch-01', lane: delivery.lane, upTo: 1 };
  };
  broker = new EmbeddedBroker({
    host: '127.0.0.1',
    port: 0,
    verify: async (gateway, token) => {
      if (databaseDown) throw new Error('no database');
      return token === `token of ${gateway}`;
    },
  });
  await broker.start({ onDelivery: (delivery) => handler(delivery), onGatewayState: () => {} });
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.endAsync(true)));
  await broker.close();
});

async function open(gateway: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
    clientId: `client of ${gateway}`,
    username: gateway,
    password: `token of ${gateway}`,
    reconnectPeriod: 0,
    protocolVersion: 4,
    ...options,
  });
  clients.push(client);
  return client;
}

describe('signing in at the embedded broker', () => {
  const refused: [title: string, gateway: string, options: IClientOptions][] = [
    ['a wrong token', 'dock', { password: 'guess' }],
    ['the token of another gateway', 'dock', { password: 'token of yard' }],
    ['an id that is none', 'Dock/#', { password: 'token of Dock/#' }],
  ];
  it.each(refused)('refuses %s and counts it', async (_title, gateway, options) => {
    await expect(open(gateway, options)).rejects.toThrow(/Bad username or password/);
    expect(broker.counters.refusedConnections).toBe(1);
  });

  it('refuses a client without credentials', async () => {
    const anonymous = connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      reconnectPeriod: 0,
      protocolVersion: 4,
    });
    await expect(anonymous).rejects.toThrow();
    expect(broker.counters.refusedConnections).toBe(1);
  });

  it('asks to come back later while credentials cannot be checked', async () => {
    databaseDown = true;
    await expect(open('dock')).rejects.toThrow(/Server unavailable/);
  });

  it('gives the place of a gateway to its newest connection', async () => {
    const first = await open('dock');
    const gone = new Promise<void>((resolve) => first.once('close', () => resolve()));
    await open('dock', { clientId: 'another client id' });
    await gone;
    expect(broker.state).toContain('1 gateway connected');
  });

  it('does not let a gateway push another off by borrowing its client id', async () => {
    const dock = await open('dock', { clientId: 'dock' });
    await open('yard', { clientId: 'dock' });
    await dock.publishAsync(upTopic('dock', 'stock'), 'still here', { qos: 1 });
    expect(delivered.map((delivery) => delivery.gateway)).toEqual(['dock']);
  });

  it('ends the connection of a gateway that is dropped', async () => {
    const dock = await open('dock');
    const gone = new Promise<void>((resolve) => dock.once('close', () => resolve()));
    broker.drop('dock');
    await gone;
    expect(broker.state).toContain('0 gateways connected');
  });
});

describe('a gateway at the embedded broker', () => {
  const foreign = [
    upTopic('yard', 'stock'),
    stateTopic('yard'),
    ackTopic('yard'),
    ackTopic('dock'),
    'tallyport/v1/dock/up/other',
    'tallyport/v1/dock/up/stock/extra',
    'anything/else',
    '$SYS/broker',
  ];
  it.each(foreign)('cannot publish to %s, and its next good message goes through', async (topic) => {
    const dock = await open('dock');
    await dock.publishAsync(topic, 'online', { qos: 1, retain: true });
    expect({ delivered: delivered.length, refused: broker.counters.refusedPublishes }).toEqual({
      delivered: 0,
      refused: 1,
    });
    await dock.publishAsync(upTopic('dock', 'stock'), 'good', { qos: 1 });
    expect(delivered).toHaveLength(1);
  });

  it.each([ackTopic('yard'), UP_FILTER, '#', 'tallyport/v1/+/ack', upTopic('dock', 'stock'), 'consumed'])(
    'cannot subscribe to %s',
    async (filter) => {
      const dock = await open('dock');
      await expect(dock.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
      expect(broker.counters.refusedSubscriptions).toBe(1);
    },
  );

  it('is cut off when it sends a packet above the limit, before the broker has collected it', async () => {
    const dock = await open('dock');
    const gone = new Promise<void>((resolve) => dock.once('close', () => resolve()));
    dock.publish(upTopic('dock', 'stock'), Buffer.alloc(MAX_BATCH_BYTES + 2048), { qos: 1 }, () => {});
    await gone;
    expect({ delivered: delivered.length, oversized: broker.counters.oversizedPackets }).toEqual({
      delivered: 0,
      oversized: 1,
    });
  });

  it('gets no more PUBACKs than the queue has places while the ingest stands still', async () => {
    const { promise: stuck, resolve: release } = Promise.withResolvers<void>();
    handler = async () => {
      await stuck;
      return undefined;
    };
    const dock = await open('dock');
    const { promise: full, resolve: onFull } = Promise.withResolvers<void>();
    let taken = 0;
    const all = Array.from({ length: MAX_QUEUED_DELIVERIES + 20 }, async () => {
      await dock.publishAsync(upTopic('dock', 'stock'), 'x', { qos: 1 });
      taken += 1;
      if (taken === MAX_QUEUED_DELIVERIES) onFull();
    });
    await full;
    expect(taken).toBe(MAX_QUEUED_DELIVERIES);
    expect(broker.counters.held).toBeGreaterThan(0);
    release();
    await Promise.all(all);
    expect(taken).toBe(MAX_QUEUED_DELIVERIES + 20);
  });
});

it('says which address is in use and which setting to change', async () => {
  const squatter = createServer();
  const port = await listen(squatter, { host: '127.0.0.1', port: 0 }, 'the test');
  const second = new EmbeddedBroker({ host: '127.0.0.1', port, verify: async () => true });
  const started = second.start({ onDelivery: async () => undefined, onGatewayState: () => {} });
  await expect(started).rejects.toThrow(`127.0.0.1:${port} is in use`);
  await expect(started).rejects.toThrow('intake.embedded.port');
  await new Promise((resolve) => squatter.close(resolve));
});
