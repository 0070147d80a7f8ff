/**
 * What keeps the journal healthy between commits: the disk reserve, and the watch over the write-ahead log. A change
 * of condition becomes a device event of `journal`, so that the cloud knows of it; it is written again until it is stored.
 *
 * Disk full: the reserve is given back and the file may not grow any more, so that the reserve serves what makes room
 * and not new events. Once there is ample room the reserve is taken again and the file may grow.
 *
 * Log growing: SQLite moves the log into the file every 4 MiB and starts it over. When it stays much longer although
 * commits go on, a reader or a failing disk holds it up: it would grow until the disk is full. A checkpoint is then
 * forced; if the log is still there afterwards, it is reported.
 */
import type { DeviceConditionCode } from '../../../protocol/events/device-conditions.ts';
import type { Stamp } from '../../../protocol/events/record.ts';
import type { DeviceEvent } from '../../../protocol/events/stock-event.ts';
import type { JournalStore } from '../commit/store.ts';
import type { DiskReserve } from '../file/disk-reserve.ts';
import type { Surroundings } from '../file/disk-room.ts';
import { JournalError } from '../journal-error.ts';

/** Four times what an ordinary checkpoint leaves. */
export const WAL_ALARM_BYTES = 16 * 1024 * 1024;
const RECHECK_MS = 5000;

const CONDITIONS = {
  'disk-full': 'JOURNAL_DISK_FULL',
  'wal-growing': 'JOURNAL_WAL_GROWING',
} as const satisfies Record<string, DeviceConditionCode>;
type JournalCondition = keyof typeof CONDITIONS;

interface UpkeepStatus {
  /** Bytes kept back for a full disk, and whether they are there; 0 when none are wanted. */
  readonly reserve: { readonly bytes: number; readonly held: boolean };
  readonly conditions: readonly JournalCondition[];
}

export class Upkeep {
  readonly #file: string;
  readonly #reserve: DiskReserve;
  readonly #surroundings: Surroundings;
  readonly #active = new Map<JournalCondition, string>();
  /** What the lane holds about each condition. */
  readonly #reported = new Set<JournalCondition>();
  #nextCheckMs = 0;

  constructor(file: string, reserve: DiskReserve, surroundings: Surroundings) {
    this.#file = file;
    this.#reserve = reserve;
    this.#surroundings = surroundings;
    reserve.take();
  }

  status(): UpkeepStatus {
    const { bytes, held } = this.#reserve;
    return { reserve: { bytes, held }, conditions: [...this.#active.keys()] };
  }

  /** The disk took no more; true when giving back the reserve may help. */
  onDiskFull(store: JournalStore): boolean {
    if (!this.#reserve.release()) return false;
    store.stopGrowth();
    this.#active.set('disk-full', 'the disk is full: the journal lives on its reserve and may refuse events');
    return true;
  }

  /** After each commit; throws only for damage. */
  afterCommit(store: JournalStore, stamp: Stamp): void {
    const walBytes = this.#surroundings.sizeOf(`${this.#file}-wal`);
    const { bytes, held } = this.#reserve;
    const well = this.#active.size === 0 && this.#reported.size === 0 && (held || bytes === 0);
    if ((well && walBytes <= WAL_ALARM_BYTES) || stamp.monotonicMs < this.#nextCheckMs) return;
    this.#nextCheckMs = stamp.monotonicMs + RECHECK_MS;
    if (this.#reserve.take() && this.#active.delete('disk-full')) store.allowGrowth();
    this.#watchLog(store, walBytes);
    this.#reportChanges(store, stamp);
  }

  #watchLog(store: JournalStore, walBytes: number): void {
    if (walBytes > WAL_ALARM_BYTES) this.#unlessFull(() => store.checkpointLog());
    const left = this.#surroundings.sizeOf(`${this.#file}-wal`);
    if (left <= WAL_ALARM_BYTES) this.#active.delete('wal-growing');
    else this.#active.set('wal-growing', `the write-ahead log has ${left} bytes and cannot be emptied`);
  }

  #reportChanges(store: JournalStore, stamp: Stamp): void {
    const events: DeviceEvent[] = [];
    for (const name of ['disk-full', 'wal-growing'] as const) {
      const detail = this.#active.get(name);
      if ((detail !== undefined) === this.#reported.has(name)) continue;
      const base = { type: 'device', device: 'journal', occurredAt: stamp.recordedAt } as const;
      const over = { active: false, detail: 'over' };
      const now = detail === undefined ? over : { active: true, detail };
      events.push({ ...base, condition: CONDITIONS[name], ...now });
    }
    if (events.length === 0) return;
    this.#unlessFull(() => {
      store.note(events, stamp);
      this.#reported.clear();
      for (const name of this.#active.keys()) this.#reported.add(name);
    });
  }

  /** A full disk shows at the next commit. */
  #unlessFull(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
    }
  }
}
