/**
 * The journal against a bare better-sqlite3 insert loop of the same rows, commits and durability, and the bytes that
 * one forwarded event costs the flash from insert to prune. Rates take the better of several alternating rounds:
 * other work on the machine only ever slows a round down. Bytes are `wchar` of /proc/self/io: what was handed to
 * write(2), whole process, before any merging in the page cache; on a disk `write_bytes` is within a few per cent.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import { laneOf } from '../../protocol/events/event-kinds.ts';
import type { Stamp } from '../../protocol/events/record.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { createClock } from '../../protocol/ports/clock.ts';
import { offlineSample, offlineWeighing } from '../support/offline-week.ts';
import type { BenchLine, BenchOptions } from './bench-line.ts';

const ROUNDS = 3;
const ROWS = 60_000;
const QUICK_ROWS = 20_000;
const ROWS_PER_COMMIT = 500;
const SMALL_COMMIT_ROWS = 50;
const START = Date.UTC(2026, 8, 1, 6);
const STAMP: Stamp = {
  recordedAt: START,
  bootId: '0123456789abcdef',
  monotonicMs: 12_345.678,
  clock: 'synced',
};

const clock = createClock({
  now: Date.now,
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});

/** Five stock events to four samples and a device event. */
function eventAt(n: number): StockEvent {
  const occurredAt = START + n;
  if (n % 10 === 9) {
    const detail = 'no bytes for 30 s';
    return { type: 'device', device: 'reader-door-1', occurredAt, condition: 'silent', active: true, detail };
  }
  return n % 2 === 0 ? offlineWeighing(n, occurredAt) : offlineSample(n, occurredAt);
}

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-journal-'));
  try {
    const events = Array.from({ length: quick ? QUICK_ROWS : ROWS }, (_, n) => eventAt(n));
    let journalRate = 0;
    let floorRate = 0;
    for (let round = 0; round < ROUNDS; round++) {
      floorRate = Math.max(floorRate, bareRate(join(folder, `bare-${round}.db`), events));
      journalRate = Math.max(journalRate, await appendRate(join(folder, `journal-${round}.db`), events));
    }
    const bytes = await bytesPerEvent(join(folder, 'flash.db'), events);
    return [
      {
        name: 'journal append, FULL, group commit',
        value: Math.round(journalRate),
        unit: 'events/s',
        floor: Math.round(floorRate),
        floorName: `bare better-sqlite3 loop, ${ROWS_PER_COMMIT} rows per FULL commit`,
        ratio: round2(journalRate / floorRate),
        budget: '>= 0.7 x floor',
        met: journalRate >= 0.7 * floorRate,
      },
      {
        name: 'journal bytes written per forwarded event, insert to prune',
        value: Math.round(bytes),
        unit: `bytes (wchar), commits of ${SMALL_COMMIT_ROWS}`,
        budget: '<= 1800',
        met: bytes <= 1800,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same rows with the same pragmas, and nothing else: encoded as plain JSON, one table per lane. */
function bareRate(file: string, events: readonly StockEvent[]): number {
  const db = new Database(file);
  db.pragma('page_size = 2048');
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('create table stock(seq integer primary key, body text not null)');
  db.exec('create table condition(seq integer primary key, body text not null)');
  db.exec('create table health(seq integer primary key, body text not null)');
  const insert = {
    stock: db.prepare('insert into stock(body) values (?)'),
    condition: db.prepare('insert into condition(body) values (?)'),
    health: db.prepare('insert into health(body) values (?)'),
  };
  const begun = performance.now();
  const commit = db.transaction((from: number) => {
    for (const event of events.slice(from, from + ROWS_PER_COMMIT)) {
      insert[laneOf(event.type)].run(JSON.stringify({ ...STAMP, event }));
    }
  });
  for (let n = 0; n < events.length; n += ROWS_PER_COMMIT) commit(n);
  const seconds = (performance.now() - begun) / 1000;
  db.close();
  return events.length / seconds;
}

/** Appends from many callers at once, one event each, as the gateway does; the store runs in its worker. */
async function appendRate(file: string, events: readonly StockEvent[]): Promise<number> {
  const journal = await openJournal({ file, clock, stamp: () => STAMP, groupCommitRows: ROWS_PER_COMMIT });
  const begun = performance.now();
  let next = 0;
  const caller = async () => {
    for (let event = events[next++]; event !== undefined; event = events[next++]) {
      await journal.append({ events: [event], put: [], drop: [] });
    }
  };
  await Promise.all(Array.from({ length: ROWS_PER_COMMIT * 4 }, caller));
  const seconds = (performance.now() - begun) / 1000;
  await journal.close();
  return events.length / seconds;
}

/** In-thread, so that the process's counters see every write; acks follow 500 events behind. */
async function bytesPerEvent(file: string, events: readonly StockEvent[]): Promise<number> {
  const journal = await openJournal({
    file,
    clock,
    stamp: () => STAMP,
    inThread: true,
    groupCommitRows: SMALL_COMMIT_ROWS,
  });
  const before = bytesWritten();
  let pruned = Promise.resolve();
  for (let n = 0; n < events.length; n += SMALL_COMMIT_ROWS) {
    await journal.append({ events: events.slice(n, n + SMALL_COMMIT_ROWS), put: [], drop: [] });
    if (n % 500 !== 0) continue;
    const { lanes } = await journal.status();
    for (const lane of ['stock', 'condition', 'health'] as const) {
      pruned = journal.prune(journal.epoch, lane, Math.max(0, lanes[lane].lastSeq - 50));
    }
  }
  const { lanes, epoch } = await journal.status();
  for (const lane of ['stock', 'condition', 'health'] as const)
    pruned = journal.prune(epoch, lane, lanes[lane].lastSeq);
  await journal.close();
  await pruned;
  return (bytesWritten() - before) / events.length;
}

function bytesWritten(): number {
  const match = /^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'));
  return Number(match?.[1] ?? Number.NaN);
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
