/**
 * A gateway that comes back after a long cut: its journal drains over the cloud's embedded broker (real MQTT, the
 * forwarder's own pacing) into the database, the cloud in a process of its own. An event counts when the cloud's
 * ack, which follows the commit, has come back. Meanwhile a live stock event is appended every 250 ms: its delay is
 * from append to ack. The floor writes the same events into one table of the same engine, from this process.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../gateway/app/system-clock.ts';
import { openJournal } from '../../gateway/journal/open-journal.ts';
import { createForwarder } from '../../gateway/uplink/forwarder.ts';
import { createMqttUplink } from '../../gateway/uplink/mqtt-uplink.ts';
import type { Uplink } from '../../gateway/uplink/uplink.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { until } from '../support/processes.ts';
import { type BenchLine, type BenchOptions, percentile, rounded } from './bench-line.ts';
import { type CloudProcess, startCloudProcess } from './cloud-process.ts';
import { plainInsertRate } from './plain-insert.ts';

const BACKLOG = 200_000;
const QUICK_BACKLOG = 30_000;
const BUDGET_EVENTS_PER_SECOND = 10_000;
const BUDGET_LIVE_MS = 2000;
const LIVE_EVERY_MS = 250;
const APPENDED_AT_ONCE = 500;
const PROBES = 40;

const SITE = {
  name: 'Bench',
  locations: [{ id: 'cold-1', name: 'Cold room', kind: 'cold-room' as const }],
  bins: [{ readPoint: 'scale-1', name: 'Bin', location: 'cold-1', gtin: '04012345678901' }],
  probes: Array.from({ length: PROBES }, (_, n) => ({
    readPoint: `probe-${n}`,
    name: `Probe ${n}`,
    location: 'cold-1',
  })),
};

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const backlog = quick ? QUICK_BACKLOG : BACKLOG;
  const events = backlogEvents(backlog);
  const cloud = await startCloudProcess(SITE);
  try {
    const floor = await plainInsertRate(events.slice(0, 30_000), cloud.databaseUrl);
    const { rate, liveMs, bytesPerEvent } = await drain(cloud, events);
    const name = `drain of ${backlog} events over the embedded broker, ${cloud.engine}`;
    const worst = percentile(liveMs, 1);
    return [
      {
        name: `${name}, ${Math.round(bytesPerEvent)} bytes per event on the link`,
        value: Math.round(rate),
        unit: 'events/s',
        floor: Math.round(floor),
        floorName: 'the same batches: unpack and INSERT … unnest into one table, no link',
        ratio: rounded(rate / floor),
        budget: `>= ${BUDGET_EVENTS_PER_SECOND}`,
        met: rate >= BUDGET_EVENTS_PER_SECOND,
      },
      {
        name: `${name}: longest delay of ${liveMs.length} live stock events, append to ack`,
        value: Math.round(worst),
        unit: 'ms',
        budget: `<= ${BUDGET_LIVE_MS}`,
        met: worst <= BUDGET_LIVE_MS,
      },
    ];
  } finally {
    await cloud.close();
  }
}

function backlogEvents(count: number): StockEvent[] {
  const startAt = Date.now() - (count / PROBES) * 30_000;
  return Array.from({ length: count }, (_, n) => ({
    type: 'sample',
    readPoint: `probe-${n % PROBES}`,
    device: 'bus-1',
    occurredAt: Math.round(startAt + Math.floor(n / PROBES) * 30_000 + (n % PROBES) * 11),
    metric: 'temperature',
    valueMilli: 4000 + ((n * 7919) % 900),
    reason: 'change',
  }));
}

async function drain(cloud: CloudProcess, events: readonly StockEvent[]) {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-drain-'));
  const clock = systemClock();
  const bootId = randomUUID();
  const stamp = () => ({
    recordedAt: clock.now(),
    bootId,
    monotonicMs: clock.monotonicMs(),
    clock: 'synced' as const,
  });
  const journal = await openJournal({ file: join(folder, 'journal.db'), clock, stamp });
  try {
    for (let n = 0; n < events.length; n += APPENDED_AT_ONCE) {
      await journal.append({ events: events.slice(n, n + APPENDED_AT_ONCE), put: [], drop: [] });
    }
    const random = seededRandom('bench', 'drain');
    const live = watchLive();
    const uplink = createMqttUplink({
      gateway: cloud.gateway,
      url: cloud.brokerUrl,
      clock,
      random,
      username: cloud.gateway,
      password: cloud.token,
    });
    const forwarder = createForwarder({
      gateway: cloud.gateway,
      journal,
      uplink: listening(uplink, live.onAck),
      clock,
      random,
    });
    const begun = performance.now();
    forwarder.start();
    let sequence = 0;
    const ticker = setInterval(() => {
      live.appended(++sequence);
      journal.append({ events: [weighing(sequence)], put: [], drop: [] }).catch(() => {});
    }, LIVE_EVERY_MS);
    const isDrained = () => forwarder.status().lanes.condition.ackedUpTo >= events.length;
    await until('the backlog to be acked', isDrained, 600_000).finally(() => clearInterval(ticker));
    const seconds = (performance.now() - begun) / 1000;
    await until('the last live event', () => forwarder.status().lanes.stock.ackedUpTo >= sequence);
    const { bytesSent } = forwarder.status().counters;
    await forwarder.close();
    return { rate: events.length / seconds, liveMs: live.delaysMs, bytesPerEvent: bytesSent / events.length };
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The live events are the only ones of the stock lane: the n-th has seq n. */
function watchLive() {
  const since = new Map<number, number>();
  const delaysMs: number[] = [];
  return {
    delaysMs,
    appended: (seq: number) => void since.set(seq, performance.now()),
    onAck(ack: Ack) {
      if (ack.lane !== 'stock') return;
      for (const [seq, at] of since) {
        if (seq > ack.upTo) continue;
        delaysMs.push(performance.now() - at);
        since.delete(seq);
      }
    },
  };
}

function weighing(n: number): StockEvent {
  return {
    type: 'weighing',
    readPoint: 'scale-1',
    device: 'scale-1',
    occurredAt: Date.now(),
    netMilligrams: n * 1000,
    stability: 'device',
    unit: 'kg',
    raw: 'S S     100.00 kg',
  };
}

function listening(uplink: Uplink, onAck: (ack: Ack) => void): Uplink {
  return {
    start: (handlers) =>
      uplink.start({
        ...handlers,
        onAck(ack) {
          onAck(ack);
          handlers.onAck(ack);
        },
      }),
    get connected() {
      return uplink.connected;
    },
    get state() {
      return uplink.state;
    },
    publish: (lane, payload) => uplink.publish(lane, payload),
    close: () => uplink.close(),
  };
}
