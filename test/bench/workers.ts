/**
 * Past one cloud: how much several clouds on one PostgreSQL take in over a shared subscription of Mosquitto and over
 * a shared consumer of NATS JetStream, and how long it takes until others have in the ledger what a cloud that was
 * killed had in its hands. All of it runs on this machine: engines, clouds and load share its cores, so beyond their
 * number more clouds cannot bring more here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import { createForwarder } from '../../gateway/uplink/forwarder/forwarder.ts';
import { createMqttUplink } from '../../gateway/uplink/mqtt/mqtt-uplink.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { ackSchema } from '../../protocol/link/ack.ts';
import { encodeBatch } from '../../protocol/link/batch.ts';
import { ackTopic, upTopic } from '../../protocol/link/topics.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import {
  type CloudWorkers,
  databaseFound,
  type LinkName,
  linksFound,
  startCloudWorkers,
} from '../support/cloud-workers.ts';
import { until } from '../support/processes.ts';
import { type BenchLine, type BenchOptions, rounded } from './bench-line.ts';
import { stampBy } from './drain-journal.ts';

const GATEWAYS = Array.from({ length: 8 }, (_, n) => `gw-${n}`);
const PROBES_OF_GATEWAY = 4;
const BATCH_EVENTS = 500;
const BATCHES_OF_GATEWAY = { full: 40, quick: 4 };
const WINDOW = 12;
/** Longer than a burst waits for its turn: what is not acked by then was lost. */
const RESEND_MS = 15_000;
const TAKEOVER_BUDGET_MS = 10_000;
const KILLS = { full: 5, quick: 1 };
const LOAD_MS = { full: 4_000, quick: 2_000 };
const LIMIT_MS = 300_000;

const SITE = {
  name: 'Bench',
  locations: [{ id: 'cold-1', name: 'Cold room', kind: 'cold-room' }],
  probes: GATEWAYS.flatMap((gateway) =>
    Array.from({ length: PROBES_OF_GATEWAY }, (_, n) => ({
      readPoint: `${gateway}-probe-${n}`,
      name: `Probe ${n} of ${gateway}`,
      location: 'cold-1',
    })),
  ),
};

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  if (!databaseFound || linksFound.length === 0) {
    throw new Error('needs PostgreSQL (DATABASE_URL or its programs) and mosquitto or nats-server');
  }
  const lines: BenchLine[] = [];
  for (const link of linksFound) {
    let alone: number | undefined;
    for (const workers of quick ? [1, 2] : [1, 2, 3]) {
      const rate = await withClouds(link, workers, (clouds) => throughput(clouds, quick));
      alone ??= rate;
      lines.push({
        name: `${workers} ${workers === 1 ? 'cloud' : 'clouds'} over ${link}, ${GATEWAYS.length} gateways, ${availableParallelism()} cores for everything`,
        value: Math.round(rate),
        unit: 'events/s',
        floor: Math.round(alone),
        floorName: 'one cloud over the same broker',
        ratio: rounded(rate / alone),
      });
    }
    const tookMs = await withClouds(link, 2, (clouds) => takeovers(clouds, quick));
    const worstMs = Math.max(...tookMs);
    lines.push({
      name: `kill -9 of one of two clouds over ${link} until all it had is in the ledger and acked, worst of ${tookMs.length} (${tookMs.map(Math.round).join(', ')})`,
      value: Math.round(worstMs),
      unit: 'ms',
      budget: `<= ${TAKEOVER_BUDGET_MS}`,
      met: worstMs <= TAKEOVER_BUDGET_MS,
    });
  }
  return lines;
}

async function withClouds<T>(
  link: LinkName,
  workers: number,
  measure: (clouds: CloudWorkers) => Promise<T>,
): Promise<T> {
  const clouds = await startCloudWorkers({ link, workers, gateways: GATEWAYS, site: SITE });
  try {
    return await measure(clouds);
  } finally {
    await clouds.close();
  }
}

/** Events per second from the first batch to the last ack; batches are made before. */
async function throughput(clouds: CloudWorkers, quick: boolean): Promise<number> {
  const count = quick ? BATCHES_OF_GATEWAY.quick : BATCHES_OF_GATEWAY.full;
  const senders = await Promise.all(GATEWAYS.map((gateway) => sender(clouds.gatewayUrl, gateway, count)));
  const begun = performance.now();
  await Promise.all(senders.map((one) => one.sendAll()));
  const seconds = (performance.now() - begun) / 1000;
  for (const one of senders) await one.close();
  return (GATEWAYS.length * count * BATCH_EVENTS) / seconds;
}

async function sender(url: string, gateway: string, count: number) {
  const client = await connectAsync(url, { clientId: gateway, protocolVersion: 4, reconnectPeriod: 0 });
  const startAt = Date.now() - count * BATCH_EVENTS * 1000;
  const payloads = Array.from({ length: count }, (_, batch) => {
    const firstSeq = batch * BATCH_EVENTS + 1;
    const events = Array.from({ length: BATCH_EVENTS }, (_, n) => ({
      seq: firstSeq + n,
      recordedAt: startAt + (firstSeq + n) * 1000,
      bootId: 'bench',
      monotonicMs: (firstSeq + n) * 1000,
      clock: 'synced' as const,
      event: sample(gateway, firstSeq + n, startAt + (firstSeq + n) * 1000),
    }));
    const lastSeq = firstSeq + BATCH_EVENTS - 1;
    const header = { v: 1, gateway, epoch: 'epoch-bench', lane: 'condition', prunedUpTo: 0 } as const;
    return Buffer.from(encodeBatch({ ...header, firstSeq, lastSeq, events }));
  });
  let upTo = 0;
  let heard: () => void = () => {};
  client.on('message', (_topic, payload) => {
    upTo = Math.max(upTo, ackSchema.parse(JSON.parse(payload.toString('utf8'))).upTo);
    heard();
  });
  await client.subscribeAsync(ackTopic(gateway), { qos: 1 });
  const send = (payload: Buffer) => client.publish(upTopic(gateway, 'condition'), payload, { qos: 1 });
  return {
    close: () => client.endAsync(true),
    async sendAll() {
      let sent = 0;
      while (upTo < count * BATCH_EVENTS) {
        const acked = Math.floor(upTo / BATCH_EVENTS);
        while (sent < count && sent - acked < WINDOW) send(payloads[sent++] ?? Buffer.alloc(0));
        const { promise, resolve } = Promise.withResolvers<boolean>();
        heard = () => resolve(true);
        const silence = setTimeout(() => resolve(false), RESEND_MS);
        if (!(await promise)) sent = acked;
        clearTimeout(silence);
      }
    },
  };
}

function sample(gateway: string, n: number, at: number): StockEvent {
  return {
    type: 'sample',
    readPoint: `${gateway}-probe-${n % PROBES_OF_GATEWAY}`,
    device: 'bus-1',
    occurredAt: at,
    metric: 'temperature',
    valueMilli: 4000 + ((n * 7919) % 900),
    reason: 'change',
  };
}

/**
 * Real gateways (journal, forwarder, MQTT) under load while one cloud and then the other is killed: for each kill the
 * milliseconds until all that the gateways had before it is acked. What a cloud has in hand then is chance.
 */
async function takeovers(clouds: CloudWorkers, quick: boolean): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-takeover-'));
  const gateways = await Promise.all(
    GATEWAYS.slice(0, 3).map((gateway) => busyGateway(clouds.gatewayUrl, gateway, folder)),
  );
  const tookMs: number[] = [];
  try {
    await until('a first ack of each', () => gateways.every((one) => one.ackedUpTo() > 0), LIMIT_MS);
    for (let kill = 0; kill < (quick ? KILLS.quick : KILLS.full); kill++) {
      await new Promise((resolve) => setTimeout(resolve, quick ? LOAD_MS.quick : LOAD_MS.full));
      const victim = clouds.workers[kill % clouds.workers.length];
      const killedAt = performance.now();
      await victim?.kill();
      const targets = await Promise.all(gateways.map((one) => one.lastSeq()));
      const covered = () => gateways.every((one, index) => one.ackedUpTo() >= (targets[index] ?? 0));
      await until('the other cloud to have taken over', covered, LIMIT_MS);
      tookMs.push(performance.now() - killedAt);
      await victim?.start();
    }
    return tookMs;
  } finally {
    for (const one of gateways) await one.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function busyGateway(url: string, gateway: string, folder: string) {
  const clock = systemClock();
  const random = seededRandom('bench', gateway);
  const journal = await openJournal({ file: join(folder, `${gateway}.db`), clock, stamp: stampBy(clock) });
  const uplink = createMqttUplink({ gateway, url, clock, random });
  const forwarder = createForwarder({ gateway, journal, uplink, clock, random });
  let n = 0;
  const load = setInterval(() => {
    const events = Array.from({ length: 10 }, () => sample(gateway, ++n, Date.now()));
    journal.append({ events, put: [], drop: [] }).catch(() => {});
  }, 20);
  forwarder.start();
  return {
    ackedUpTo: () => forwarder.status().lanes.condition.ackedUpTo,
    lastSeq: async () => (await journal.status()).lanes.condition.lastSeq,
    async close() {
      clearInterval(load);
      await forwarder.close();
      await journal.close();
    },
  };
}
