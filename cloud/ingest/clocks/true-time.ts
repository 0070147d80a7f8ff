/**
 * What time it truly was, from what clocks said. PURE. An event that its gateway stamped `unsynced` is put right by
 * the monotonic clock of its boot, which runs evenly whatever the wall clock does:
 *  1. the gateway knew its error when it wrote the event: that;
 *  2. else the first confirmation of the boot at or after the event;
 *  3. else, the boot being over, its last one before the event;
 *  4. else, the boot having ended without any, an estimate: the error of the next boot that was confirmed, but no
 *     later than the start of that one less what the old one still ran;
 *  5. else it waits.
 * Only settled marks count: those at or below the acked end of their health lane, behind which nothing can still
 * come. So the answer follows from the set of events, not from the order of their arrival.
 */
import { CLOCK_SOURCES } from '../../../protocol/events/kinds/clock.ts';
import type { EventRecord } from '../../../protocol/events/record.ts';
import { isStorableTime } from '../../../protocol/events/times.ts';
import { AS_RECORDED, type EventTime } from '../../ledger/event-time.ts';
import type { ClockMarksTable, TimeQuality } from '../../store/tables/ingest.ts';

export type ClockMark = Omit<ClockMarksTable, 'gateway'>;

type Stamped = Pick<EventRecord, 'recordedAt' | 'bootId' | 'monotonicMs' | 'clock' | 'trueOffsetMs'>;

const WAITING: EventTime = { quality: 'waiting', correctionMs: 0 };

/** Whether a gateway that stamps so needs its clocks looked up. */
export function needsClocks({ clock, trueOffsetMs }: Stamped): boolean {
  return clock === 'unsynced' && trueOffsetMs === undefined;
}

/** The settled marks of one gateway. */
export class GatewayClocks {
  readonly #boots: ReadonlyMap<string, Boot>;

  constructor(marks: readonly ClockMark[]) {
    this.#boots = new Map(
      [...Map.groupBy(marks, (mark) => mark.boot_id)].map(([id, own]) => [id, bootOf(own, marks)]),
    );
  }

  timeOf(stamp: Stamped): EventTime {
    const { clock, trueOffsetMs, recordedAt } = stamp;
    if (clock !== 'unsynced') return AS_RECORDED;
    if (trueOffsetMs !== undefined) return corrected('corrected', recordedAt + trueOffsetMs, recordedAt);
    const boot = this.#boots.get(stamp.bootId);
    if (boot === undefined) return WAITING;
    const next = boot.confirmations.find((mark) => mark.monotonic_ms >= stamp.monotonicMs);
    const sure = next ?? (boot.isOver ? boot.confirmations.at(-1) : undefined);
    if (sure !== undefined) {
      return corrected('corrected', sure.wall_after + stamp.monotonicMs - sure.monotonic_ms, recordedAt);
    }
    if (boot.successor === undefined) return WAITING;
    return corrected('estimated', estimate(stamp, boot, boot.successor), recordedAt);
  }

  /** Up to which monotonic time events of the boot need not wait any more; undefined: all wait. */
  knownUpTo(bootId: string): number | undefined {
    const boot = this.#boots.get(bootId);
    if (boot === undefined) return undefined;
    const sure = boot.isOver && boot.confirmations.length > 0;
    if (sure || boot.successor !== undefined) return Number.MAX_VALUE;
    return boot.confirmations.at(-1)?.monotonic_ms;
  }
}

interface Boot {
  /** In the order of monotonic time. */
  readonly confirmations: readonly ClockMark[];
  /** Of all its marks. */
  readonly lastMonotonicMs: number;
  /** Another boot has spoken after it. */
  readonly isOver: boolean;
  /** For a boot without any confirmation: the first one of a later boot. */
  readonly successor: ClockMark | undefined;
}

function bootOf(own: readonly ClockMark[], all: readonly ClockMark[]): Boot {
  const bootId = own[0]?.boot_id;
  const confirmations = own.filter(isConfirmation).sort(byMonotonicTime);
  const ends = new Map<string, number>();
  for (const { epoch, seq } of own) ends.set(epoch, Math.max(seq, ends.get(epoch) ?? 0));
  const later = all
    .filter((mark) => mark.boot_id !== bootId && mark.seq > (ends.get(mark.epoch) ?? Number.MAX_VALUE))
    .sort((a, b) => a.seq - b.seq || (a.epoch < b.epoch ? -1 : 1));
  return {
    confirmations,
    lastMonotonicMs: own.reduce((last, mark) => Math.max(last, mark.monotonic_ms), 0),
    isOver: later.length > 0,
    successor: confirmations.length > 0 ? undefined : later.find(isConfirmation),
  };
}

function isConfirmation({ source }: ClockMark): boolean {
  return CLOCK_SOURCES[source].confirms;
}

function byMonotonicTime(a: ClockMark, b: ClockMark): number {
  return a.monotonic_ms - b.monotonic_ms || a.wall_after - b.wall_after;
}

function estimate(stamp: Stamped, boot: Boot, next: ClockMark): number {
  const ranOnMs = Math.max(0, boot.lastMonotonicMs - stamp.monotonicMs);
  const latest = next.wall_after - next.monotonic_ms - ranOnMs;
  return Math.min(stamp.recordedAt + next.wall_after - next.wall_before, latest);
}

/** A time that no calendar has follows from clocks that make no sense: then the event's own stands, as a guess. */
export function corrected(quality: TimeQuality, trueMs: number, recordedAt: number): EventTime {
  const correctionMs = Math.round(trueMs) - recordedAt;
  return isStorableTime(Math.round(trueMs)) && Number.isSafeInteger(correctionMs)
    ? { quality, correctionMs }
    : { quality: 'estimated', correctionMs: 0 };
}
