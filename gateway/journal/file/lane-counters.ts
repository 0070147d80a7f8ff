/**
 * The counters of a lane as the file keeps them: what outlives its rows. A seq given twice would name two events, and
 * rows passed over as pruned would be lost, so each counter row bears a checksum.
 */
import { crc32 } from 'node:zlib';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import { UnusableFileError } from '../journal-error.ts';
import type { Connection } from './connection.ts';

interface LaneCounters {
  /** Highest seq given when the counters were last saved: later rows may stand above it. */
  readonly lastSeq: number;
  /** All events up to here are the cloud's. */
  readonly prunedUpTo: number;
}

export const COUNTERS_SCHEMA =
  'create table lane(name text primary key, last_seq integer not null, pruned_up_to integer not null, crc integer not null) without rowid;';

export type SaveCounters = (lane: Lane, counters: LaneCounters) => void;

export function counterSaver(db: Connection): SaveCounters {
  const save = db.prepare(
    `insert into lane(name, last_seq, pruned_up_to, crc) values (?, ?, ?, ?) on conflict(name) do update
     set last_seq = excluded.last_seq, pruned_up_to = excluded.pruned_up_to, crc = excluded.crc`,
  );
  return (lane, counters) => save.run(lane, counters.lastSeq, counters.prunedUpTo, checksum(lane, counters));
}

/** Throws UnusableFileError for counters that are not as they were written. */
export function readCounters(db: Connection, lane: Lane): LaneCounters {
  const row = db
    .prepare<[string], LaneCounters & { crc: number }>(
      'select last_seq as lastSeq, pruned_up_to as prunedUpTo, crc from lane where name = ?',
    )
    .get(lane);
  if (row === undefined || checksum(lane, row) !== row.crc) {
    throw new UnusableFileError(`counters of lane ${lane} make no sense`);
  }
  return { lastSeq: row.lastSeq, prunedUpTo: row.prunedUpTo };
}

/** Format 1 had counters without a checksum. */
export function sealCounters(db: Connection): void {
  db.exec('alter table lane add column crc integer not null default 0');
  const save = counterSaver(db);
  const read = db.prepare<[string], LaneCounters>(
    'select last_seq as lastSeq, pruned_up_to as prunedUpTo from lane where name = ?',
  );
  for (const lane of LANES) {
    const counters = read.get(lane);
    if (counters === undefined || !makeSense(counters)) {
      throw new UnusableFileError(`counters of lane ${lane} make no sense`);
    }
    save(lane, counters);
  }
}

const makeSense = ({ lastSeq, prunedUpTo }: LaneCounters) =>
  Number.isInteger(lastSeq) && Number.isInteger(prunedUpTo) && prunedUpTo >= 0 && lastSeq >= prunedUpTo;

const checksum = (lane: Lane, { lastSeq, prunedUpTo }: LaneCounters) =>
  crc32(`${lane} ${lastSeq} ${prunedUpTo}`);
