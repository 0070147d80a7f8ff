/**
 * Group commit: what is appended within `groupMs`, or the first `groupRows` rows, shares one transaction and one
 * fsync. One commit is under way at a time; what comes meanwhile forms the next group, bounded in rows and bytes.
 * Prunes wait longer: each costs several pages of flash, and doing one late only means a batch sent twice.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import { JournalError } from './journal-error.ts';
import type { LanePrune, StoredEntry } from './store.ts';

export interface GroupLimits {
  readonly groupMs: number;
  readonly groupRows: number;
  readonly pruneMs: number;
  readonly pruneRows: number;
  readonly maxQueuedRows: number;
  readonly maxQueuedBytes: number;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

interface QueuedEntry extends Waiter {
  readonly entry: StoredEntry;
  readonly rows: number;
  readonly bytes: number;
}

interface QueuedPrune extends LanePrune {
  readonly since: number;
  readonly waiters: Waiter[];
}

type Commit = (entries: readonly StoredEntry[], prunes: readonly LanePrune[]) => Promise<void>;

export class GroupCommit {
  readonly #clock: Clock;
  readonly #limits: GroupLimits;
  readonly #commit: Commit;
  #queue: QueuedEntry[] = [];
  #rows = 0;
  #bytes = 0;
  #rowsUnderWay = 0;
  #bytesUnderWay = 0;
  #prunes = new Map<Lane, QueuedPrune>();
  readonly #prunedUpTo = new Map<Lane, number>();
  #prunableRows = 0;
  #pruneDue = false;
  #timer: Timer | undefined;
  #pruneTimer: Timer | undefined;
  #underWay: Promise<void> | undefined;
  #closed = false;

  constructor(clock: Clock, limits: GroupLimits, commit: Commit) {
    this.#clock = clock;
    this.#limits = limits;
    this.#commit = commit;
  }

  append(entry: StoredEntry): Promise<void> {
    if (this.#closed) return Promise.reject(new JournalError('closed', 'the journal is closed'));
    const rows = entry.events.length + entry.put.length + entry.drop.length;
    const bytes = sizeOf(entry);
    const waitingRows = this.#rows + this.#rowsUnderWay;
    const waitingBytes = this.#bytes + this.#bytesUnderWay;
    const { maxQueuedRows, maxQueuedBytes } = this.#limits;
    // A single entry over the limit still passes when nothing else waits.
    if (waitingRows > 0 && (waitingRows + rows > maxQueuedRows || waitingBytes + bytes > maxQueuedBytes)) {
      const message = `${waitingRows} rows already wait for the disk`;
      return Promise.reject(new JournalError('queue-full', message));
    }
    const done = new Promise<void>((resolve, reject) => {
      this.#queue.push({ entry, rows, bytes, resolve, reject });
    });
    this.#rows += rows;
    this.#bytes += bytes;
    this.#schedule();
    return done;
  }

  prune(prune: LanePrune): Promise<void> {
    if (this.#closed) return Promise.reject(new JournalError('closed', 'the journal is closed'));
    const queued = this.#prunes.get(prune.lane);
    const waiters = queued?.epoch === prune.epoch ? queued.waiters : [];
    if (queued !== undefined && queued.epoch !== prune.epoch)
      for (const waiter of queued.waiters) waiter.resolve();
    const upTo = queued?.epoch === prune.epoch ? Math.max(queued.upTo, prune.upTo) : prune.upTo;
    const since = queued?.since ?? this.#clock.monotonicMs();
    this.#prunes.set(prune.lane, { ...prune, upTo, since, waiters });
    const before = this.#prunedUpTo.get(prune.lane) ?? 0;
    this.#prunedUpTo.set(prune.lane, upTo);
    this.#prunableRows += Math.max(0, upTo - before);
    const done = new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
    if (this.#prunableRows >= this.#limits.pruneRows) this.#prunesAreDue();
    this.#pruneTimer ??= this.#clock.setTimer(this.#limits.pruneMs, 'journal prune', () => {
      this.#pruneTimer = undefined;
      this.#prunesAreDue();
    });
    return done;
  }

  /** Writes what waits now. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0 || this.#prunes.size > 0 || this.#underWay !== undefined) {
      this.#pruneDue = true;
      this.#start();
      await this.#underWay;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    this.#stopTimers();
  }

  /** Forgets what waits, as a crash would. */
  abandon(): void {
    this.#closed = true;
    this.#queue = [];
    this.#prunes.clear();
    this.#stopTimers();
  }

  #stopTimers(): void {
    this.#timer?.cancel();
    this.#pruneTimer?.cancel();
  }

  #prunesAreDue(): void {
    if (this.#prunes.size === 0) return;
    this.#pruneDue = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#rows >= this.#limits.groupRows) {
      this.#start();
      return;
    }
    this.#timer ??= this.#clock.setTimer(this.#limits.groupMs, 'journal group commit', () => {
      this.#timer = undefined;
      this.#start();
    });
  }

  #start(): void {
    if (this.#underWay !== undefined) return;
    const entries = this.#takeGroup();
    const prunes = this.#pruneDue ? [...this.#prunes.values()] : [];
    if (prunes.length > 0) {
      this.#prunes = new Map();
      this.#prunableRows = 0;
      this.#pruneTimer?.cancel();
      this.#pruneTimer = undefined;
    }
    this.#pruneDue = false;
    if (entries.length === 0 && prunes.length === 0) return;
    const waiters: Waiter[] = [...entries, ...prunes.flatMap((prune) => prune.waiters)];
    this.#underWay = this.#commit(
      entries.map((queued) => queued.entry),
      prunes.map(({ epoch, lane, upTo }) => ({ epoch, lane, upTo })),
    )
      .then(
        () => waiters.forEach((waiter) => void waiter.resolve()),
        (error: unknown) => waiters.forEach((waiter) => void waiter.reject(error)),
      )
      .then(() => {
        this.#underWay = undefined;
        this.#rowsUnderWay = 0;
        this.#bytesUnderWay = 0;
        if (this.#closed || this.#rows >= this.#limits.groupRows) this.#start();
      });
  }

  /** The next group: at most `groupRows` rows, at least one entry. */
  #takeGroup(): QueuedEntry[] {
    let count = 0;
    let rows = 0;
    let bytes = 0;
    for (const queued of this.#queue) {
      if (count > 0 && rows + queued.rows > this.#limits.groupRows) break;
      count++;
      rows += queued.rows;
      bytes += queued.bytes;
    }
    const group = this.#queue.splice(0, count);
    this.#rows -= rows;
    this.#bytes -= bytes;
    this.#rowsUnderWay = rows;
    this.#bytesUnderWay = bytes;
    if (this.#queue.length === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    return group;
  }
}

function sizeOf(entry: StoredEntry): number {
  let bytes = 0;
  for (const { body } of entry.events) bytes += body.length;
  for (const { key, body } of entry.put) bytes += key.length + body.length;
  for (const key of entry.drop) bytes += key.length;
  return bytes;
}
