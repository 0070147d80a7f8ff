/**
 * The store behind one message at a time, the same in a worker thread and in the calling thread. When the file turns
 * out to be damaged, at boot or later, it is salvaged here and the request tried once more; the epoch in each reply
 * shows the other side the change.
 */
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import type { Stamp } from '../../../protocol/events/record.ts';
import type { StoredSlice } from '../commit/lane-rows.ts';
import { JournalStore, type LanePrune, type StoredGroup } from '../commit/store.ts';
import { DiskReserve } from '../file/disk-reserve.ts';
import { defaultMaxBytes, REAL_SURROUNDINGS, type Surroundings } from '../file/disk-room.ts';
import { type LaneSeqs, NO_SEQS } from '../file/file-marks.ts';
import { FileIdentity } from '../file/identity.ts';
import { openFile } from '../file/layout.ts';
import type { JournalBoot, JournalStatus } from '../journal.ts';
import { JournalError, mapSqliteError, UnusableFileError } from '../journal-error.ts';
import { finishReplacing, salvage } from '../salvage/salvage.ts';
import { Upkeep } from './upkeep.ts';

export interface EngineOptions {
  readonly file: string;
  /** Default: by the disk (disk-room.ts). */
  readonly maxBytes?: number;
  /** Beyond this SQLite itself refuses to grow the file; default a quarter above `maxBytes`. */
  readonly hardLimitBytes?: number;
  /** Kept back for a full disk (disk-reserve.ts); default none. */
  readonly reserveBytes?: number;
  /** Stands for this machine: a file made on another is refused. Undefined: not checked. */
  readonly host?: string;
}

/** What a request may need should the file have to be made anew while it runs. */
export interface RequestContext {
  readonly stamp: Stamp;
  /** Taken as the new epoch if one starts. */
  readonly nextEpoch: string;
  /** Taken as the id of an opening if one takes place. */
  readonly nextBootId: string;
}

export type EngineRequest = RequestContext &
  (
    | { readonly op: 'open' }
    | {
        readonly op: 'commit';
        readonly group: StoredGroup;
        readonly prunes: readonly LanePrune[];
        /** When one commit fails, those of its generation that are already on their way here fail with it. */
        readonly generation: number;
      }
    | {
        readonly op: 'read';
        readonly epoch: string;
        readonly lane: Lane;
        readonly afterSeq: number;
        readonly maxEvents: number;
        readonly maxBytes: number;
      }
    | { readonly op: 'bury'; readonly epoch: string; readonly lane: Lane; readonly seqs: readonly number[] }
    | { readonly op: 'mark-forked'; readonly epoch: string; readonly detail: string }
    | { readonly op: 'checkpoints' }
    | { readonly op: 'status' }
    | { readonly op: 'close' }
  );

export type Growth = Partial<Record<Lane, number>>;

export interface EngineReply {
  readonly epoch: string;
  /** In the first reply after an opening. */
  readonly boot?: JournalBoot;
  /** Highest seq of each lane that has grown since the last reply. */
  readonly growth?: Growth;
  readonly slice?: StoredSlice | undefined;
  readonly checkpoints?: { key: string; body: string }[];
  readonly status?: JournalStatus;
}

/** How the main side reaches the engine. */
export interface EngineLink {
  call(request: EngineRequest): Promise<EngineReply>;
  /** Ends it, without waiting for anything. */
  terminate(): Promise<void>;
}

const HARD_LIMIT_SLACK_BYTES = 16 * 1024 * 1024;

interface OpenedFile {
  readonly store: JournalStore;
  readonly identity: FileIdentity;
  readonly upkeep: Upkeep;
}

export class JournalEngine {
  readonly #options: EngineOptions;
  readonly #surroundings: Surroundings;
  #opened: OpenedFile | undefined;
  #bootSent = false;
  /** Last seqs as of the last reply: a request may write events of the journal's own and fail all the same. */
  #sentSeqs: LaneSeqs = NO_SEQS;
  #failure: { readonly generation: number; readonly error: unknown } | undefined;
  /** What is wrong with the file, found when it could not be reported; salvaged before the next request. */
  #damage: string | undefined;

  constructor(options: EngineOptions, surroundings: Surroundings = REAL_SURROUNDINGS) {
    this.#options = options;
    this.#surroundings = surroundings;
  }

  handle(request: EngineRequest): EngineReply {
    if (request.op === 'close') {
      const epoch = this.#opened?.store.epoch ?? '';
      this.close();
      return { epoch };
    }
    if (this.#damage !== undefined) this.#salvage(this.#damage, request);
    try {
      return this.#withNews(this.#answer(request));
    } catch (error) {
      if (!(error instanceof UnusableFileError)) throw error;
      this.#salvage(error.message, request);
      return this.#withNews(this.#answer(request));
    }
  }

  close(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.store.close();
  }

  #answer(request: Exclude<EngineRequest, { op: 'close' }>): EngineReply {
    const { store, identity, upkeep } = this.#open(request);
    const { epoch } = store;
    const withRoom = (work: () => void) =>
      this.#unlessFull({ release: () => upkeep.onDiskFull(store) }, () => store.beyondLimit(work));
    switch (request.op) {
      case 'open':
        return { epoch };
      case 'commit':
        this.#commit(store, upkeep, request);
        return { epoch };
      case 'read': {
        // Seqs of another epoch mean nothing here.
        if (request.epoch !== epoch) return { epoch };
        const slice = store.read(request.lane, request.afterSeq, request.maxEvents, request.maxBytes);
        if (slice !== undefined) withRoom(() => identity.handOut());
        return { epoch, slice };
      }
      case 'bury':
        if (request.epoch === epoch) withRoom(() => store.bury(request.lane, request.seqs, request.stamp));
        return { epoch };
      case 'checkpoints':
        return { epoch, checkpoints: store.checkpoints() };
      case 'mark-forked':
        if (request.epoch === epoch) {
          withRoom(() => identity.markForked({ at: request.stamp.recordedAt, detail: request.detail }));
        }
        return { epoch };
      case 'status':
        return {
          epoch,
          status: { ...store.status(), ...upkeep.status(), boot: identity.boot, forked: identity.forked },
        };
    }
  }

  #commit(store: JournalStore, upkeep: Upkeep, request: Extract<EngineRequest, { op: 'commit' }>): void {
    const { group, prunes, stamp, generation } = request;
    if (this.#failure?.generation === generation) throw this.#failure.error;
    try {
      store.commit(group, prunes, stamp);
    } catch (error) {
      if (!(error instanceof UnusableFileError)) this.#failure = { generation, error };
      throw error;
    }
    try {
      store.tidy(stamp, prunes.length > 0);
      upkeep.afterCommit(store, stamp);
    } catch (error) {
      // The commit stands: a caller that got an error would write it again. A full or failing disk shows at
      // the next commit.
      if (error instanceof UnusableFileError) this.#damage = error.message;
      else if (!(error instanceof JournalError)) throw error;
    }
  }

  /** Adds what the main side does not know yet. */
  #withNews(reply: EngineReply): EngineReply {
    if (this.#opened === undefined) return reply;
    const { store, identity } = this.#opened;
    const seqs = store.lastSeqs();
    const growth = grown(this.#sentSeqs, seqs);
    this.#sentSeqs = seqs;
    if (this.#bootSent) return { ...reply, growth };
    this.#bootSent = true;
    return { ...reply, growth, boot: identity.boot };
  }

  #salvage(reason: string, context: RequestContext): void {
    this.close();
    // Should it be cut short, the next opening completes it.
    this.#damage = undefined;
    salvage(this.#options.file, reason, this.#salvageContext(context));
  }

  #open(context: RequestContext): OpenedFile {
    if (this.#opened !== undefined) return this.#opened;
    const { file, host } = this.#options;
    const salvaging = this.#salvageContext(context);
    finishReplacing(file, salvaging);
    const maxBytes = this.#options.maxBytes ?? defaultMaxBytes(file, this.#surroundings);
    const limitBytes = this.#options.hardLimitBytes ?? Math.ceil(maxBytes * 1.25) + HARD_LIMIT_SLACK_BYTES;
    const reserve = new DiskReserve(file, this.#options.reserveBytes ?? 0, this.#surroundings);
    const { db, marks } = this.#unlessFull(reserve, () => openFile(file, salvaging.birth, limitBytes));
    try {
      const upkeep = new Upkeep(file, reserve, this.#surroundings);
      const onDiskFull = () => upkeep.onDiskFull(store);
      const store: JournalStore = new JournalStore({ db, epoch: marks.epoch, file, maxBytes, onDiskFull });
      const opened = { id: context.nextBootId, host, lastSeqs: store.lastSeqs() };
      const identity = this.#unlessFull({ release: onDiskFull }, () =>
        store.beyondLimit(() => new FileIdentity(db, marks, opened)),
      );
      this.#opened = { store, identity, upkeep };
    } catch (error) {
      db.close();
      throw mapSqliteError(error);
    }
    // At first nobody has asked yet; later all that the new file holds is news.
    this.#sentSeqs = this.#bootSent ? NO_SEQS : this.#opened.store.lastSeqs();
    this.#bootSent = false;
    return this.#opened;
  }

  /** A second try when the disk is full and there is something to give back. */
  #unlessFull<T>(reserve: { release(): boolean }, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const full = error instanceof JournalError && error.code === 'disk-full';
      if (!full || !reserve.release()) throw error;
      return work();
    }
  }

  #salvageContext({ stamp, nextEpoch }: RequestContext) {
    return { stamp, birth: { epoch: nextEpoch, createdAt: stamp.recordedAt, host: this.#options.host } };
  }
}

function grown(before: LaneSeqs, now: LaneSeqs): Growth {
  const growth: Growth = {};
  for (const lane of LANES) if (now[lane] > before[lane]) growth[lane] = now[lane];
  return growth;
}
