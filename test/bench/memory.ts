/**
 * A gateway process in its worst week: four readers without a pause, forty sensors, and a backlog waiting behind a
 * broker that takes every batch while no cloud acks any, so the window of batches stays full too. Memory is the
 * resident set that the kernel counts; the event loop's delay is what the gateway says of itself.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { offlineSample, offlineWeighing } from '../support/offline-week.ts';
import { type BenchLine, type BenchOptions, median, percentile, rounded } from './bench-line.ts';
import { startBusyGateway } from './busy-gateway.ts';

const READERS = 4;
const SENSORS = 40;
const BACKLOG = 1_000_000;
const APPENDED_AT_ONCE = 2000;
const MEBIBYTE = 1024 * 1024;
const BUDGET_MEBIBYTES = 150;
const BUDGET_DELAY_MS = 20;
const SECONDS = 40;
const SAMPLE_EVERY_MS = 1000;
/** Behind the start, when the first whole window of the delay has been measured. */
const SETTLE_MS = 11_000;
const QUICK = { backlog: 100_000, settleMs: 4000, seconds: 5 };

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-memory-'));
  const backlog = quick ? QUICK.backlog : BACKLOG;
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const uplinkUrl = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await fill(join(folder, 'journal.db'), backlog);
    const idle = await idleBytes();
    const gateway = await startBusyGateway({ folder, readers: READERS, sensors: SENSORS, uplinkUrl });
    try {
      await wait(quick ? QUICK.settleMs : SETTLE_MS);
      const cpuBefore = gateway.cpuSeconds();
      const readingsBefore = await readingsOf(gateway);
      const seconds = quick ? QUICK.seconds : SECONDS;
      const rss: number[] = [];
      const delays: number[] = [];
      for (let n = 0; n < seconds; n++) {
        await wait(SAMPLE_EVERY_MS);
        rss.push(gateway.rssBytes());
        if (n % 10 === 9 || n === seconds - 1)
          delays.push((await gateway.status()).eventLoopDelayP99Seconds ?? Number.NaN);
      }
      const cores = (gateway.cpuSeconds() - cpuBefore) / seconds;
      const readings = ((await readingsOf(gateway)) - readingsBefore) / seconds;
      const { journal } = await gateway.status();
      const waiting = Object.values(journal.lanes).reduce((sum, lane) => sum + lane.waiting, 0);
      const load = `${READERS} readers (${Math.round(readings)} readings/s), ${SENSORS} sensors, ${waiting} events waiting`;
      const highest = percentile(rss, 1) / MEBIBYTE;
      const delayMs = median(delays) * 1000;
      return [
        {
          name: `gateway memory, ${load}, processor ${Math.round(cores * 100)} % of a core`,
          value: rounded(highest),
          unit: 'MiB resident, highest of a sample per second',
          floor: rounded(idle / MEBIBYTE),
          floorName: 'an idle node process without any code of ours',
          ratio: rounded(highest / (idle / MEBIBYTE)),
          budget: `<= ${BUDGET_MEBIBYTES} MB`,
          met: highest * MEBIBYTE <= BUDGET_MEBIBYTES * 1e6,
        },
        {
          name: `event-loop delay p99, ${load}`,
          value: rounded(delayMs),
          unit: `ms, median of ${delays.length} windows of 10 s`,
          budget: `< ${BUDGET_DELAY_MS} ms`,
          met: delayMs < BUDGET_DELAY_MS,
        },
      ];
    } finally {
      await gateway.close();
    }
  } finally {
    broker.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readingsOf(gateway: Awaited<ReturnType<typeof startBusyGateway>>): Promise<number> {
  const { devices } = await gateway.status();
  return devices.reduce((sum, device) => sum + device.readings, 0);
}

/** The backlog of a week: samples, and a weighing in ten. */
async function fill(file: string, count: number): Promise<void> {
  const clock = systemClock();
  const startAt = clock.now() - 7 * 86_400_000;
  const stamp = () => ({
    recordedAt: startAt,
    bootId: 'a-week',
    monotonicMs: 1234,
    clock: 'synced' as const,
  });
  const journal = await openJournal({ file, clock, stamp });
  for (let n = 0; n < count; n += APPENDED_AT_ONCE) {
    const events = Array.from({ length: Math.min(APPENDED_AT_ONCE, count - n) }, (_, i) =>
      eventAt(n + i, startAt),
    );
    await journal.append({ events, put: [], drop: [] });
  }
  await journal.close();
}

const eventAt = (n: number, startAt: number): StockEvent =>
  n % 10 === 0 ? offlineWeighing(n, startAt + n * 500) : offlineSample(n, startAt + n * 500);

async function idleBytes(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    await wait(1500);
    const text = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
  } finally {
    child.kill();
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
