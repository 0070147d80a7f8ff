/**
 * What one event costs the flash from insert to prune, online, at ten events a second, by how many of them are stock
 * events: each of those is committed within 50 ms, and a commit writes whole pages however little is in it. The
 * journal runs under virtual time on a real file, every fsync real. Counted is `write_bytes` of /proc/self/io
 * (proc(5)): what the process caused to be sent to the storage layer, in whole pages of the page cache; the file
 * system's own journal is not in it. The temporary folder must lie on a disk: in memory nothing is written.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journal } from '../../gateway/journal/journal.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import { LANES } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { offlineSample, offlineWeighing } from '../support/offline-week.ts';
import type { BenchLine, BenchOptions } from './bench-line.ts';

const EVENTS = 20_000;
const QUICK_EVENTS = 3000;
const EVENTS_PER_SECOND = 10;
const ACK_EVERY_MS = 1000;
const START = Date.UTC(2026, 8, 1, 6);
const BUDGET_BYTES = 1800;

interface Mix {
  readonly name: string;
  /** One stock event in so many; 0: samples alone. */
  readonly stockEvery: number;
}
const MIXES: readonly Mix[] = [
  { name: 'samples alone', stockEvery: 0 },
  { name: 'one stock event in twenty', stockEvery: 20 },
  { name: 'one stock event in five', stockEvery: 5 },
  { name: 'every second one a stock event', stockEvery: 2 },
];

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const mix of MIXES) {
    const bytes = await bytesPerEvent(mix, quick ? QUICK_EVENTS : EVENTS);
    lines.push({
      name: `sent to the disk from insert to prune, ${EVENTS_PER_SECOND} events/s, ${mix.name}`,
      value: Math.round(bytes),
      unit: 'bytes per event (write_bytes)',
      budget: `<= ${BUDGET_BYTES}`,
      met: bytes <= BUDGET_BYTES,
    });
  }
  return lines;
}

async function bytesPerEvent({ stockEvery }: Mix, events: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-flash-'));
  const flush = () => new Promise<void>((resolve) => setImmediate(resolve));
  const clock = new VirtualClock({ startAt: START, flush });
  const stamp = () => ({
    recordedAt: clock.now(),
    bootId: '01234567-89ab-cdef-0123-456789abcdef',
    monotonicMs: clock.monotonicMs(),
    clock: 'synced' as const,
  });
  try {
    const journal = await openJournal({ file: join(folder, 'journal.db'), clock, stamp, inThread: true });
    const before = storageBytesWritten();
    for (let n = 0; n < events; n++) {
      const isStock = stockEvery > 0 && n % stockEvery === 0;
      append(journal, isStock ? offlineWeighing(n, clock.now()) : offlineSample(n, clock.now()));
      await clock.runFor(1000 / EVENTS_PER_SECOND);
      if ((((n + 1) * 1000) / EVENTS_PER_SECOND) % ACK_EVERY_MS === 0) await ackAll(journal);
    }
    await clock.runFor(ACK_EVERY_MS);
    await ackAll(journal);
    await clock.runUntilSettled(journal.close());
    return (storageBytesWritten() - before) / events;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As the gateway does: nobody waits for a sample. */
function append(journal: Journal, event: StockEvent): void {
  void journal.append({ events: [event], put: [], drop: [], patient: event.type === 'sample' });
}

async function ackAll(journal: Journal): Promise<void> {
  const { epoch, lanes } = await journal.status();
  for (const lane of LANES) void journal.prune(epoch, lane, lanes[lane].lastSeq);
}

function storageBytesWritten(): number {
  const match = /^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'));
  return Number(match?.[1] ?? Number.NaN);
}
