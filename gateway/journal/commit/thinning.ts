/**
 * What is given up when the journal is over its byte limit, in this order: every second event of the oldest stretch
 * of a lane that is thinned (kept ones move to a table of their own, so that whole pages come free); then, lane by
 * lane as their records say, the oldest thinned ones altogether and the rest, except what the lane spares. One call
 * frees one stretch; the caller writes the gap event in the same transaction.
 */
import { LANES, type Lane, laneKind } from '../../../protocol/events/lanes.ts';
import { parseEvent } from '../../../protocol/events/parse-event.ts';
import type { Connection } from '../file/connection.ts';
import { isThinned, tablesOf, tailTableOf, thinnedTableOf } from '../file/layout.ts';
import { type PackedRow, packBody, packRows, type StoredRow, unpackOrMark } from '../file/packed-row.ts';
import { decodeStoredEvent } from '../file/stored-event.ts';
import { spanOf } from './lane-rows.ts';

const STRETCH_EVENTS = 1000;
const STRETCH_BYTES = 1024 * 1024;

interface Thinned {
  readonly lane: Lane;
  readonly lost: number;
  /** By how many fewer events wait: the lost ones, and what had been buried among them. */
  readonly removed: number;
  /** Event times of the oldest and newest event lost; undefined when unreadable. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly reason: string;
}

/** The oldest rows of a table that hold something to give up. */
interface LaneStretch {
  readonly rows: readonly WaitingRow[];
  readonly lost: readonly StoredRow[];
}

interface WaitingRow {
  readonly row: PackedRow;
  /** Events of it that are not pruned yet. */
  readonly waiting: readonly StoredRow[];
  /** How many it counts for, those buried included. */
  readonly counted: number;
}

type PrunedUpTo = (lane: Lane) => number;

const THINNED = LANES.filter(isThinned);
const GIVEN_UP = LANES.toSorted((a, b) => laneKind(a).givenUp.place - laneKind(b).givenUp.place);

/**
 * Frees one stretch; undefined when nothing is left to give. Runs inside the caller's transaction. `forOthers`: it is
 * others who have filled the disk.
 */
export function thinOnce(db: Connection, prunedUpTo: PrunedUpTo, forOthers: boolean): Thinned | undefined {
  for (const lane of THINNED) {
    if (spanOf(db, tailTableOf(lane)) >= STRETCH_EVENTS) return halveOldest(db, lane, prunedUpTo(lane));
  }
  for (const lane of GIVEN_UP) {
    const { spares, onlyForOwn } = laneKind(lane).givenUp;
    if (forOthers && onlyForOwn) continue;
    const goes = ({ body }: StoredRow) => !spares.some((type) => body.includes(`"event":{"type":"${type}"`));
    for (const table of tablesOf(lane)) {
      const thinned = dropOldest(db, lane, table, prunedUpTo(lane), goes);
      if (thinned !== undefined) return thinned;
    }
  }
  return undefined;
}

function halveOldest(db: Connection, lane: Lane, pruned: number): Thinned | undefined {
  const goes = ({ seq }: StoredRow) => seq % 2 === 0;
  const stretch = oldestStretch(db, tailTableOf(lane), pruned, () => true);
  const end = stretch?.rows.at(-1)?.row.seq;
  if (stretch === undefined || end === undefined) return undefined;
  // Removed first: on a full disk only the pages this frees can take what is kept.
  db.prepare(`delete from ${tailTableOf(lane)} where seq <= ?`).run(end);
  const keep = db.prepare(`insert into ${thinnedTableOf(lane)}(seq, body, events) values (?, ?, ?)`);
  const kept = stretch.lost.filter((row) => !goes(row));
  for (const { seq, body, events } of packRows(kept)) keep.run(seq, body, events);
  const removed = countedIn(stretch) - kept.length;
  return thinnedOf(lane, stretch.lost.filter(goes), removed, 'every second event dropped');
}

function dropOldest(
  db: Connection,
  lane: Lane,
  table: string,
  pruned: number,
  goes: (row: StoredRow) => boolean,
): Thinned | undefined {
  const stretch = oldestStretch(db, table, pruned, goes);
  if (stretch === undefined) return undefined;
  const remove = db.prepare(`delete from ${table} where seq = ?`);
  const rewrite = db.prepare(`update ${table} set body = ?, events = ? where seq = ?`);
  let removed = countedIn(stretch);
  for (const { row, waiting } of stretch.rows) {
    const rest = waiting.filter((event) => !goes(event));
    if (rest.length === 0) remove.run(row.seq);
    else rewrite.run(packBody(row.seq, rest), rest.length, row.seq);
    removed -= rest.length;
  }
  return thinnedOf(lane, stretch.lost, removed, 'oldest events dropped');
}

const countedIn = (stretch: LaneStretch) => stretch.rows.reduce((sum, { counted }) => sum + counted, 0);

/** The oldest rows that hold something that may go, bounded in events and bytes. */
function oldestStretch(
  db: Connection,
  table: string,
  pruned: number,
  goes: (row: StoredRow) => boolean,
): LaneStretch | undefined {
  const rows: WaitingRow[] = [];
  const lost: StoredRow[] = [];
  let bytes = 0;
  let previousSeq = pruned;
  const all = db.prepare<[], PackedRow>(`select seq, body, events from ${table} order by seq`);
  for (const row of all.iterate()) {
    const events = unpackOrMark(row, previousSeq);
    previousSeq = row.seq;
    const waiting = events.filter(({ seq }) => seq > pruned);
    const going = waiting.filter(goes);
    // A row without anything left in it goes with its neighbours.
    if (going.length === 0 && waiting.length > 0) continue;
    rows.push({ row, waiting, counted: row.events - (events.length - waiting.length) });
    for (const event of going) lost.push(event);
    bytes += row.body.length;
    if (lost.length >= STRETCH_EVENTS || bytes >= STRETCH_BYTES) break;
  }
  return rows.length === 0 ? undefined : { rows, lost };
}

function thinnedOf(lane: Lane, lost: readonly StoredRow[], removed: number, what: string): Thinned {
  let from: number | undefined;
  let to: number | undefined;
  for (const { body } of lost) {
    // Of a kind that this version does not know, or worse: a time that is none would spoil the gap event.
    const parsed = parseEvent(decodeStoredEvent(body)?.event);
    if (parsed.outcome === 'invalid' || parsed.event.occurredAt === undefined) continue;
    const at = parsed.event.occurredAt;
    from = Math.min(from ?? at, at);
    to = Math.max(to ?? at, at);
  }
  return { lane, lost: lost.length, removed, from, to, reason: `journal over its byte limit: ${what}` };
}
