/**
 * Seven days without a network at ten events a second: 6.05 million events into a journal with default settings, at
 * the pace of life by a stepped clock (every group, commit and fsync as at the real rate), then drained over
 * Mosquitto, where there is one, into the database. Afterwards the ledger must hold each event once, or the figure
 * fails. The floor of the drain writes the same kinds of events into one table of the same engine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expectEachOnce } from '../support/each-once.ts';
import { type OfflineResult, offlineEvent, offlineSite, passOffline } from '../support/offline-week.ts';
import { type BenchLine, type BenchOptions, percentile, rounded } from './bench-line.ts';
import { type CloudProcess, startCloudProcess } from './cloud-process.ts';
import { type Drained, drainJournal } from './drain-journal.ts';
import { plainInsertRate } from './plain-insert.ts';

const EVENTS_PER_SECOND = 10;
const DAYS = 7;
const DAY_SECONDS = 86_400;
const QUICK_SECONDS = 1800;
const FLOOR_EVENTS = 30_000;
const BUDGET_EVENTS_PER_SECOND = 10_000;
const BUDGET_LIVE_MS = 2000;
const BUDGET_BYTES = 1800;

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const spanSeconds = quick ? QUICK_SECONDS : DAYS * DAY_SECONDS;
  const events = spanSeconds * EVENTS_PER_SECOND;
  const startAt = Date.now() - spanSeconds * 1000;
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-week-'));
  const file = join(folder, 'journal.db');
  try {
    const offline = await passOffline({ file, events, eventsPerSecond: EVENTS_PER_SECOND, startAt });
    const cloud = await startCloudProcess(offlineSite('A week offline'), { mosquitto: true });
    try {
      const sample = Array.from({ length: FLOOR_EVENTS }, (_, n) => offlineEvent(n, startAt + n * 100));
      const floor = await plainInsertRate(sample, cloud.databaseUrl);
      const writtenBefore = process.resourceUsage().fsWrite;
      const drained = await drainJournal(cloud, file);
      const drainBytes = (process.resourceUsage().fsWrite - writtenBefore) * BLOCK_BYTES;
      const stock = offline.lastSeq.stock + drained.liveMs.length;
      await expectEachOnce(cloud, { ...offline.lastSeq, stock });
      const longestLiveMs = await longestLiveDelay(cloud, offline, drained.liveMs);
      return lines({ events, offline, drained, longestLiveMs, drainBytes, floor, cloud });
    } finally {
      await cloud.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Unit of ru_oublock on Linux. */
const BLOCK_BYTES = 512;

function lines(measured: {
  events: number;
  offline: OfflineResult;
  drained: Drained;
  longestLiveMs: number;
  drainBytes: number;
  floor: number;
  cloud: CloudProcess;
}): BenchLine[] {
  const { events, offline, drained, floor, cloud } = measured;
  const rate = events / drained.seconds;
  const worst = measured.longestLiveMs;
  const name = `${events} events offline at ${EVENTS_PER_SECOND}/s`;
  const drain = `drained over ${cloud.broker} into ${cloud.engine}`;
  const perEvent = (offline.diskBytes + measured.drainBytes) / events;
  return [
    {
      name: `${name}: journal file, ${rounded(offline.fileBytes / events)} bytes per event`,
      value: rounded(offline.fileBytes / 1e6),
      unit: 'MB',
    },
    {
      name: `${name}: written by their time in ${Math.round(offline.seconds)} s`,
      value: Math.round(events / offline.seconds),
      unit: 'events/s',
    },
    {
      name: `${name}: sent to the disk from insert to prune, ${rounded(offline.diskBytes / 1e9)} GB before the drain`,
      value: Math.round(perEvent),
      unit: 'bytes per event (write_bytes)',
      budget: `<= ${BUDGET_BYTES}`,
      met: perEvent <= BUDGET_BYTES,
    },
    {
      name: `${name}: ${drain} in ${Math.round(drained.seconds)} s, each in the ledger once, ${Math.round(drained.bytesPerEvent)} bytes per event on the link, ${drained.batchesResent} batches sent again`,
      value: Math.round(rate),
      unit: 'events/s',
      floor: Math.round(floor),
      floorName: 'unpack and INSERT … unnest into one table, no link',
      ratio: rounded(rate / floor),
      budget: `>= ${BUDGET_EVENTS_PER_SECOND}`,
      met: rate >= BUDGET_EVENTS_PER_SECOND,
    },
    {
      name: `${name}: longest delay of ${drained.liveMs.length} live stock events meanwhile, append to the transaction that took it`,
      value: Math.round(worst),
      unit: 'ms',
      budget: `<= ${BUDGET_LIVE_MS}`,
      met: worst <= BUDGET_LIVE_MS,
    },
  ];
}

/**
 * Live events go ahead of the backlog of their own lane, which cumulative acks do not show: the ledger does. Without
 * PostgreSQL acks are all there is.
 */
async function longestLiveDelay(
  { databaseUrl }: CloudProcess,
  { lastSeq }: OfflineResult,
  liveMs: readonly number[],
): Promise<number> {
  if (databaseUrl === undefined) return percentile(liveMs, 1);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ longest: string }>(
      `select max(received_at - recorded_at) as longest from events where lane = 'stock' and seq > $1`,
      [lastSeq.stock],
    );
    return Number(rows[0]?.longest);
  } finally {
    await client.end();
  }
}
