/**
 * A gateway that comes back after a long cut: its journal drains over the cloud's embedded broker (real MQTT, the
 * forwarder's own pacing) into the database, the cloud in a process of its own. An event counts when the cloud's
 * ack, which follows the commit, has come back. Meanwhile a live stock event is appended every 250 ms: its delay is
 * from append to ack. The floor writes the same events into one table of the same engine, from this process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { type BenchLine, type BenchOptions, percentile, rounded } from './bench-line.ts';
import { type CloudProcess, startCloudProcess } from './cloud-process.ts';
import { drainJournal, stampBy } from './drain-journal.ts';
import { plainInsertRate } from './plain-insert.ts';

const BACKLOG = 200_000;
const QUICK_BACKLOG = 30_000;
const BUDGET_EVENTS_PER_SECOND = 10_000;
const BUDGET_LIVE_MS = 2000;
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
  const file = join(folder, 'journal.db');
  try {
    await fill(file, events);
    const drained = await drainJournal(cloud, file);
    return { ...drained, rate: events.length / drained.seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(file: string, events: readonly StockEvent[]): Promise<void> {
  const clock = systemClock();
  const journal = await openJournal({ file, clock, stamp: stampBy(clock) });
  for (let n = 0; n < events.length; n += APPENDED_AT_ONCE) {
    await journal.append({ events: events.slice(n, n + APPENDED_AT_ONCE), put: [], drop: [] });
  }
  await journal.close();
}
