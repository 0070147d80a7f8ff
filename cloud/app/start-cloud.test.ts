import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ackSchema } from '../../protocol/link/ack.ts';
import { type Batch, encodeBatch } from '../../protocol/link/batch.ts';
import { ackTopic, upTopic } from '../../protocol/link/topics.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { verifyGateway } from '../fleet/verify-gateway.fixture.ts';
import { listen } from '../intake/listen.ts';
import { cloudConfigSchema } from './config.ts';
import { type RunningCloud, startCloud } from './start-cloud.ts';

const START = Date.UTC(2026, 5, 1, 6, 0, 0);
const log = pino({ level: 'silent' });
const newClock = () => clockAt(START);

const site = {
  name: 'Test dock',
  locations: [
    { id: 'staging', name: 'Staging', kind: 'staging' },
    { id: 'cold-1', name: 'Cold room', kind: 'cold-room' },
  ],
  doors: [{ readPoint: 'dock-1', name: 'Dock 1', inside: 'staging' }],
  probes: [{ readPoint: 'cold-1-air', name: 'Air', location: 'cold-1' }],
  rules: [
    {
      id: 'cold',
      version: 1,
      name: 'Keep cold',
      locations: ['cold-1'],
      metric: 'temperature',
      comparator: 'above',
      limitMilli: 8000,
      onDelayMs: 0,
    },
  ],
};

const configOf = (sections: Record<string, unknown> = {}) =>
  cloudConfigSchema.parse({
    http: { port: 0 },
    database: { memory: true },
    intake: { memory: {} },
    site,
    ...sections,
  });

const stamp = { recordedAt: START, bootId: 'boot-1', monotonicMs: 0, clock: 'synced' } as const;
const EPC = '30340242201d8840009efdf7';

function batchOf(
  gateway: string,
  lane: Batch['lane'],
  event: Batch['events'][number]['event'],
  seq = 1,
): Uint8Array {
  return encodeBatch({
    v: 1,
    gateway,
    epoch: 'epoch-0001',
    lane,
    firstSeq: seq,
    lastSeq: seq,
    prunedUpTo: seq - 1,
    events: [{ ...stamp, seq, event }],
  });
}

const receipt = (gateway: string) =>
  batchOf(gateway, 'stock', {
    type: 'receipt',
    readPoint: 'dock-1',
    occurredAt: START,
    startedAt: START - 5000,
    passId: `dock-1@${START}`,
    part: 1,
    parts: 1,
    direction: 'IN',
    directionSource: 'assigned',
    straysIgnored: 0,
    tags: [{ epc: EPC, firstSeenAt: START - 4000, lastSeenAt: START, readCount: 9, antennas: ['1'] }],
  });

const sample = (gateway: string, valueMilli: number, seq: number) =>
  batchOf(
    gateway,
    'condition',
    {
      type: 'sample',
      readPoint: 'cold-1-air',
      device: 'probe',
      occurredAt: START + seq * 1000,
      metric: 'temperature',
      valueMilli,
      reason: 'change',
    },
    seq,
  );

describe('a cloud in virtual time', () => {
  let cloud: RunningCloud;
  let token: string;
  const clock = newClock();

  const call = async (path: string, body?: object) => {
    const answer = await fetch(new URL(`/api/v1${path}`, cloud.httpUrl), {
      method: body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(json)}`);
    return json;
  };

  beforeAll(async () => {
    cloud = await startCloud({ config: configOf(), clock, log });
    token = cloud.adminToken ?? '';
    await call('/gateways', { id: 'gw-1' });
  });
  afterAll(() => cloud.close());

  it('takes a batch once, acks it each time it comes, and shows what came through the door', async () => {
    const first = await cloud.deliver('gw-1', 'stock', receipt('gw-1'));
    const again = await cloud.deliver('gw-1', 'stock', receipt('gw-1'));
    const ack = { v: 1, gateway: 'gw-1', epoch: 'epoch-0001', lane: 'stock', upTo: 1, at: clock.now() };
    expect([first, again]).toEqual([ack, ack]);
    expect((await call('/objects')).items).toMatchObject([{ epc: EPC, location: 'staging', onHold: false }]);
    expect((await call(`/objects/${EPC}`)).epc).toBe(EPC);
    expect((await call(`/objects/${EPC}/movements`)).items).toMatchObject([
      { from: 'supplier', to: 'staging' },
    ]);
    expect((await call('/passes')).items).toMatchObject([
      { readPoint: 'dock-1', doorName: 'Dock 1', tags: 1 },
    ]);
    expect((await call('/stock')).items).toMatchObject([{ location: 'staging', objects: 1 }]);
    expect(await call('/status')).toMatchObject({
      places: { doors: [{ readPoint: 'dock-1', name: 'Dock 1' }] },
      counters: { events: 1, repeatedEvents: 1 },
    });
  });

  it('sends no ack to a gateway it does not know, keeps what it sent, and goes on', async () => {
    expect(await cloud.deliver('stranger', 'stock', receipt('stranger'))).toBeUndefined();
    expect(await cloud.deliver('gw-1', 'stock', Uint8Array.of(1, 2, 3))).toBeUndefined();
    const { items } = await call('/dead-letters');
    expect(items.length).toBeGreaterThanOrEqual(2);
  });

  it('keeps what a gateway says of itself', async () => {
    cloud.reportGatewayState('gw-1', 'online');
    await clock.settle();
    expect((await call('/gateways')).items).toMatchObject([
      { id: 'gw-1', state: 'online', revoked: false, lanes: [{ lane: 'stock', upTo: 1 }] },
    ]);
  });

  it('raises an excursion, takes the decisions on it, and says why when it cannot', async () => {
    await cloud.deliver('gw-1', 'condition', sample('gw-1', 9500, 1));
    await cloud.deliver('gw-1', 'condition', sample('gw-1', 9600, 2));
    const [exception] = (await call('/exceptions')).items;
    expect(exception).toMatchObject({ location: 'cold-1', status: 'raised' });
    const acknowledged = await call(`/exceptions/${exception.id}/acknowledge`, { reason: 'on my way' });
    expect(acknowledged).toMatchObject({
      status: 'acknowledged',
      decisions: [{ action: 'acknowledge', actor: 'admin', reason: 'on my way' }],
    });
    await expect(call(`/exceptions/${exception.id}/resolve`, { reason: 'fixed' })).rejects.toThrow(
      'still_active',
    );
    await cloud.deliver('gw-1', 'condition', sample('gw-1', 5000, 3));
    expect(await call(`/exceptions/${exception.id}/resolve`, { reason: 'fixed' })).toMatchObject({
      status: 'resolved',
    });
    expect((await call('/rooms')).items).toMatchObject([
      { location: 'cold-1', probes: [{ valueMilli: 5000 }] },
    ]);
    const { points } = await call(
      '/samples?readPoint=cold-1-air&from=2026-06-01T05:00:00Z&to=2026-06-01T07:00:00Z',
    );
    expect(points).toHaveLength(3);
  });

  it('notices by its clock that a shipment did not come and that a probe fell silent', async () => {
    const shipment = {
      id: 'ASN-1',
      kind: 'inbound',
      readPoint: 'dock-1',
      expectedFrom: new Date(START + 600_000).toISOString(),
      expectedTo: new Date(START + 1_200_000).toISOString(),
      lines: [{ gtin: '04006381333931', quantity: 5 }],
    };
    expect(await call('/shipments', { shipments: [shipment] })).toEqual({ loaded: ['ASN-1'] });
    expect(await call('/shipments/ASN-1')).toMatchObject({ status: 'expected', expected: 5, actual: 0 });
    await clock.runFor(3_600_000);
    const kinds = (await call('/exceptions?status=raised')).items.map((one: { kind: string }) => one.kind);
    expect(kinds).toEqual(expect.arrayContaining(['SHIPMENT_SHORT']));
    expect(kinds.some((kind: string) => kind.endsWith('_SILENT'))).toBe(true);
    expect(await call('/shipments/ASN-1/close', { reason: 'truck broke down' })).toMatchObject({
      closed: true,
    });
    await expect(call('/shipments/ASN-1/close', {})).rejects.toThrow('decided_already');
    expect((await call('/status')).counters.timeChecksFailed).toBe(0);
  });

  it('lets nothing of the outside world keep it from closing', async () => {
    const other = await startCloud({ config: configOf(), clock: newClock(), log });
    const stream = await fetch(`${other.httpUrl}/api/v1/stream`, {
      headers: { authorization: `Bearer ${other.adminToken}` },
    });
    expect(stream.status).toBe(200);
    await other.close();
    await expect(stream.text()).rejects.toThrow();
  });
});

describe('a cloud with its own broker', () => {
  it('signs a gateway in with the token it gave out, takes its batch, and lets go of it when it is revoked', async () => {
    const cloud = await startCloud({
      config: configOf({ intake: { embedded: { port: 0 } } }),
      clock: newClock(),
      log,
    });
    const password = (await cloud.addGateway('gw-1')) ?? '';
    const gateway = await connectAsync(`mqtt://127.0.0.1:${cloud.brokerPort}`, {
      username: 'gw-1',
      password,
      protocolVersion: 4,
      reconnectPeriod: 0,
    });
    await gateway.subscribeAsync(ackTopic('gw-1'), { qos: 1 });
    const ack = new Promise((resolve) => gateway.once('message', (_topic, payload) => resolve(payload)));
    await gateway.publishAsync(upTopic('gw-1', 'stock'), Buffer.from(receipt('gw-1')), { qos: 1 });
    expect(ackSchema.parse(JSON.parse(String(await ack)))).toMatchObject({ gateway: 'gw-1', upTo: 1 });

    const gone = new Promise<void>((resolve) => gateway.once('close', () => resolve()));
    const revoked = await fetch(`${cloud.httpUrl}/api/v1/gateways/gw-1/revoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${cloud.adminToken}` },
    });
    expect(revoked.status).toBe(200);
    await gone;
    await cloud.close();
  });
});

describe('the start of a cloud', () => {
  it('names an address that is taken before it opens anything', async () => {
    const squatter = createServer();
    const port = await listen(squatter, { host: '127.0.0.1', port: 0 }, 'the test');
    const taken = { host: '127.0.0.1', port };
    const start = (sections: object) =>
      startCloud({
        config: configOf({ database: { dataDir: '/nonexistent/ledger' }, ...sections }),
        clock: newClock(),
        log,
      });
    await expect(start({ http: taken })).rejects.toThrow(`127.0.0.1:${port} is in use`);
    await expect(start({ intake: { embedded: taken } })).rejects.toThrow('intake.embedded.port');
    squatter.close();
  });

  it('shows the first token once, to a start that succeeds, and closes what a failed start opened', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tallyport-start-'));
    const start = (sections: object) =>
      startCloud({
        config: configOf({ database: { dataDir: folder }, ...sections }),
        clock: newClock(),
        log,
        newToken: () => 'a-token',
      });
    const tokenFile = join(folder, 'none.token');
    await expect(start({ gateways: [{ id: 'gw-1', tokenFile }] })).rejects.toThrow(
      `cannot read the token of gateway gw-1 ${tokenFile} (ENOENT)`,
    );
    const second = await start({});
    expect(second.adminToken).toBe('a-token');
    await second.close();
    writeFileSync(tokenFile, 'from a file\n');
    const third = await start({ gateways: [{ id: 'gw-1', tokenFile }] });
    expect(third.adminToken).toBeUndefined();
    expect(await verifyGateway(third.store.db, 'gw-1', 'from a file', 0)).toBe(true);
    await third.close();
    rmSync(folder, { recursive: true });
  });
});
