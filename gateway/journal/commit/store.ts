/**
 * The synchronous core of the journal: one SQLite file, one connection, no clock and no randomness of its own.
 *
 * Constraints. Power may go at any instant; the disk may fill, tear or flip bits; the file may be copied, moved or put
 * back from an image; the wall clock lies. An append that returned is on disk (WAL, synchronous = FULL: fsync at each
 * commit). A commit is all or nothing.
 *
 * Record format (2; migrations.ts brings older files forward, a newer one is refused). `lane_<name>(seq, body, events)`
 * holds what was committed together in rows of up to 32 events, packed and checksummed (packed-row.ts); each event is
 * JSON with its stamp and, when it came from another file, its origin (stored-event.ts). seq counts from 1 per lane
 * and epoch and is never given twice: `lane(last_seq, pruned_up_to, crc)` survives the rows and is moved in the same
 * transaction that removes any. `checkpoint(key, body)` holds open sessions, `meta` format, epoch, machine, openings
 * and a refusal by the cloud (file-marks.ts).
 *
 * Who deletes what. `prune` removes what the cloud has acked, nothing else. Over the byte limit `thinning.ts` gives
 * up events, each loss with a gap event in the same transaction. Checkpoints go only by `drop`. No journal is ever
 * deleted: one that is damaged or adopted is renamed (salvage.ts), and a new epoch starts. Only the reserve beside it
 * (disk-reserve.ts) comes and goes.
 *
 * Recovery. SQLite replays the WAL up to the last whole commit; that it stops there because power went, and not
 * because synced commits were damaged, is checked first (wal-damage.ts). Damage found then, at boot or on any later
 * page read throws UnusableFileError; the engine salvages and goes on. Whatever is carried over keeps its original
 * name (carry-over.ts), so that the cloud counts it once.
 */
import { statSync } from 'node:fs';
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import { LANES, type Lane, perLane } from '../../../protocol/events/lanes.ts';
import type { Stamp } from '../../../protocol/events/record.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import { type Checkpoint, Checkpoints, readCheckpoints } from '../file/checkpoints.ts';
import { type Connection, fileBytes, pragmaNumber } from '../file/connection.ts';
import { counterSaver, readCounters, type SaveCounters } from '../file/lane-counters.ts';
import { encodeStoredEvent, laneGap } from '../file/stored-event.ts';
import type { JournalStatus, LaneStatus } from '../journal.ts';
import { JournalError, mapSqliteError } from '../journal-error.ts';
import { LaneRows, type StoredSlice } from './lane-rows.ts';
import { thinOnce } from './thinning.ts';

/** What one transaction writes. Flat lists of strings: they cross to the worker thread far cheaper than objects. */
export interface StoredGroup {
  /** Bodies per lane, in order. */
  readonly events: Readonly<Record<Lane, readonly string[]>>;
  /** In order; without a body the checkpoint is dropped, or, when the key ends in `/`, everything below it. */
  readonly checkpoints: readonly { readonly key: string; readonly body?: string }[];
}

export interface LanePrune {
  readonly epoch: string;
  readonly lane: Lane;
  readonly upTo: number;
}

/** Space given back beyond what the limit asks for, so that thinning is not due again at the next commit. */
const SLACK_BYTES = 4 * 1024 * 1024;
/** Kept in the file for new rows; more than this goes back to the disk once little else is in the file. */
const MOST_FREE_BYTES = 4 * 1024 * 1024;
const REWRITABLE_BYTES = 8 * 1024 * 1024;
/** SQLite's own limit. */
const MOST_PAGES = 0xfffffffe;

/** A commit that meets a full disk has so many stretches of events given up for it before it is refused. */
const MAX_ROUNDS_ON_FULL_DISK = 16;

type LaneStatuses = Record<Lane, LaneStatus>;

interface StoreOptions {
  readonly db: Connection;
  readonly epoch: string;
  readonly file: string;
  /** Over this events are given up. */
  readonly maxBytes: number;
  /** Asked when the disk takes no more; true when trying again may help. */
  readonly onDiskFull?: () => boolean;
}

export class JournalStore {
  readonly epoch: string;
  readonly #db: Connection;
  readonly #file: string;
  readonly #maxBytes: number;
  readonly #onDiskFull: () => boolean;
  readonly #hardLimitPages: number;
  readonly #lanes: Record<Lane, LaneRows>;
  readonly #saveCounters: SaveCounters;
  readonly #checkpoints: Checkpoints;
  #counters: LaneStatuses;

  constructor(options: StoreOptions) {
    const db = options.db;
    this.#db = db;
    this.epoch = options.epoch;
    this.#file = options.file;
    this.#maxBytes = options.maxBytes;
    this.#onDiskFull = options.onDiskFull ?? (() => false);
    this.#hardLimitPages = pragmaNumber(db, 'max_page_count');
    this.#lanes = perLane((lane) => new LaneRows(db, lane));
    this.#saveCounters = counterSaver(db);
    this.#checkpoints = new Checkpoints(db);
    this.#counters = loadCounters(db, this.#lanes);
  }

  /**
   * Writes a group and prunes in one transaction. `stamp` goes on the gap events the store itself writes: on a full
   * disk it gives up events to make room.
   */
  commit(group: StoredGroup, prunes: readonly LanePrune[], stamp: Stamp): void {
    const write = () =>
      this.#transact((counters) => {
        this.#writeGroup(group, counters);
        for (const prune of prunes) this.#prune(prune, counters);
      });
    for (let round = 0; ; round++) {
      try {
        write();
        return;
      } catch (error) {
        // A full disk: events given up inside the file make room without the file growing.
        const full = error instanceof JournalError && error.code === 'disk-full';
        if (!full || round === MAX_ROUNDS_ON_FULL_DISK) throw error;
        if (!this.#onDiskFull() && !this.#thin(stamp, true)) throw error;
      }
    }
  }

  /** To be called after a commit, apart from it since it may fail by itself: makes room in a file over its limit. */
  tidy(stamp: Stamp, pruned: boolean): void {
    try {
      this.#shrink(stamp);
      if (pruned) this.#giveBackFreePages();
    } catch (error) {
      throw mapSqliteError(error);
    }
  }

  read(lane: Lane, afterSeq: number, maxEvents: number, maxBytes: number): StoredSlice | undefined {
    const { lastSeq, prunedUpTo } = this.#counters[lane];
    const after = Math.max(afterSeq, prunedUpTo);
    if (after >= lastSeq) return undefined;
    try {
      return this.#lanes[lane].read(after, lastSeq, maxEvents, maxBytes);
    } catch (error) {
      throw mapSqliteError(error);
    }
  }

  /** Declares events unreadable: they are taken out of their rows and a gap event reports them. */
  bury(lane: Lane, seqs: readonly number[], stamp: Stamp): void {
    this.#transact((counters) => {
      this.#lanes[lane].bury(seqs);
      const reason = 'journal row unreadable';
      this.#writeGap({ lane, lost: seqs.length, reason }, stamp, counters);
    });
  }

  /** Stores events of the journal's own. */
  note(events: readonly StockEvent[], stamp: Stamp): void {
    this.#transact((counters) => {
      for (const event of events)
        this.#insert(laneOf(event.type), [encodeStoredEvent(stamp, event)], counters);
    });
  }

  /** From now on new rows take only the room that others leave. */
  stopGrowth(): void {
    this.#db.pragma(`max_page_count = ${pragmaNumber(this.#db, 'page_count')}`);
  }

  /** For the file's own marks: they may take room that is kept from events. */
  beyondLimit<T>(work: () => T): T {
    const limit = pragmaNumber(this.#db, 'max_page_count');
    this.#db.pragma(`max_page_count = ${MOST_PAGES}`);
    try {
      return work();
    } finally {
      this.#db.pragma(`max_page_count = ${limit}`);
    }
  }

  allowGrowth(): void {
    this.#db.pragma(`max_page_count = ${this.#hardLimitPages}`);
  }

  /** Moves the write-ahead log into the file and cuts it off, as far as nobody reads it. */
  checkpointLog(): void {
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
    } catch (error) {
      throw mapSqliteError(error);
    }
  }

  checkpoints(): Checkpoint[] {
    try {
      return readCheckpoints(this.#db);
    } catch (error) {
      throw mapSqliteError(error);
    }
  }

  status(): Pick<JournalStatus, 'epoch' | 'lanes' | 'fileBytes' | 'walBytes' | 'maxBytes'> {
    return {
      epoch: this.epoch,
      lanes: { ...this.#counters },
      fileBytes: fileBytes(this.#db),
      maxBytes: this.#maxBytes,
      walBytes: statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    };
  }

  lastSeqs(): Record<Lane, number> {
    return perLane((lane) => this.#counters[lane].lastSeq);
  }

  close(): void {
    this.#db.close();
  }

  #transact(work: (counters: LaneStatuses) => void): void {
    const counters = { ...this.#counters };
    try {
      this.#db.transaction(() => work(counters)).immediate();
    } catch (error) {
      throw mapSqliteError(error);
    }
    this.#counters = counters;
  }

  #writeGroup(group: StoredGroup, counters: LaneStatuses): void {
    for (const lane of LANES) this.#insert(lane, group.events[lane], counters);
    for (const { key, body } of group.checkpoints) {
      if (body === undefined) this.#checkpoints.drop(key);
      else this.#checkpoints.put({ key, body });
    }
  }

  #insert(lane: Lane, bodies: readonly string[], counters: LaneStatuses): void {
    if (bodies.length === 0) return;
    const { lastSeq, prunedUpTo, waiting } = counters[lane];
    this.#lanes[lane].insert(bodies, lastSeq);
    const { length } = bodies;
    counters[lane] = { lastSeq: lastSeq + length, prunedUpTo, waiting: waiting + length };
  }

  #prune({ epoch, lane, upTo }: LanePrune, counters: LaneStatuses): void {
    const { lastSeq, prunedUpTo, waiting } = counters[lane];
    if (epoch !== this.epoch || upTo <= prunedUpTo || upTo > lastSeq) return;
    const removed = this.#lanes[lane].prune(prunedUpTo, upTo);
    this.#saveCounters(lane, { lastSeq, prunedUpTo: upTo });
    counters[lane] = { lastSeq, prunedUpTo: upTo, waiting: waiting - removed };
  }

  #writeGap(
    loss: { lane: Lane; lost: number; reason: string; from?: number | undefined; to?: number | undefined },
    stamp: Stamp,
    counters: LaneStatuses,
  ): void {
    const { lane, lost, reason } = loss;
    const gap = laneGap(stamp, {
      lane,
      from: loss.from ?? stamp.recordedAt,
      to: loss.to ?? stamp.recordedAt,
      lost,
      reason,
    });
    this.#insert('health', [encodeStoredEvent(stamp, gap)], counters);
  }

  #usedBytes(): number {
    const pages = pragmaNumber(this.#db, 'page_count') - pragmaNumber(this.#db, 'freelist_count');
    return pages * pragmaNumber(this.#db, 'page_size');
  }

  #shrink(stamp: Stamp): void {
    if (this.#usedBytes() <= this.#maxBytes) return;
    const target = this.#maxBytes - Math.min(SLACK_BYTES, this.#maxBytes / 8);
    while (this.#usedBytes() > target && this.#thin(stamp, false));
  }

  /** Gives up one stretch of events; false when there is none left or the disk cannot even take that. */
  #thin(stamp: Stamp, forOthers: boolean): boolean {
    let found = false;
    try {
      this.#transact((counters) => {
        const thinned = thinOnce(this.#db, (lane) => counters[lane].prunedUpTo, forOthers);
        if (thinned === undefined) return;
        found = true;
        const { lane, removed } = thinned;
        const { lastSeq, prunedUpTo, waiting } = counters[lane];
        // The highest seq must outlive its row.
        this.#saveCounters(lane, { lastSeq, prunedUpTo });
        counters[lane] = { lastSeq, prunedUpTo, waiting: waiting - removed };
        if (thinned.lost > 0) this.#writeGap(thinned, stamp, counters);
      });
    } catch (error) {
      if (error instanceof JournalError && error.code === 'disk-full') return false;
      throw error;
    }
    return found;
  }

  /**
   * Gives a file that is nearly empty back to the disk by writing what is left anew, once, when that is little. Not bit
   * by bit: SQLite searches its list of free pages for each one, and with a million of them the journal stands still.
   */
  #giveBackFreePages(): void {
    const used = this.#usedBytes();
    const free = fileBytes(this.#db) - used;
    if (free < MOST_FREE_BYTES || used > REWRITABLE_BYTES || free < 3 * used) return;
    this.#db.exec('vacuum');
  }
}

function loadCounters(db: Connection, lanes: Record<Lane, LaneRows>): LaneStatuses {
  const load = (lane: Lane): LaneStatus => {
    const { lastSeq, prunedUpTo } = readCounters(db, lane);
    return {
      lastSeq: Math.max(lastSeq, lanes[lane].highestSeq()),
      prunedUpTo,
      waiting: lanes[lane].count(prunedUpTo),
    };
  };
  return perLane(load);
}
