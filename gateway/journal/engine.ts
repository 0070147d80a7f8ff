/**
 * The store behind one message at a time, the same in a worker thread and in the calling thread. When the file turns
 * out to be damaged, at boot or later, it is salvaged here and the request tried once more; the epoch in each reply
 * tells the other side of the change.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Stamp } from '../../protocol/events/record.ts';
import type { JournalStatus } from './journal.ts';
import { JournalError, UnusableFileError } from './journal-error.ts';
import { openFile } from './layout.ts';
import { finishSalvage, salvage } from './salvage.ts';
import { type Growth, JournalStore, type LanePrune, type StoredGroup, type StoredSlice } from './store.ts';

export interface EngineOptions {
  readonly file: string;
  readonly maxBytes: number;
  /** Beyond this SQLite itself refuses to grow the file. */
  readonly hardLimitBytes: number;
}

/** What a request may need should the file have to be born anew while it runs. */
export interface RequestContext {
  readonly stamp: Stamp;
  /** Taken as the new epoch if one starts. */
  readonly nextEpoch: string;
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
    | { readonly op: 'checkpoints' }
    | { readonly op: 'status' }
    | { readonly op: 'close' }
  );

export interface EngineReply {
  readonly epoch: string;
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

export class JournalEngine {
  readonly #options: EngineOptions;
  #store: JournalStore | undefined;
  #failure: { readonly generation: number; readonly error: unknown } | undefined;
  /** What is wrong with the file, found when nothing could be told of it; salvaged before the next request. */
  #damage: string | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  handle(request: EngineRequest): EngineReply {
    if (request.op === 'close') {
      const epoch = this.#store?.epoch ?? '';
      this.close();
      return { epoch };
    }
    if (this.#damage !== undefined) this.#salvage(this.#damage, request);
    try {
      return this.#answer(request);
    } catch (error) {
      if (!(error instanceof UnusableFileError)) throw error;
      this.#salvage(error.message, request);
      return this.#answer(request);
    }
  }

  close(): void {
    const store = this.#store;
    this.#store = undefined;
    store?.close();
  }

  #answer(request: Exclude<EngineRequest, { op: 'close' }>): EngineReply {
    const store = this.#open(request);
    const { epoch } = store;
    switch (request.op) {
      case 'open':
        return { epoch };
      case 'commit':
        return { epoch, growth: this.#commit(store, request) };
      case 'read': {
        // Seqs of another epoch mean nothing here.
        if (request.epoch !== epoch) return { epoch };
        return {
          epoch,
          slice: store.read(request.lane, request.afterSeq, request.maxEvents, request.maxBytes),
        };
      }
      case 'bury':
        if (request.epoch !== epoch) return { epoch };
        return { epoch, growth: store.bury(request.lane, request.seqs, request.stamp) };
      case 'checkpoints':
        return { epoch, checkpoints: store.checkpoints() };
      case 'status':
        return { epoch, status: store.status() };
    }
  }

  #commit(store: JournalStore, request: Extract<EngineRequest, { op: 'commit' }>): Growth {
    const { group, prunes, stamp, generation } = request;
    if (this.#failure?.generation === generation) throw this.#failure.error;
    let growth: Growth;
    try {
      growth = store.commit(group, prunes, stamp);
    } catch (error) {
      if (!(error instanceof UnusableFileError)) this.#failure = { generation, error };
      throw error;
    }
    try {
      return { ...growth, ...store.tidy(stamp, prunes.length > 0) };
    } catch (error) {
      // The commit stands: a caller told otherwise would write it again. A full or failing disk tells of itself at
      // the next commit.
      if (error instanceof UnusableFileError) this.#damage = error.message;
      else if (!(error instanceof JournalError)) throw error;
      return growth;
    }
  }

  #salvage(reason: string, context: RequestContext): void {
    this.close();
    salvage(this.#options.file, reason, salvageContext(context));
    this.#damage = undefined;
  }

  #open(context: RequestContext): JournalStore {
    if (this.#store !== undefined) return this.#store;
    const { file, maxBytes, hardLimitBytes } = this.#options;
    const salvaging = salvageContext(context);
    finishSalvage(file, 'salvage was cut short', salvaging);
    const { db, epoch } = openFile(file, salvaging.birth, hardLimitBytes);
    this.#store = new JournalStore({ db, epoch, file, maxBytes });
    return this.#store;
  }
}

function salvageContext({ stamp, nextEpoch }: RequestContext) {
  return { stamp, birth: { epoch: nextEpoch, createdAt: stamp.recordedAt } };
}
