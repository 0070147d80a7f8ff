/**
 * What a gateway writes while it has no network, at the pace of life and in a fraction of its time: a real journal
 * on a real file, its timers on a clock that is stepped from event to event, so that groups, commits and fsyncs are
 * those of the real rate. Forty probes, a scale, a door: eight samples in ten, a pass of ten cases now and then.
 */
import { readFileSync, statSync } from 'node:fs';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { createSteppedTime } from '../bench/stepped-time.ts';

const PROBES = 40;
const TAGS_PER_PASS = 10;

interface OfflineSpan {
  /** Of the journal to be filled; its folder must exist. */
  readonly file: string;
  readonly events: number;
  readonly eventsPerSecond: number;
  /** Epoch ms of the first event. */
  readonly startAt: number;
}

export interface OfflineResult {
  readonly lastSeq: Readonly<Record<Lane, number>>;
  /** Database file and WAL. */
  readonly fileBytes: number;
  /** Handed to write(2) by this process meanwhile, and what of it the kernel sent to the disk. */
  readonly writtenBytes: number;
  readonly diskBytes: number;
  readonly seconds: number;
}

/** The site that knows the places of these events. */
export function offlineSite(name: string) {
  return {
    name,
    locations: [
      { id: 'staging', name: 'Staging', kind: 'staging' as const },
      { id: 'cold-1', name: 'Cold room', kind: 'cold-room' as const },
    ],
    doors: [{ readPoint: 'dock-1', name: 'Dock', inside: 'staging' }],
    bins: [{ readPoint: 'scale-1', name: 'Bin', location: 'staging', gtin: '04012345678901' }],
    probes: Array.from({ length: PROBES }, (_, n) => ({
      readPoint: `probe-${n}`,
      name: `Probe ${n}`,
      location: 'cold-1',
    })),
  };
}

/** Appends the events of the span and closes the journal. Rejects when a single one was not taken. */
export async function passOffline(span: OfflineSpan): Promise<OfflineResult> {
  const { file, startAt } = span;
  const time = createSteppedTime(startAt);
  const bootId = 'offline-week';
  const journal = await openJournal({
    file,
    clock: time.clock,
    inThread: true,
    stamp: () => ({
      recordedAt: Math.round(time.clock.now()),
      bootId,
      monotonicMs: time.clock.monotonicMs(),
      clock: 'synced',
    }),
  });
  let failure: unknown;
  let durable = 0;
  const before = bytesWritten();
  const begun = performance.now();
  for (let n = 0; n < span.events && failure === undefined; n++) {
    time.advanceTo(startAt + (n * 1000) / span.eventsPerSecond);
    await turn();
    const event = offlineEvent(n, time.clock.now());
    // As the gateway does: nobody waits for a sample.
    journal.append({ events: [event], put: [], drop: [], patient: event.type === 'sample' }).then(
      () => durable++,
      (error: unknown) => {
        failure = error;
      },
    );
  }
  time.advanceTo(time.clock.now() + 60_000);
  await turn();
  const { lanes } = await journal.status();
  await journal.close();
  const seconds = (performance.now() - begun) / 1000;
  const after = bytesWritten();
  if (failure !== undefined) throw new Error('the journal refused an event', { cause: failure });
  if (durable !== span.events) throw new Error(`${durable} of ${span.events} events became durable`);
  return {
    lastSeq: { stock: lanes.stock.lastSeq, condition: lanes.condition.lastSeq, health: lanes.health.lastSeq },
    fileBytes: statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0),
    writtenBytes: after.written - before.written,
    diskBytes: after.disk - before.disk,
    seconds,
  };
}

/** The n-th event of the span. */
export function offlineEvent(n: number, now: number): StockEvent {
  const occurredAt = Math.round(now);
  if (n % 1000 === 999) {
    const detail = 'no bytes for 30 s';
    const active = n % 2000 === 999;
    return { type: 'device', device: 'reader-1', occurredAt, condition: 'silent', active, detail };
  }
  if (n % 300 === 299) return pass(n, occurredAt);
  return n % 5 === 4 ? offlineWeighing(n, now) : offlineSample(n, now);
}

export function offlineWeighing(n: number, now: number): StockEvent {
  return {
    type: 'weighing',
    readPoint: 'scale-1',
    device: 'scale-1',
    occurredAt: Math.round(now),
    netMilligrams: n * 1000,
    stability: 'device',
    unit: 'kg',
    raw: 'S S     100.00 kg',
  };
}

export function offlineSample(n: number, now: number): StockEvent {
  return {
    type: 'sample',
    readPoint: `probe-${n % PROBES}`,
    device: 'bus-1',
    occurredAt: Math.round(now),
    metric: 'temperature',
    valueMilli: 3000 + ((n * 7919) % 900),
    reason: 'change',
  };
}

function pass(n: number, occurredAt: number): StockEvent {
  const startedAt = occurredAt - 4000;
  return {
    type: 'receipt',
    readPoint: 'dock-1',
    occurredAt,
    startedAt,
    passId: `dock-1@${startedAt}`,
    part: 1,
    parts: 1,
    direction: 'IN',
    directionSource: 'assigned',
    straysIgnored: 0,
    tags: Array.from({ length: TAGS_PER_PASS }, (_, tag) => ({
      epc: `3034257bf7194e4${(n * TAGS_PER_PASS + tag).toString(16).padStart(9, '0')}`,
      firstSeenAt: startedAt,
      lastSeenAt: occurredAt,
      readCount: 12,
      peakRssiDbm: -48.5,
      antennas: ['1'],
    })),
  };
}

function bytesWritten(): { written: number; disk: number } {
  const text = readFileSync('/proc/self/io', 'utf8');
  const figure = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1]);
  return { written: figure('wchar'), disk: figure('write_bytes') };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
