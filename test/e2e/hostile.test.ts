/**
 * Hostile and broken input on every way in, while the site runs: garbage and half frames on each line, foreign,
 * malformed and oversized messages at both brokers, gateways that nobody knows. All of it is counted and shown,
 * nothing falls over, and the next good one goes through.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceHost, hostDevice } from '../../firmware-sim/app/device-host.ts';
import { LlrpReader } from '../../firmware-sim/devices/llrp-reader/llrp-reader.ts';
import { ModbusSlaves } from '../../firmware-sim/devices/modbus-slaves/modbus-slaves.ts';
import { MtSicsScale } from '../../firmware-sim/devices/mt-sics-scale/mt-sics-scale.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { encodeBatch, MAX_BATCH_BYTES } from '../../protocol/link/batch.ts';
import { upTopic } from '../../protocol/link/topics.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { until } from '../support/processes.ts';
import { IMPINJ_DOOR, type SmallSite, startSmallSite } from '../support/small-site.ts';

const HOSTILE_GATEWAY = 'gw-hostile';
const TAGS = ['3056451fd461a84000000011', '3056451fd461a84000000012'];
const clock = systemClock();
const servers: Server[] = [];
const clients: MqttClient[] = [];
let site: SmallSite;

/** Serves a device on a TCP port whose line brings noise and a half frame before the first good word. */
async function noisyLine(host: DeviceHost, noise: Uint8Array): Promise<string> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('close', () => host.detach());
    socket.write(noise);
    host.attach({
      send: (bytes) => socket.write(bytes),
      publish: () => {},
      hangUp: () => socket.end(),
    });
    socket.on('data', (chunk) => host.receive(chunk));
    // The noise is over once a client has come back from it.
    noise = noise.subarray(0, 0);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const noise = (...parts: (string | Uint8Array)[]) =>
  Buffer.concat([randomBytes(3_000), ...parts.map((part) => Buffer.from(part))]);

const reader = new LlrpReader({ random: seededRandom(1, 'reader') });
const scale = new MtSicsScale({ random: seededRandom(1, 'scale') });
const bus = new ModbusSlaves({ random: seededRandom(1, 'bus'), units: [{ address: 1, model: 'xy-md02' }] });
const readerHost = hostDevice('reader', reader, clock);
const scaleHost = hostDevice('scale', scale, clock);
const busHost = hostDevice('bus', bus, clock);

async function connect(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

beforeAll(async () => {
  bus.setTemperatureMilliCelsius(1, 4_000);
  site = await startSmallSite(
    [
      IMPINJ_DOOR.device,
      {
        id: 'reader',
        driver: 'llrp',
        // A header that promises more than ever comes, behind the noise.
        address: await noisyLine(readerHost, noise(Uint8Array.of(0x04, 0x3d, 0, 0, 0x10, 0))),
      },
      {
        id: 'scale',
        driver: 'mt-sics',
        address: await noisyLine(scaleHost, noise('S S      1')),
        options: { silentMs: 1_000 },
      },
      {
        id: 'bus',
        driver: 'modbus-rtu',
        address: await noisyLine(busHost, noise(Uint8Array.of(1, 4, 2))),
        options: { pollMs: 500, timeoutMs: 400, units: [{ address: 1, channel: '1', profile: 'xy-md02' }] },
      },
    ],
    [
      IMPINJ_DOOR.readPoint,
      {
        ...IMPINJ_DOOR.readPoint,
        id: 'dock-1',
        antennas: [{ device: 'reader', antenna: '1', side: 'outer' }],
      },
      {
        id: 'bin-7',
        kind: 'scale',
        device: 'scale',
        channel: '1',
        settle: { samples: 3, stableMs: 300 },
        stepMilligrams: 100_000,
        zeroWithinMilligrams: 20_000,
      },
      {
        id: 'cold-1-air',
        kind: 'condition',
        device: 'bus',
        channel: '1',
        metrics: { temperature: { deadBandMilli: 200 } },
      },
    ],
  );
});

afterAll(async () => {
  for (const client of clients) await client.endAsync(true);
  await site?.close();
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  for (const host of [readerHost, scaleHost, busHost]) host.detach();
});

interface Event {
  readPoint: string;
  body: { netMilligrams?: number; valueMilli?: number; tags?: { epc: string }[] };
}
const eventsOf = async (type: string) =>
  (await site.client.get<{ items: Event[] }>(`/api/v1/events?type=${type}`)).items;
const cloudCounters = async () =>
  (await site.client.get<{ counters: Record<string, number> }>('/api/v1/status')).counters;
const deadLetters = async () =>
  (
    await site.client.get<{ items: { code: string; gateway: string | null; detail: string }[] }>(
      '/api/v1/dead-letters',
    )
  ).items;

describe('garbage and half frames on the lines of devices', () => {
  it.each(['reader', 'scale', 'bus'])(
    'of the %s are counted and reported, and its session stands',
    async (id) => {
      const device = async () => (await site.gateway.status()).devices.find((one) => one.device === id);
      await until(`the session of the ${id}`, async () => {
        const { lastReadingAt, session } = (await device()) ?? {};
        return lastReadingAt !== undefined || session?.startsWith('reading,') === true;
      });
      const discarded = Object.values((await device())?.discarded ?? {});
      expect(discarded.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(0);
      const page = await fetch(new URL('status.json', site.gateway.statusUrl));
      expect(JSON.stringify(await page.json())).toContain(`"device":"${id}"`);
    },
  );

  it('leave tags, weights and temperatures that come afterwards right', async () => {
    reader.setTags(TAGS.map((epc) => ({ epc, antenna: 1, rssiDbm: -45 })));
    readerHost.poke();
    scale.setLoadMilligrams(2_500_000, clock.now());
    scaleHost.poke();
    await until('the weighing in the ledger', async () => (await eventsOf('weighing')).length > 0);
    reader.setTags([]);
    readerHost.poke();
    await until('the receipt in the ledger', async () => (await eventsOf('receipt')).length > 0);
    await until('the temperature in the ledger', async () => (await eventsOf('sample')).length > 0);
    const [receipt] = await eventsOf('receipt');
    expect(receipt?.readPoint).toBe('dock-1');
    expect(receipt?.body.tags?.map((tag) => tag.epc).toSorted()).toEqual(TAGS);
    expect((await eventsOf('weighing')).map((event) => event.body.netMilligrams)).toEqual([2_500_000]);
    expect((await eventsOf('sample'))[0]?.body.valueMilli).toBe(4_000);
  });
});

describe('messages at the broker of the gateway', () => {
  it('that are foreign, malformed or too large are counted, and the next good one is taken', async () => {
    const client = await connect(site.deviceBroker);
    await client.publishAsync('somebody/else', 'hello', { qos: 1 });
    await client.publishAsync('door/events', '{"tagInventoryEvent": {"epc', { qos: 1 });
    await client.publishAsync('door/events', randomBytes(2_000), { qos: 1 });
    await client.publishAsync('door/events', Buffer.alloc(300 * 1024, '['), { qos: 1 });
    const flood = await connect(site.deviceBroker);
    const cut = new Promise<void>((resolve) => flood.once('close', () => resolve()));
    flood.publish('door/events', Buffer.alloc(2 * 1024 * 1024), { qos: 0 });
    await cut;
    const good = [{ tagInventoryEvent: { epcHex: '3056451fd461a84000000021', antennaPort: 1 } }];
    await client.publishAsync('door/events', JSON.stringify(good), { qos: 1 });

    await until('the good one in the ledger', async () =>
      (await eventsOf('receipt')).some((event) => event.readPoint === 'dock-2'),
    );
    const { broker, devices } = await site.gateway.status();
    expect(broker?.counters).toMatchObject({ foreign: 1, oversizedPayloads: 1, oversizedPackets: 1 });
    const door = devices.find((device) => device.device === 'door-reader');
    const refused = Object.values(door?.discarded ?? {}).reduce((sum, { count }) => sum + count, 0);
    expect(refused).toBe(2);
    const metrics = await (await fetch(new URL('metrics', site.gateway.statusUrl))).text();
    expect(metrics).toMatch(/door-reader/);
  });
});

describe('messages at the broker of the cloud', () => {
  const record = (seq: number, event: object) => ({
    seq,
    recordedAt: Date.now(),
    bootId: 'boot',
    monotonicMs: 1,
    clock: 'synced',
    event,
  });
  const weighing = (net: number) => ({
    type: 'weighing',
    readPoint: 'bin-8',
    device: 'd',
    occurredAt: Date.now(),
    netMilligrams: net,
    stability: 'device',
    unit: 'g',
    raw: 'S S',
  });
  const batch = (gateway: string, events: unknown[], firstSeq = 1) =>
    Buffer.from(
      JSON.stringify({
        v: 1,
        gateway,
        epoch: 'epoch-hostile',
        lane: 'stock',
        firstSeq,
        lastSeq: firstSeq + events.length - 1,
        prunedUpTo: 0,
        events,
      }),
    );

  it('from gateways that nobody knows are refused at the door and counted', async () => {
    const before = (await cloudCounters()).refusedConnections ?? 0;
    for (const username of ['gw-nobody', 'gw-test', '../../etc', '']) {
      await expect(connect(site.cloudBroker, { username, password: 'wrong' })).rejects.toThrow();
    }
    expect((await cloudCounters()).refusedConnections).toBe(before + 4);
    await site.cloud.deliver('gw-nobody', 'stock', batch('gw-nobody', [record(1, weighing(1))]));
    expect(await deadLetters()).toContainEqual(
      expect.objectContaining({ code: 'UNKNOWN_GATEWAY', gateway: 'gw-nobody' }),
    );
  });

  it('that are malformed become dead letters with a reason, and the good event behind them takes effect', async () => {
    const { token } = await site.client.post<{ token: string }>('/api/v1/gateways', { id: HOSTILE_GATEWAY });
    const sign = { username: HOSTILE_GATEWAY, password: token };
    const client = await connect(site.cloudBroker, sign);
    const up = (payload: Uint8Array, topic = upTopic(HOSTILE_GATEWAY, 'stock')) =>
      client.publishAsync(topic, Buffer.from(payload), { qos: 1 });
    const before = await cloudCounters();
    await up(Buffer.from('not a batch'), 'some/topic');
    await up(batch('gw-test', [record(1, weighing(1))]), upTopic('gw-test', 'stock'));
    await up(Buffer.from('not a batch'));
    await up(Buffer.concat([Uint8Array.of(0x1f, 0x8b), randomBytes(500)]));
    await up(batch('gw-test', [record(1, weighing(2))]));
    await up(batch(HOSTILE_GATEWAY, [record(1, { type: 'weighing', netMilligrams: 'much' })]));
    await up(batch(HOSTILE_GATEWAY, [record(2, weighing(4_000_000)), { nonsense: true }], 2));

    await until('the good event in the ledger', async () =>
      (await eventsOf('weighing')).some((event) => event.body.netMilligrams === 4_000_000),
    );
    const codes = (await deadLetters())
      .filter((letter) => letter.gateway === HOSTILE_GATEWAY)
      .map((letter) => letter.code);
    expect(codes.toSorted()).toEqual([
      'MISMATCHED_SENDER',
      'POISON_EVENT',
      'POISON_EVENT',
      'UNREADABLE_BATCH',
      'UNREADABLE_BATCH',
    ]);
    expect((await deadLetters()).every((letter) => letter.detail.length > 0)).toBe(true);
    const after = await cloudCounters();
    expect(after.refusedPublishes).toBe((before.refusedPublishes ?? 0) + 2);
    expect(after.deadLetters).toBeGreaterThan(before.deadLetters ?? 0);

    const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish(upTopic(HOSTILE_GATEWAY, 'stock'), Buffer.alloc(2 * MAX_BATCH_BYTES), { qos: 0 });
    await ended;
    expect((await cloudCounters()).oversizedPackets).toBe((before.oversizedPackets ?? 0) + 1);
    const again = await connect(site.cloudBroker, sign);
    const good = encodeBatch({
      v: 1,
      gateway: HOSTILE_GATEWAY,
      epoch: 'epoch-hostile',
      lane: 'stock',
      firstSeq: 4,
      lastSeq: 3,
      prunedUpTo: 0,
      events: [],
    });
    await again.publishAsync(upTopic(HOSTILE_GATEWAY, 'stock'), Buffer.from(good), { qos: 1 });
    await again.publishAsync(
      upTopic(HOSTILE_GATEWAY, 'stock'),
      batch(HOSTILE_GATEWAY, [record(4, weighing(5_000_000))], 4),
      { qos: 1 },
    );
    await until('the next good one in the ledger', async () =>
      (await eventsOf('weighing')).some((event) => event.body.netMilligrams === 5_000_000),
    );
  });

  it('and neither side has fallen over: the gateway is connected and has nothing waiting', async () => {
    await until('nothing to wait at the gateway', async () => {
      const { journal, uplink } = await site.gateway.status();
      return uplink.connected && Object.values(journal.lanes).every((lane) => lane.waiting === 0);
    });
    const { forwarder } = await site.gateway.status();
    expect(forwarder?.counters.deadLettered).toBe(0);
  });
});
