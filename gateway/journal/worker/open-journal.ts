/**
 * Opens the journal for the rest of the gateway: stamps and encodes on the calling side, groups commits by the
 * Clock port, and runs the store in a worker thread (or in this one, for virtual-time runs).
 */
import { randomUUID } from 'node:crypto';
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import type { Lane } from '../../../protocol/events/lanes.ts';
import { LANES } from '../../../protocol/events/lanes.ts';
import type { EventRecord, Stamp } from '../../../protocol/events/record.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { GroupCommit } from '../commit/group-commit.ts';
import { decodeStoredEvent, encodeStoredEvent, toRecord } from '../file/stored-event.ts';
import type { Journal, JournalBoot, JournalEntry, JournalStatus, LaneSlice } from '../journal.ts';
import { JournalError } from '../journal-error.ts';
import type {
  EngineLink,
  EngineOptions,
  EngineReply,
  EngineRequest,
  Growth,
  RequestContext,
} from './engine.ts';
import { startInThread, startWorker } from './worker-link.ts';

export interface JournalOptions {
  /** Path of the SQLite file; its folder must exist. */
  readonly file: string;
  readonly clock: Clock;
  /** Asked at each append. */
  readonly stamp: () => Stamp;
  /** Longest wait of an append for company, default 50. */
  readonly groupCommitMs?: number;
  /** Longest wait of an entry that nobody waits for, default 600. */
  readonly patientCommitMs?: number;
  /** Rows that make a group full, default 500. */
  readonly groupCommitRows?: number;
  /** Longest wait of a prune for company, default 8000. */
  readonly pruneMs?: number;
  /** Runs the store in the calling thread: for virtual time. */
  readonly inThread?: boolean;
  /** Over this events are thinned; default by the disk, at most 4 GB (disk-room.ts). */
  readonly maxBytes?: number | undefined;
  /** Kept back on the disk for when it is full (disk-reserve.ts), default none. */
  readonly reserveBytes?: number;
  /** Over this appends fail with `disk-full`, default a quarter above `maxBytes`. */
  readonly hardLimitBytes?: number;
  /** Rows that may wait for the disk, default 20,000; more are refused with `queue-full`. */
  readonly maxQueuedRows?: number;
  /** The worker thread ended by itself: nothing can be written any more, the process should be restarted. */
  readonly onDied?: (error: JournalError) => void;
  /** Names a new epoch, default a random UUID. Runs that must repeat byte for byte hand in their own. */
  readonly createEpoch?: () => string;
  /** Names an opening, default a random UUID. */
  readonly createBootId?: () => string;
  /** Stands for this machine, so that a file copied from another is refused; without it nothing is checked. */
  readonly host?: string | undefined;
}

/** A journal and the way to lose it: what a simulated crash needs. */
export interface OpenJournal extends Journal {
  /** Ends at once; appends that have not resolved never will. */
  abandon(): Promise<void>;
}

export async function openJournal(options: JournalOptions): Promise<OpenJournal> {
  const { maxBytes, hardLimitBytes, reserveBytes, host } = options;
  const engineOptions: EngineOptions = {
    file: options.file,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(hardLimitBytes === undefined ? {} : { hardLimitBytes }),
    ...(reserveBytes === undefined ? {} : { reserveBytes }),
    ...(host === undefined ? {} : { host }),
  };
  const { clock, onDied } = options;
  const link =
    options.inThread === true
      ? startInThread(engineOptions, clock)
      : startWorker(engineOptions, clock, (error) => onDied?.(error));
  const journal = new DurableJournal(options, link);
  try {
    await journal.open();
  } catch (error) {
    await link.terminate();
    if (!(error instanceof JournalError)) throw error;
    throw new JournalError(error.code, `${options.file}: ${error.message}`, { cause: error });
  }
  return journal;
}

/** A request before the context that all share is added. */
type RequestOf<Op extends EngineRequest['op']> = Omit<
  Extract<EngineRequest, { op: Op }>,
  keyof RequestContext
>;
type AnyRequest = { [Op in EngineRequest['op']]: RequestOf<Op> }[EngineRequest['op']];

class DurableJournal implements OpenJournal {
  readonly #link: EngineLink;
  readonly #stamp: () => Stamp;
  readonly #createEpoch: () => string;
  readonly #createBootId: () => string;
  #nextEpoch: string;
  #nextBootId: string;
  #boot: JournalBoot | undefined;
  readonly #commits: GroupCommit;
  readonly #listeners: ((lane: Lane, lastSeq: number) => void)[] = [];
  #epoch = '';
  #closed = false;

  constructor(options: JournalOptions, link: EngineLink) {
    this.#link = link;
    this.#stamp = options.stamp;
    this.#createEpoch = options.createEpoch ?? randomUUID;
    this.#nextEpoch = this.#createEpoch();
    this.#createBootId = options.createBootId ?? randomUUID;
    this.#nextBootId = this.#createBootId();
    const limits = {
      groupMs: options.groupCommitMs ?? 50,
      patientMs: Math.max(options.patientCommitMs ?? 600, options.groupCommitMs ?? 50),
      groupRows: options.groupCommitRows ?? 500,
      pruneMs: options.pruneMs ?? 8000,
      pruneRows: 500,
      maxQueuedRows: options.maxQueuedRows ?? 20_000,
      maxQueuedBytes: 32 * 1024 * 1024,
    };
    this.#commits = new GroupCommit(options.clock, limits, async (group, prunes, generation) => {
      await this.#call({ op: 'commit', group, prunes, generation });
    });
  }

  get epoch(): string {
    return this.#epoch;
  }

  get boot(): JournalBoot {
    if (this.#boot === undefined) throw new Error('the journal is not open yet');
    return this.#boot;
  }

  async open(): Promise<void> {
    await this.#call({ op: 'open' });
  }

  append(entry: JournalEntry): Promise<void> {
    const stamp = this.#stamp();
    const events = entry.events.map((event) => ({
      lane: laneOf(event.type),
      body: encodeStoredEvent(stamp, event),
    }));
    const { put, drop, patient = false } = entry;
    return this.#commits.append({ events, put, drop, patient });
  }

  async read(
    lane: Lane,
    afterSeq: number,
    maxEvents: number,
    maxBytes: number,
  ): Promise<LaneSlice | undefined> {
    const epoch = this.#epoch;
    const { slice } = await this.#call({ op: 'read', epoch, lane, afterSeq, maxEvents, maxBytes });
    if (slice === undefined) return undefined;
    const records: EventRecord[] = [];
    const unreadable: number[] = [];
    for (const { seq, body } of slice.rows) {
      const stored = decodeStoredEvent(body);
      if (stored === undefined) unreadable.push(seq);
      else records.push(toRecord(seq, stored));
    }
    if (unreadable.length > 0) await this.#call({ op: 'bury', epoch, lane, seqs: unreadable });
    return { firstSeq: slice.firstSeq, lastSeq: slice.lastSeq, records };
  }

  prune(epoch: string, lane: Lane, upTo: number): Promise<void> {
    if (epoch !== this.#epoch) return Promise.resolve();
    return this.#commits.prune({ epoch, lane, upTo });
  }

  async markForked(detail: string): Promise<void> {
    await this.#call({ op: 'mark-forked', epoch: this.#epoch, detail });
  }

  async checkpoints(): Promise<{ key: string; body: string }[]> {
    return (await this.#call({ op: 'checkpoints' })).checkpoints ?? [];
  }

  async status(): Promise<JournalStatus> {
    const { status } = await this.#call({ op: 'status' });
    if (status === undefined) throw new Error('the journal engine gave no status');
    return status;
  }

  onAppended(listener: (lane: Lane, lastSeq: number) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#commits.close();
    await this.#call({ op: 'close' });
    this.#closed = true;
    await this.#link.terminate();
  }

  async abandon(): Promise<void> {
    this.#closed = true;
    this.#commits.abandon();
    await this.#link.terminate();
  }

  async #call(request: AnyRequest): Promise<EngineReply> {
    if (this.#closed) throw new JournalError('closed', 'the journal is closed');
    const context = { stamp: this.#stamp(), nextEpoch: this.#nextEpoch, nextBootId: this.#nextBootId };
    const reply = await this.#link.call({ ...request, ...context });
    if (reply.epoch === this.#nextEpoch) this.#nextEpoch = this.#createEpoch();
    if (reply.epoch !== '') this.#epoch = reply.epoch;
    if (reply.boot !== undefined) {
      this.#boot = reply.boot;
      this.#nextBootId = this.#createBootId();
    }
    this.#announce(reply.growth);
    return reply;
  }

  #announce(growth: Growth | undefined): void {
    if (growth === undefined) return;
    for (const lane of LANES) {
      const lastSeq = growth[lane];
      if (lastSeq !== undefined) for (const listener of this.#listeners) listener(lane, lastSeq);
    }
  }
}
