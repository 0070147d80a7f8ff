/**
 * Group commit: what is appended within `groupMs`, or the first `groupRows` rows, shares one transaction and one
 * fsync. A group of patient entries only waits `patientMs`: each commit costs the flash some 6 KB however little is in
 * it, and the wait is what a power cut can take of readings that were not acknowledged yet. Two commits may be under way, so that the disk never waits for us; what comes meanwhile forms the next
 * group, bounded in rows and bytes. Prunes wait longer: each costs several pages of flash, and doing one late only
 * means that a batch may be sent twice.
 *
 * When a commit fails, everything behind it fails too, queued or under way: whoever offers it all again offers it in
 * order. A checkpoint must not be put back after the commit that dropped it. For the same reason a full queue takes
 * nothing more until all of it is durable: a small entry must not slip past a large one that was refused.
 */
import { type Lane, perLane } from '../../../protocol/events/lanes.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import { JournalError } from '../journal-error.ts';
import type { LanePrune, StoredGroup } from './store.ts';

export interface GroupLimits {
  readonly groupMs: number;
  /** Instead of `groupMs` for a group that nobody waits for. */
  readonly patientMs: number;
  readonly groupRows: number;
  readonly pruneMs: number;
  readonly pruneRows: number;
  readonly maxQueuedRows: number;
  readonly maxQueuedBytes: number;
}

/** One append, encoded. */
interface EncodedEntry {
  readonly events: readonly { readonly lane: Lane; readonly body: string }[];
  readonly put: readonly { readonly key: string; readonly body: string }[];
  readonly drop: readonly string[];
  readonly patient: boolean;
}

interface CommitWaiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** A group in the making. */
interface Group {
  readonly events: Record<Lane, string[]>;
  readonly checkpoints: { key: string; body?: string }[];
  readonly waiters: CommitWaiter[];
  rows: number;
}

interface QueuedPrune {
  readonly epoch: string;
  upTo: number;
  readonly waiters: CommitWaiter[];
}

type Commit = (group: StoredGroup, prunes: readonly LanePrune[], generation: number) => Promise<void>;

const MAX_UNDER_WAY = 2;

export class GroupCommit {
  readonly #clock: Clock;
  readonly #limits: GroupLimits;
  readonly #commit: Commit;
  /** Oldest first; all but the last take no more. */
  #groups: Group[] = [];
  /** Not yet durable, queued and under way. */
  #rows = 0;
  #bytes = 0;
  readonly #prunes = new Map<Lane, QueuedPrune>();
  readonly #prunedUpTo = new Map<Lane, number>();
  #prunableRows = 0;
  /** Counts failures; commits carry it. */
  #generation = 0;
  #pruneDue = false;
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined;
  /** The queue was full and has not been empty since. */
  #refusing = false;
  #pruneTimer: Timer | undefined;
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor(clock: Clock, limits: GroupLimits, commit: Commit) {
    this.#clock = clock;
    this.#limits = limits;
    this.#commit = commit;
  }

  append(entry: EncodedEntry): Promise<void> {
    if (this.#closed) return Promise.reject(new JournalError('closed', 'the journal is closed'));
    const rows = entry.events.length + entry.put.length + entry.drop.length;
    const bytes = sizeOf(entry);
    const { maxQueuedRows, maxQueuedBytes, groupRows } = this.#limits;
    // A single entry over the limit still passes when nothing else waits.
    const full = this.#rows + rows > maxQueuedRows || this.#bytes + bytes > maxQueuedBytes;
    this.#refusing = this.#rows > 0 && (this.#refusing || full);
    if (this.#refusing) {
      return Promise.reject(new JournalError('queue-full', `${this.#rows} rows already wait for the disk`));
    }
    this.#rows += rows;
    this.#bytes += bytes;
    const group = this.#groupFor(rows);
    addTo(group, entry, rows);
    const done = new Promise<void>((resolve, reject) => {
      const settled = () => {
        this.#rows -= rows;
        this.#bytes -= bytes;
      };
      group.waiters.push({
        resolve() {
          settled();
          resolve();
        },
        reject(error) {
          settled();
          reject(error);
        },
      });
    });
    if (group.rows >= groupRows || this.#groups.length > 1) this.#startFull();
    if (this.#groups.length > 0) {
      this.#startWithin(entry.patient ? this.#limits.patientMs : this.#limits.groupMs);
    }
    return done;
  }

  prune({ epoch, lane, upTo }: LanePrune): Promise<void> {
    if (this.#closed) return Promise.reject(new JournalError('closed', 'the journal is closed'));
    let queued = this.#prunes.get(lane);
    if (queued === undefined || queued.epoch !== epoch) {
      // One of an epoch that has ended is done: its rows are gone with their file.
      for (const waiter of queued?.waiters ?? []) waiter.resolve();
      queued = { epoch, upTo, waiters: [] };
      this.#prunes.set(lane, queued);
    }
    queued.upTo = Math.max(queued.upTo, upTo);
    const { waiters } = queued;
    const done = new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
    this.#prunableRows += Math.max(0, upTo - (this.#prunedUpTo.get(lane) ?? 0));
    this.#prunedUpTo.set(lane, upTo);
    if (this.#prunableRows >= this.#limits.pruneRows) this.#prunesAreDue();
    else {
      this.#pruneTimer ??= this.#clock.setTimer(this.#limits.pruneMs, 'journal prune', () =>
        this.#prunesAreDue(),
      );
    }
    return done;
  }

  /** Writes what waits now. */
  async flush(): Promise<void> {
    do {
      this.#pruneDue = this.#prunes.size > 0;
      this.#start();
      await Promise.all(this.#underWay);
    } while (this.#groups.length > 0 || this.#prunes.size > 0 || this.#underWay.size > 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    this.#stopTimers();
  }

  /** Forgets what waits, as a crash would. */
  abandon(): void {
    this.#closed = true;
    this.#groups = [];
    this.#prunes.clear();
    this.#stopTimers();
  }

  #stopTimers(): void {
    this.#stopTimer();
    this.#pruneTimer?.cancel();
  }

  /** The group that takes so many more rows: the last one, unless that would overfill it. */
  #groupFor(rows: number): Group {
    const last = this.#groups.at(-1);
    if (last !== undefined && last.rows + rows <= this.#limits.groupRows) return last;
    const group: Group = {
      events: perLane<string[]>(() => []),
      checkpoints: [],
      waiters: [],
      rows: 0,
    };
    this.#groups.push(group);
    return group;
  }

  #prunesAreDue(): void {
    this.#pruneTimer?.cancel();
    this.#pruneTimer = undefined;
    this.#pruneDue = this.#prunes.size > 0;
    if (this.#pruneDue) this.#startWithin(this.#limits.groupMs);
  }

  /** Brings the start forward, never puts it off. */
  #startWithin(delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#stopTimer();
    const timer = this.#clock.setTimer(delayMs, 'journal group commit', () => {
      this.#timer = undefined;
      this.#start();
    });
    this.#timer = { timer, dueMs };
  }

  #stopTimer(): void {
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  /** Starts groups that are full, and those before the last. */
  #startFull(): void {
    for (;;) {
      const [first, next] = this.#groups;
      const full = first !== undefined && (next !== undefined || first.rows >= this.#limits.groupRows);
      if (!full || this.#underWay.size >= MAX_UNDER_WAY) return;
      this.#start();
    }
  }

  /** Starts the first group, full or not, if there is room under way; else the end of a commit does. */
  #start(): void {
    if (this.#underWay.size >= MAX_UNDER_WAY) return;
    const group = this.#groups.shift();
    const prunes = this.#pruneDue ? [...this.#prunes] : [];
    if (this.#pruneDue) {
      this.#pruneDue = false;
      this.#prunes.clear();
      this.#prunableRows = 0;
    }
    if (this.#groups.length === 0) this.#stopTimer();
    if (group === undefined && prunes.length === 0) return;
    const { events, checkpoints, waiters } = group ?? EMPTY;
    const lanePrunes = prunes.map(([lane, { epoch, upTo }]) => ({ epoch, lane, upTo }));
    const all = [...waiters, ...prunes.flatMap(([, prune]) => prune.waiters)];
    const generation = this.#generation;
    const work: Promise<void> = this.#commit({ events, checkpoints }, lanePrunes, generation)
      .then(
        () => {
          for (const waiter of all) waiter.resolve();
        },
        (error: unknown) => {
          for (const waiter of all) waiter.reject(error);
          if (generation === this.#generation) this.#failQueued(error);
        },
      )
      .then(() => {
        this.#underWay.delete(work);
        const overdue = this.#groups.length > 0 || this.#pruneDue;
        if (overdue && this.#timer === undefined) this.#start();
        this.#startFull();
      });
    this.#underWay.add(work);
  }

  #failQueued(error: unknown): void {
    this.#generation += 1;
    const queued = this.#groups;
    this.#groups = [];
    for (const { waiters } of queued) for (const waiter of waiters) waiter.reject(error);
  }
}

const EMPTY: Group = {
  events: perLane<string[]>(() => []),
  checkpoints: [],
  waiters: [],
  rows: 0,
};

function addTo(group: Group, entry: EncodedEntry, rows: number): void {
  for (const { lane, body } of entry.events) group.events[lane].push(body);
  for (const key of entry.drop) group.checkpoints.push({ key });
  group.checkpoints.push(...entry.put);
  group.rows += rows;
}

function sizeOf(entry: EncodedEntry): number {
  let bytes = 0;
  for (const { body } of entry.events) bytes += body.length;
  for (const { key, body } of entry.put) bytes += key.length + body.length;
  for (const key of entry.drop) bytes += key.length;
  return bytes;
}
