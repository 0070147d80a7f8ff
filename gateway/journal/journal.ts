/**
 * The journal port: what the rest of the gateway knows of the durable store. The implementation keeps one SQLite
 * file in a worker thread; see store.ts for constraints, format and recovery.
 */

import type { Lane } from '../../protocol/events/lanes.ts';
import type { EventRecord } from '../../protocol/events/record.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';

export interface JournalEntry {
  readonly events: readonly StockEvent[];
  readonly put: readonly { key: string; body: string }[];
  /** Keys to delete, applied before `put`; a key ending in `/` deletes everything below it. */
  readonly drop: readonly string[];
  /** Nobody waits for this entry: it may wait longer for company before it is made durable. Order stays. */
  readonly patient?: boolean;
}

/**
 * One opening of the journal file, sent with every batch. `n` counts the openings of this epoch from 1, `id` is
 * random, `base` is each lane's last seq when it was opened: the cloud detects a copied or restored file by them.
 */
export interface JournalBoot {
  readonly n: number;
  readonly id: string;
  readonly base: Readonly<Record<Lane, number>>;
}

/** The cloud has refused this journal: it knows another history under the same names. */
export interface ForkMark {
  /** Wall time of the first refusal, epoch ms. */
  readonly at: number;
  readonly detail: string;
}

export interface LaneStatus {
  /** Highest seq ever given in this epoch; 0 when none. */
  readonly lastSeq: number;
  /** Acked by the cloud and pruned up to here. */
  readonly prunedUpTo: number;
  /** Events waiting. */
  readonly waiting: number;
}

export interface JournalStatus {
  readonly epoch: string;
  readonly boot: JournalBoot;
  readonly lanes: Readonly<Record<Lane, LaneStatus>>;
  readonly fileBytes: number;
  readonly walBytes: number;
  /** Over this events are given up, the least valuable first. */
  readonly maxBytes: number;
  /** Bytes kept back for a full disk (0: none wanted), and whether they are there. */
  readonly reserve: { readonly bytes: number; readonly held: boolean };
  /** What is wrong with the disk at present; also reported to the cloud as events of the device `journal`. */
  readonly conditions: readonly ('disk-full' | 'wal-growing')[];
  /** Set once the cloud has refused the journal; stays until `adopt` has made a new epoch of it. */
  readonly forked: ForkMark | undefined;
}

/** A stretch of a lane ready to be sent: covers firstSeq..lastSeq, thinned seqs included. */
export interface LaneSlice {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly records: readonly EventRecord[];
}

export interface Journal {
  /** Changes when a damaged file is salvaged while running; seqs of the old epoch then mean nothing any more. */
  readonly epoch: string;
  /** The opening that this process made; changes together with `epoch`. */
  readonly boot: JournalBoot;
  /** Resolves once events and checkpoints are durable (group commit, fsync). All or nothing. */
  append(entry: JournalEntry): Promise<void>;
  /** The next events of a lane behind `afterSeq`, at most `maxEvents` and about `maxBytes` of JSON; undefined when none. */
  read(lane: Lane, afterSeq: number, maxEvents: number, maxBytes: number): Promise<LaneSlice | undefined>;
  /** The cloud has committed everything up to `upTo`; acks of another epoch are ignored. */
  prune(epoch: string, lane: Lane, upTo: number): Promise<void>;
  /**
   * The cloud has refused this epoch as forked (`refused: journal-forked`). Kept durably; the journal goes on
   * recording, the status says it, and `adopt` reads it. The first mark of an epoch stays.
   */
  markForked(detail: string): Promise<void>;
  checkpoints(): Promise<{ key: string; body: string }[]>;
  status(): Promise<JournalStatus>;
  /** Called after each commit that added to a lane, with its highest seq now. */
  onAppended(listener: (lane: Lane, lastSeq: number) => void): void;
  close(): Promise<void>;
}
