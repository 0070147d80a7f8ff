/** What the journal's tests share: a folder of their own, a virtual clock, stamps and events. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stamp } from '../../../protocol/events/record.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import type { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import type { Journal } from '../journal.ts';
import { type JournalOptions, type OpenJournal, openJournal } from './open-journal.ts';

export const START = Date.UTC(2026, 8, 1, 6);

export function virtualClock(): VirtualClock {
  return clockAt(START);
}

/** Memory where there is some: what these tests prove does not hang on how slow the disk's fsync is. */
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export class JournalFolder implements Disposable {
  readonly path = mkdtempSync(join(ROOT, 'tallyport-journal-'));
  readonly file = join(this.path, 'journal.db');

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A journal in virtual time, and the means to append to it without waiting by hand. */
export async function openVirtual(
  file: string,
  options: Partial<JournalOptions> = {},
): Promise<{ clock: VirtualClock; journal: OpenJournal; run<T>(work: Promise<T>): Promise<T> }> {
  const clock = virtualClock();
  const journal = await openJournal({
    file,
    clock,
    stamp: () => stampAt(clock.now()),
    inThread: true,
    ...options,
  });
  return { clock, journal, run: (work) => clock.runUntilSettled(work) };
}

export function stampAt(now: number): Stamp {
  return { recordedAt: now, bootId: 'boot-1', monotonicMs: now - START, clock: 'synced' };
}

/** Text that does not compress, so that events take the room of a busy site's: always the same for a number. */
export function noise(n: number): string {
  return createHash('shake128', { outputLength: 220 }).update(String(n)).digest('base64');
}

export function weighing(n: number): StockEvent {
  return {
    type: 'weighing',
    readPoint: 'scale-1',
    device: 'scale-1',
    occurredAt: START + n,
    netMilligrams: n,
    stability: 'device',
    unit: 'kg',
    raw: `S S ${n} kg ${noise(n)}`,
  };
}

export function sample(n: number): StockEvent {
  return {
    type: 'sample',
    readPoint: 'cold-1',
    device: 'probe-1',
    occurredAt: START + n,
    metric: 'temperature',
    valueMilli: n,
    reason: 'change',
    note: noise(n),
  };
}

export function deviceEvent(n: number): StockEvent {
  return {
    type: 'device',
    device: 'reader-1',
    occurredAt: START + n,
    condition: 'silent',
    active: n % 2 === 0,
    detail: `${n} ${noise(n)}`,
  };
}

export const entry = (...events: StockEvent[]) => ({ events, put: [], drop: [] });

/** Every waiting event of a lane. */
export async function readAll(
  journal: Journal,
  lane: 'stock' | 'condition' | 'health',
): Promise<StockEvent[]> {
  const events: StockEvent[] = [];
  for (let after = 0; ; ) {
    const slice = await journal.read(lane, after, 1000, 1_000_000);
    if (slice === undefined) return events;
    events.push(...slice.records.map((record) => record.event));
    after = slice.lastSeq;
  }
}
