/**
 * Several clouds on one PostgreSQL, behind real brokers: batches come twice and disordered, clouds are killed with
 * batches in their hands and started again, and at the end the ledger is the one that a single cloud makes of the
 * same batches in their order.
 */
import fc from 'fast-check';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { batchOf, dump, journals, register, TEST_SITE } from '../../cloud/ingest/deliveries.fixture.ts';
import { createIngest } from '../../cloud/ingest/ingest.ts';
import { openDatabase, type Store } from '../../cloud/store/database.ts';
import { migrate } from '../../cloud/store/migrate.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { decodeEpc } from '../../protocol/epc/epc.ts';
import { laneOf } from '../../protocol/events/event-kinds.ts';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { ackSchema } from '../../protocol/link/ack.ts';
import { type Batch, encodeBatch } from '../../protocol/link/batch.ts';
import { ackTopic, upTopic } from '../../protocol/link/topics.ts';
import { type Random, seededRandom } from '../../protocol/ports/random.ts';
import { type CloudWorkers, databaseFound, linksFound, startCloudWorkers } from '../support/cloud-workers.ts';
import { until } from '../support/processes.ts';

const GATEWAYS = ['gw-1', 'gw-2', 'gw-3'];
const SEED = 11;
/** What a gateway does not hear of for so long it sends again. */
const RESEND_MS = 600;
const IN_FLIGHT = 12;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** For each gateway and lane its batches in order: all kinds of events, over the same doors, tags and probes. */
function madeBatches(): Batch[] {
  const random = seededRandom(SEED, 'sizes');
  const lanes = new Map<string, StockEvent[]>();
  for (const [index, run] of fc.sample(journals, { seed: SEED, numRuns: 80 }).entries()) {
    for (const { events } of run) {
      for (const event of events) {
        const key = `${GATEWAYS[index % GATEWAYS.length]}/${laneOf(event.type)}`;
        lanes.set(key, [...(lanes.get(key) ?? []), event]);
      }
    }
  }
  return [...lanes].flatMap(([key, events]) => {
    const [gateway = '', lane = 'stock'] = key.split('/');
    const batches: Batch[] = [];
    for (let at = 0; at < events.length; ) {
      const size = 1 + Math.floor(random.next() * 6);
      const part = events.slice(at, at + size);
      batches.push(
        batchOf(part, {
          gateway,
          lane: lane as Lane,
          epoch: 'epoch-0001',
          firstSeq: at + 1,
          lastSeq: at + part.length,
        }),
      );
      at += part.length;
    }
    return batches;
  });
}

/** Sends some batches at a time in any order, some of them twice, and again what is not acked. */
async function sendAll(url: string, gateway: string, batches: readonly Batch[], random: Random) {
  const client: MqttClient = await connectAsync(url, { clientId: gateway, protocolVersion: 4 });
  closers.push(() => client.endAsync(true));
  const left = new Map(batches.map((batch) => [`${batch.lane} ${batch.lastSeq}`, { batch, sentAt: 0 }]));
  client.on('message', (_topic, payload) => {
    const ack = ackSchema.parse(JSON.parse(payload.toString('utf8')));
    for (const [key, { batch }] of left) {
      if (batch.lane === ack.lane && batch.lastSeq <= ack.upTo) left.delete(key);
    }
  });
  await client.subscribeAsync(ackTopic(gateway), { qos: 1 });
  const send = ({ lane, ...batch }: Batch) =>
    client.publish(upTopic(gateway, lane), Buffer.from(encodeBatch({ ...batch, lane })), { qos: 1 });
  const turn = () => {
    const open = [...left.values()].slice(0, IN_FLIGHT).toSorted(() => random.next() - 0.5);
    for (const entry of open) {
      if (performance.now() - entry.sentAt < RESEND_MS) continue;
      entry.sentAt = performance.now();
      send(entry.batch);
      if (random.next() < 0.3) send(entry.batch);
    }
  };
  return { left: () => left.size, turn };
}

async function openLedger(databaseUrl: string | undefined): Promise<Store> {
  const store = await openDatabase(databaseUrl === undefined ? { memory: true } : { url: databaseUrl });
  closers.push(() => store.close());
  await migrate(store.db);
  return store;
}

const ingestOn = (store: Store) =>
  createIngest({
    store,
    site: TEST_SITE,
    clock: systemClock(),
    decode: decodeEpc,
  });

/** What one cloud makes of the batches in their order. */
async function inOrder(batches: readonly Batch[]): Promise<Record<string, unknown[]>> {
  const store = await openLedger(undefined);
  await register(store, ...GATEWAYS);
  const ingest = ingestOn(store);
  for (const batch of batches) {
    await ingest.deliver({ gateway: batch.gateway, lane: batch.lane, payload: encodeBatch(batch) });
  }
  return await dump(store);
}

describe.runIf(databaseFound).each(linksFound)('three clouds on one database, over %s', (link) => {
  it('make of disordered and repeated batches what one makes of them in order, though two are killed on the way', async () => {
    const batches = madeBatches();
    expect(batches.length).toBeGreaterThan(100);
    const expected = await inOrder(batches);
    const site: CloudWorkers = await startCloudWorkers({
      link,
      workers: 3,
      gateways: GATEWAYS,
      site: TEST_SITE,
    });
    closers.push(site.close);
    const random = seededRandom(SEED, link);
    const senders = await Promise.all(
      GATEWAYS.map((gateway) => {
        const its = batches.filter((batch) => batch.gateway === gateway);
        return sendAll(site.gatewayUrl, gateway, its, random);
      }),
    );
    const left = () => senders.reduce((sum, sender) => sum + sender.left(), 0);
    const downTo = async (share: number) => {
      await until(`${Math.round(share * 100)} % of the batches to be left`, () => {
        for (const sender of senders) sender.turn();
        return left() <= share * batches.length;
      });
    };
    await downTo(0.7);
    for (const sender of senders) sender.turn();
    await site.workers[0]?.kill();
    await downTo(0.4);
    const back = site.workers[0]?.start();
    for (const sender of senders) sender.turn();
    await site.workers[1]?.kill();
    await back;
    await downTo(0);

    const store = await openLedger(site.databaseUrl);
    const stands = await dump(store);
    expect(stands).toEqual(expected);
    await ingestOn(store).rebuild();
    expect(await dump(store)).toEqual(stands);
  });
});
