/**
 * How fresh the ledger is: devices on real lines, a gateway, MQTT, a cloud in a process of its own, and a client that
 * asks its API over HTTP again and again. A thousand samples a second go the same way all the time.
 *
 * - A pass: from its end at the door to the first answer of the API that has it. The end is the last read plus the
 *   quiet time that the configuration asks for, because until then nobody can know that nothing follows.
 * - An excursion: from publishing the sample that breaks the rule to the first answer that has the exception.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { hostDevice } from '../../firmware-sim/app/device-host.ts';
import type { LedgerClient } from '../../firmware-sim/app/ledger-view.ts';
import { serveOverTcp } from '../../firmware-sim/app/lines.ts';
import { LlrpReader } from '../../firmware-sim/devices/llrp-reader/llrp-reader.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { gatewayConfigSchema } from '../../gateway/app/config/config.ts';
import { type RunningGateway, startGateway } from '../../gateway/app/start-gateway.ts';
import { encodeSgtin96 } from '../../protocol/epc/epc.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { until } from '../support/processes.ts';
import { type BenchLine, type BenchOptions, median, percentile, rounded } from './bench-line.ts';
import { type CloudProcess, startCloudProcess } from './cloud-process.ts';

const DOORS = 4;
const TAGS_PER_PASS = 20;
const QUIET_MS = 1000;
const PASS_MS = 800;
const LOAD_PER_SECOND = 1000;
const LOAD_EVERY_MS = 20;
const LOAD_PROBES = 40;
const LOAD_CLIENTS = 2;
const ASK_EVERY_MS = 15;
const BUDGET_PASS_MS = 500;
const BUDGET_EXCEPTION_MS = 1000;
const HOT = 12;
const COLD = 4;

const clock = systemClock();

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const rooms = quick ? 12 : 100;
  const passes = quick ? 8 : 120;
  const cloud = await startCloudProcess(siteOf(rooms));
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-visible-'));
  const doors = await Promise.all(Array.from({ length: DOORS }, (_, n) => openDoor(n)));
  const gateway = await startGateway({
    config: gatewayConfigSchema.parse({
      ...devicesOf(rooms, doors),
      gateway: { id: cloud.gateway },
      dataDir: folder,
      broker: { port: 0 },
      status: { port: 0 },
      uplink: { url: cloud.brokerUrl },
    }),
    clock,
    random: seededRandom('bench', 'visible'),
    log: pino({ level: 'silent' }),
    uplinkPassword: cloud.token,
  });
  const publisher = await publishers(`mqtt://127.0.0.1:${gateway.brokerPort}`);
  try {
    for (let room = 0; room < rooms; room++) publisher.publish(`room-${room}`, COLD);
    await until('the readers to be up', async () => {
      return (await gateway.status()).devices.every((device) => device.state === 'connected');
    });
    const idle = await passDelays(cloud, doors, Math.min(passes / 2, 24));
    const seqBefore = await lastSeq(gateway);
    const loadedFrom = performance.now();
    const stopLoad = publisher.load();
    const busy = await passDelays(cloud, doors, passes);
    const exceptions = await exceptionDelays(cloud, publisher, rooms);
    const perSecond = ((await lastSeq(gateway)) - seqBefore) / ((performance.now() - loadedFrom) / 1000);
    stopLoad();
    const load = `${Math.round(perSecond)} events/s, ${cloud.engine}`;
    return [
      lineOf(`end of a pass → visible in the API, p99 of ${busy.length}, ${load}`, busy, BUDGET_PASS_MS, {
        floor: rounded(percentile(idle, 0.99)),
        floorName: 'p99 of the same passes with nothing else on the way',
      }),
      lineOf(
        `sample → exception raised, p99 of ${exceptions.length}, ${load}`,
        exceptions,
        BUDGET_EXCEPTION_MS,
      ),
    ];
  } finally {
    await publisher.close();
    await gateway.close();
    for (const door of doors) await door.close();
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function lineOf(
  name: string,
  delays: readonly number[],
  budgetMs: number,
  floor: { floor: number; floorName: string } | undefined = undefined,
): BenchLine {
  const value = percentile(delays, 0.99);
  return {
    name: `${name}, median ${Math.round(median(delays))} ms`,
    value: rounded(value),
    unit: 'ms',
    ...(floor === undefined ? {} : { ...floor, ratio: rounded(value / floor.floor) }),
    budget: `< ${budgetMs} ms`,
    met: value < budgetMs,
  };
}

async function lastSeq(gateway: RunningGateway): Promise<number> {
  const { lanes } = (await gateway.status()).journal;
  return Object.values(lanes).reduce((sum, lane) => sum + lane.lastSeq, 0);
}

interface BenchDoor {
  readonly address: string;
  readonly readPoint: string;
  /** Twenty tags come by; resolves when they have left the field. */
  pass(): Promise<void>;
  close(): Promise<void>;
}

let serial = 0;

async function openDoor(n: number): Promise<BenchDoor> {
  const reader = new LlrpReader({
    random: seededRandom('bench', `door/${n}`),
    roundIntervalMs: 50,
    sensitivityDbm: -110,
  });
  const host = hostDevice(`reader-${n}`, reader, clock);
  const line = await serveOverTcp(host, 0);
  return {
    address: line.address,
    readPoint: `dock-${n}`,
    async pass() {
      const tags = Array.from({ length: TAGS_PER_PASS }, () => ({
        epc: encodeSgtin96({
          filter: 1,
          companyPrefix: '9521141',
          itemReference: '000001',
          serial: serial++,
        }),
        antenna: 1,
        rssiDbm: -50,
      }));
      reader.setTags(tags);
      host.poke();
      await wait(PASS_MS);
      reader.setTags([]);
      host.poke();
    },
    close: line.close,
  };
}

/** Passes through all doors, one after another at each; their delays in milliseconds. */
async function passDelays(
  cloud: CloudProcess,
  doors: readonly BenchDoor[],
  count: number,
): Promise<number[]> {
  const delays: number[] = [];
  const seen = new Set<string>();
  const since = clock.now();
  let driving = true;
  const watching = (async () => {
    while (driving || delays.length < count) {
      const asked = clock.now();
      const { items } = await recentPasses(cloud.client);
      const answered = clock.now();
      for (const { passId, occurredAt } of items) {
        const endedAt = Date.parse(occurredAt) + QUIET_MS;
        if (endedAt < since || seen.has(passId)) continue;
        seen.add(passId);
        delays.push(answered - endedAt);
      }
      if (asked > since + 120_000) throw new Error(`${delays.length} of ${count} passes became visible`);
      await wait(ASK_EVERY_MS);
    }
  })();
  const perDoor = count / doors.length;
  await Promise.all(
    doors.map(async (door, n) => {
      await wait(n * 130);
      for (let pass = 0; pass < perDoor; pass++) {
        await door.pass();
        await wait(QUIET_MS + 100);
      }
    }),
  );
  driving = false;
  await watching;
  return delays;
}

function recentPasses(client: LedgerClient): Promise<{ items: { passId: string; occurredAt: string }[] }> {
  return client.get('/api/v1/passes?limit=20');
}

/** One room after another becomes too warm. */
async function exceptionDelays(cloud: CloudProcess, publisher: Publishers, rooms: number): Promise<number[]> {
  const publishedAt = new Map<string, number>();
  const delays: number[] = [];
  const deadline = performance.now() + 120_000;
  const warm = (async () => {
    for (let room = 0; room < rooms; room++) {
      publishedAt.set(`room-${room}`, performance.now());
      publisher.publish(`room-${room}`, HOT);
      await wait(100);
    }
  })();
  while (delays.length < rooms) {
    const { items } = await cloud.client.get<{ items: { readPoint: string | null }[] }>(
      '/api/v1/exceptions?limit=200&kind=TEMP_HIGH',
    );
    for (const { readPoint } of items) {
      const at = publishedAt.get(readPoint ?? '');
      if (at === undefined || readPoint === null) continue;
      publishedAt.delete(readPoint);
      delays.push(performance.now() - at);
    }
    if (performance.now() > deadline) throw new Error(`${delays.length} of ${rooms} exceptions were raised`);
    await wait(ASK_EVERY_MS);
  }
  await warm;
  return delays;
}

interface Publishers {
  publish(sensor: string, degrees: number): void;
  /** A thousand samples a second, each a change worth keeping; returns what stops it. */
  load(): () => void;
  close(): Promise<void>;
}

async function publishers(url: string): Promise<Publishers> {
  const clients = await Promise.all(
    Array.from({ length: LOAD_CLIENTS + 1 }, (_, n) => connectAsync(url, { clientId: `bench-${n}` })),
  );
  const publish = (client: number, sensor: string, degrees: number) =>
    void clients[client]?.publish(`zigbee2mqtt/${sensor}`, JSON.stringify({ temperature: degrees }), {
      qos: 1,
    });
  return {
    publish: (sensor, degrees) => publish(LOAD_CLIENTS, sensor, degrees),
    load() {
      let sent = 0;
      const from = performance.now();
      const timer = setInterval(() => {
        const due = ((performance.now() - from) * LOAD_PER_SECOND) / 1000;
        for (; sent < due; sent++) {
          publish(
            sent % LOAD_CLIENTS,
            `load-${sent % LOAD_PROBES}`,
            COLD + (Math.floor(sent / LOAD_PROBES) % 2),
          );
        }
      }, LOAD_EVERY_MS);
      return () => clearInterval(timer);
    },
    async close() {
      await Promise.all(clients.map((client) => client.endAsync(true)));
    },
  };
}

const each = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));

function siteOf(rooms: number) {
  const probe = (readPoint: string, location: string) => ({ readPoint, name: readPoint, location });
  return {
    name: 'Bench',
    locations: [
      { id: 'inbound', name: 'Inbound', kind: 'staging' as const },
      ...each(rooms, (n) => ({ id: `cold-${n}`, name: `Cold room ${n}`, kind: 'cold-room' as const })),
    ],
    doors: each(DOORS, (n) => ({ readPoint: `dock-${n}`, name: `Dock ${n}`, inside: 'inbound' })),
    probes: [
      ...each(rooms, (n) => probe(`room-${n}`, `cold-${n}`)),
      ...each(LOAD_PROBES, (n) => probe(`load-${n}`, 'inbound')),
    ],
    rules: [
      {
        id: 'chilled-high',
        version: 1,
        name: 'At most 8 °C',
        locations: each(rooms, (n) => `cold-${n}`),
        metric: 'temperature' as const,
        comparator: 'above' as const,
        limitMilli: 8000,
        deadBandMilli: 500,
        onDelayMs: 0,
        offDelayMs: 0,
        maxGapMs: 900_000,
        severity: 'critical' as const,
        hold: true,
      },
    ],
  };
}

function devicesOf(rooms: number, doors: readonly BenchDoor[]) {
  const condition = (id: string) => ({
    id,
    kind: 'condition',
    device: 'zigbee',
    channel: id,
    metrics: { temperature: { deadBandMilli: 500, highMilli: 8000 } },
    heartbeatMs: 300_000,
  });
  return {
    devices: [
      ...doors.map(({ address }, n) => ({ id: `reader-${n}`, driver: 'llrp', address })),
      { id: 'zigbee', driver: 'zigbee2mqtt' },
    ],
    readPoints: [
      ...each(DOORS, (n) => ({
        id: `dock-${n}`,
        kind: 'portal',
        antennas: [{ device: `reader-${n}`, antenna: '1' }],
        direction: { mode: 'assigned', as: 'IN' },
        session: { quietMs: QUIET_MS, maxMs: 60_000 },
      })),
      ...each(rooms, (n) => condition(`room-${n}`)),
      ...each(LOAD_PROBES, (n) => condition(`load-${n}`)),
    ],
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
