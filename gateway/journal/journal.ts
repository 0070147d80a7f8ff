/**
 * The journal port: what the rest of the gateway knows of the durable store. The implementation keeps one SQLite
 * file in a worker thread; see store.ts for constraints, format and recovery.
 */

import type { Lane } from '../../protocol/events/lanes.ts';
import type { ClockState, EventRecord } from '../../protocol/events/record.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';

export interface JournalEntry {
  readonly events: readonly StockEvent[];
  readonly put: readonly { key: string; body: string }[];
  /** Keys to delete, applied before `put`; a key ending in `/` deletes everything below it. */
  readonly drop: readonly string[];
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
  readonly lanes: Readonly<Record<Lane, LaneStatus>>;
  readonly fileBytes: number;
  readonly walBytes: number;
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
  /** Resolves once events and checkpoints are durable (group commit, fsync). All or nothing. */
  append(entry: JournalEntry): Promise<void>;
  /** The next events of a lane behind `afterSeq`, at most `maxEvents` and about `maxBytes` of JSON; undefined when none. */
  read(lane: Lane, afterSeq: number, maxEvents: number, maxBytes: number): Promise<LaneSlice | undefined>;
  /** The cloud has committed everything up to `upTo`; acks of another epoch are ignored. */
  prune(epoch: string, lane: Lane, upTo: number): Promise<void>;
  checkpoints(): Promise<{ key: string; body: string }[]>;
  status(): Promise<JournalStatus>;
  /** Called after each commit that added to a lane, with its highest seq now. */
  onAppended(listener: (lane: Lane, lastSeq: number) => void): void;
  close(): Promise<void>;
}

export type { ClockState };
