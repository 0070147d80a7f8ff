/**
 * Builds a new journal file from what can be read of another: a new epoch, the waiting events in their old order with
 * new seqs, the checkpoints, and gap events that declare what is missing.
 *
 * Each event keeps its original name as its `origin`, the first one through any number of carries, so that
 * the ledger counts it once although it may have been sent under its old name. Two exceptions take new names: events
 * whose file no longer says its epoch, and, in a file that the cloud has refused as forked, those appended since the
 * fork: their old names belong to other events.
 */
import { LANES, type Lane, perLane } from '../../../protocol/events/lanes.ts';
import type { Stamp } from '../../../protocol/events/record.ts';
import { JournalStore } from '../commit/store.ts';
import { type Birth, openFile } from '../file/layout.ts';
import { removeDatabase } from '../file/side-files.ts';
import { encodeCarriedEvent, laneGap, type StoredEvent } from '../file/stored-event.ts';
import type { SalvagedLane, SalvageSource } from './salvage-source.ts';

const EVENTS_PER_COMMIT = 1000;
const NO_EVENTS = perLane<string[]>(() => []);

export interface SalvageContext {
  readonly birth: Birth;
  readonly stamp: Stamp;
}

interface CarryPlan {
  /** The file was checked and is whole: what its counters say is true, and nothing needs to be reported. */
  readonly sound: boolean;
  /** Commits are missing that the file does not know of. */
  readonly lostCommits: boolean;
  /** Reported with each loss, and by itself when a file that was not sound lost nothing. `sessions`: all could be read. */
  story(carried: number, sessions: boolean): string;
}

export interface Carried {
  readonly epoch: string;
  readonly events: Readonly<Record<Lane, number>>;
  /** How many of them took a new name. */
  readonly renamed: number;
}

/** Writes `target`, over what a build cut short has left there. */
export function carryOver(
  target: string,
  source: SalvageSource,
  plan: CarryPlan,
  { birth, stamp }: SalvageContext,
): Carried {
  removeDatabase(target);
  try {
    const { db, marks } = openFile(target, birth, Number.MAX_SAFE_INTEGER);
    const store = new JournalStore({
      db,
      epoch: marks.epoch,
      file: target,
      maxBytes: Number.MAX_SAFE_INTEGER,
    });
    try {
      const carried = fill(store, source, plan, stamp);
      // The file is moved without its log: all of it must be in the file, or the disk must be said to be full.
      store.checkpointLog();
      return carried;
    } finally {
      store.close();
    }
  } finally {
    source.close();
  }
}

function fill(store: JournalStore, source: SalvageSource, plan: CarryPlan, stamp: Stamp): Carried {
  const sessions = source.checkpoints();
  store.commit({ events: NO_EVENTS, checkpoints: sessions.sound }, [], stamp);
  const naming = namesOf(source);
  const lanes = LANES.map((lane) => carryLane(store, source, lane, plan.sound, naming, stamp));
  const events = perLane(() => 0);
  for (const { lane, carried } of lanes) events[lane] = carried;
  const total = lanes.reduce((sum, { carried }) => sum + carried, 0);
  const story = plan.story(total, sessions.whole);
  const lossy = lanes.filter(({ lost }) => lost !== 0 || plan.lostCommits);
  const health = gaps(lossy, plan, { story, sessions: sessions.whole }, stamp);
  if (health.length > 0) store.commit({ events: { ...NO_EVENTS, health }, checkpoints: [] }, [], stamp);
  return { epoch: store.epoch, events, renamed: naming.renamed() };
}

/** The row that an event becomes in the new file. */
interface Naming {
  encode(lane: Lane, seq: number, event: StoredEvent): string;
  renamed(): number;
}

function namesOf(source: SalvageSource): Naming {
  const epoch = source.epoch();
  const kept = source.ownNames();
  let renamed = 0;
  return {
    encode(lane, seq, event) {
      const ownName = epoch !== undefined && (kept === undefined || seq <= kept[lane]);
      if (!ownName && event.origin === undefined) renamed++;
      return encodeCarriedEvent(event, ownName ? { epoch, seq } : undefined);
    },
    renamed: () => renamed,
  };
}

function carryLane(
  store: JournalStore,
  source: SalvageSource,
  lane: Lane,
  sound: boolean,
  naming: Naming,
  stamp: Stamp,
): SalvagedLane {
  let bodies: string[] = [];
  const write = () => {
    store.commit({ events: { ...NO_EVENTS, [lane]: bodies }, checkpoints: [] }, [], stamp);
    bodies = [];
  };
  const salvaged = source.readLane(lane, sound, (seq, event) => {
    if (bodies.push(naming.encode(lane, seq, event)) === EVENTS_PER_COMMIT) write();
  });
  write();
  return salvaged;
}

/** One gap per lane that lost something; one for the file as a whole when none of an unsound file did. */
function gaps(
  lossy: readonly SalvagedLane[],
  plan: CarryPlan,
  { story, sessions }: { readonly story: string; readonly sessions: boolean },
  stamp: Stamp,
): string[] {
  const now = stamp.recordedAt;
  if (lossy.length === 0) {
    const whole = { from: now, to: now, ...(sessions ? { lost: 0 } : {}), reason: story };
    return plan.sound && sessions
      ? []
      : [encodeCarriedEvent({ ...stamp, event: laneGap(stamp, whole) }, undefined)];
  }
  return lossy.map(({ lane, from, to, lost }) => {
    const counted = lost === undefined || plan.lostCommits ? {} : { lost };
    const gap = laneGap(stamp, { lane, from: from ?? now, to: to ?? now, ...counted, reason: story });
    return encodeCarriedEvent({ ...stamp, event: gap }, undefined);
  });
}
