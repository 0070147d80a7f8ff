/**
 * What one event costs the flash from insert to prune, at a given pace: the journal under virtual time on a real file,
 * every fsync real. Counted is `write_bytes` of /proc/self/io (proc(5)): what the process caused to be sent to the
 * storage layer, in whole pages of the page cache; the file system's own journal is not in it. The folder must lie on
 * a disk: in memory nothing is written.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from '../../gateway/journal/journal.ts';
import { openJournal } from '../../gateway/journal/open-journal.ts';
import { LANES } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';

export interface FlashLoad {
  /** On a disk. */
  readonly folder: string;
  readonly events: number;
  readonly everyMs: number;
  readonly eventAt: (n: number, now: number) => StockEvent;
  /** Events that nobody waits for; see JournalEntry.patient. */
  readonly patient: (event: StockEvent) => boolean;
  /** An ack follows so many milliseconds behind; undefined: offline, all is pruned at the end, 500 events at a time. */
  readonly ackAfterMs: number | undefined;
  readonly groupCommitMs?: number;
  readonly start: number;
}

export interface FlashCost {
  readonly bytesPerEvent: number;
  /** Largest file and write-ahead log seen, bytes. */
  readonly fileBytes: number;
  readonly walBytes: number;
}

const ACK_EVENTS = 500;

export async function measureFlashCost(load: FlashLoad): Promise<FlashCost> {
  const folder = mkdtempSync(join(load.folder, 'tallyport-flash-'));
  const clock = new VirtualClock({
    startAt: load.start,
    flush: () => new Promise((resolve) => setImmediate(resolve)),
  });
  try {
    const journal = await openJournal({
      file: join(folder, 'journal.db'),
      clock,
      stamp: () => ({
        recordedAt: clock.now(),
        bootId: '01234567-89ab-cdef-0123-456789abcdef',
        monotonicMs: clock.monotonicMs(),
        clock: 'synced',
      }),
      inThread: true,
      ...(load.groupCommitMs === undefined ? {} : { groupCommitMs: load.groupCommitMs }),
    });
    const before = storageBytesWritten();
    const peak = { fileBytes: 0, walBytes: 0 };
    await appendAtPace(load, clock, journal, peak);
    await pruneAll(clock, journal);
    await clock.runUntilSettled(journal.close());
    return { bytesPerEvent: (storageBytesWritten() - before) / load.events, ...peak };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function appendAtPace(
  load: FlashLoad,
  clock: VirtualClock,
  journal: Journal,
  peak: { fileBytes: number; walBytes: number },
): Promise<void> {
  const acking = load.ackAfterMs;
  let nextAckAt = acking ?? Number.POSITIVE_INFINITY;
  const appends: Promise<void>[] = [];
  const begun = clock.monotonicMs();
  for (let n = 0; n < load.events; n++) {
    const event = load.eventAt(n, clock.now());
    appends.push(journal.append({ events: [event], put: [], drop: [], patient: load.patient(event) }));
    await clock.runFor(load.everyMs);
    const elapsed = clock.monotonicMs() - begun;
    if (acking === undefined || elapsed < nextAckAt) continue;
    nextAckAt = elapsed + acking;
    const status = await journal.status();
    peak.fileBytes = Math.max(peak.fileBytes, status.fileBytes);
    peak.walBytes = Math.max(peak.walBytes, status.walBytes);
    for (const lane of LANES) void journal.prune(journal.epoch, lane, status.lanes[lane].lastSeq);
  }
  await clock.runUntilSettled(Promise.all(appends));
  const { fileBytes, walBytes } = await journal.status();
  peak.fileBytes = Math.max(peak.fileBytes, fileBytes);
  peak.walBytes = Math.max(peak.walBytes, walBytes);
}

async function pruneAll(clock: VirtualClock, journal: Journal): Promise<void> {
  const { lanes } = await journal.status();
  for (const lane of LANES) {
    const { lastSeq, prunedUpTo } = lanes[lane];
    for (let upTo = prunedUpTo; upTo < lastSeq; ) {
      upTo = Math.min(upTo + ACK_EVENTS, lastSeq);
      await clock.runUntilSettled(journal.prune(journal.epoch, lane, upTo));
    }
  }
}

/** Bytes that this process has sent to storage so far. */
export function storageBytesWritten(): number {
  const match = /^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'));
  return Number(match?.[1] ?? Number.NaN);
}
