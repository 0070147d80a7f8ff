/**
 * Deliveries → ledger, exactly once. Deliveries that wait while a transaction runs share the next one. Each lane has
 * a queue of its own for all gateways, and a transaction of its own that runs beside the others': they write different
 * tables and meet only at the end, for what follows from several events. The answer (the cumulative ack) resolves only
 * after the commit; a rejection means "not taken": no ack, the gateway sends again, and the keys make that harmless,
 * also when a commit succeeded whose answer was lost.
 *
 * A group that the database refuses for its data is taken apart, down to the single event, which then becomes a
 * dead letter: no value that a sender can choose blocks a lane.
 */
import { LANES, type Lane, perLane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { type Clock, delay } from '../../protocol/ports/clock.ts';
import type { Delivery } from '../intake/intake.ts';
import type { DecodeEpc } from '../inventory/objects.ts';
import { type Change, distinctChanges } from '../ledger/change.ts';
import type { ProjectContext } from '../projections/project.ts';
import { placesOf } from '../site/places.ts';
import type { Site } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import { type ClockCounters, ClockSettling } from './clocks/clock-settling.ts';
import { failureOf } from './delivery/database-error.ts';
import { type DeadLetterRecord, payloadText } from './delivery/dead-letters.ts';
import { GroupQueue } from './delivery/group-queue.ts';
import { type BatchJudgement, type JudgedBatch, judgeDelivery } from './delivery/judge.ts';
import { type RebuildReport, rebuildLedger } from './rebuild.ts';
import { type Taken, takeBatches } from './take-batches.ts';

/** Events of one transaction: beyond this the gain is small and the locks are held long. */
const MAX_GROUP_EVENTS = 2000;
/** Deliveries waiting here; the intake holds back before. */
const MAX_WAITING_DELIVERIES = 512;
const MAX_ATTEMPTS = 6;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2000;
/** A delivery that cannot be read has no lane that can be believed. */
const LANE_OF_THE_REFUSED: Lane = 'health';

interface IngestCounters extends ClockCounters {
  transactions: number;
  batches: number;
  /** Events that took effect. */
  events: number;
  /** Events that came again and changed nothing. */
  repeatedEvents: number;
  /** Events of kinds that this version does not know: kept, and projected by the version that does. */
  unknownEvents: number;
  deadLetters: number;
  /** Batches of copied or restored journals, not taken. */
  forkedBatches: number;
  retries: number;
  /** Deliveries that were not taken: no ack. */
  rejected: number;
}

export interface IngestOptions {
  readonly store: Store;
  readonly site: Site;
  readonly clock: Clock;
  /** Where a test puts another in the place of the cold chain. */
  readonly coldChain?: ProjectContext['coldChain'];
  readonly decode: DecodeEpc;
  /** After each commit, what it changed. Must not throw. */
  readonly onCommitted?: (changes: readonly Change[]) => void;
}

export interface Ingest {
  deliver(delivery: Delivery): Promise<Ack | undefined>;
  /** Folds all events from scratch into the projections; what people decided stays. */
  rebuild(onProgress?: (done: number, total: number) => void): Promise<RebuildReport>;
  /** By the clock of the cloud: settles what a crash left behind, gives up what waits too long, notifies people. */
  checkClocks(): Promise<void>;
  readonly counters: Readonly<IngestCounters>;
}

interface WaitingDelivery {
  readonly judgement: BatchJudgement;
  resolve(ack: Ack | undefined): void;
  reject(error: unknown): void;
}

export function createIngest(options: IngestOptions): Ingest {
  const { store, site, clock, onCommitted = () => {} } = options;
  const places = placesOf(site);
  const counters: IngestCounters = {
    transactions: 0,
    batches: 0,
    events: 0,
    repeatedEvents: 0,
    unknownEvents: 0,
    deadLetters: 0,
    forkedBatches: 0,
    settledEvents: 0,
    clockFailures: 0,
    retries: 0,
    rejected: 0,
  };
  const queue = () =>
    new GroupQueue<WaitingDelivery>({ limit: MAX_GROUP_EVENTS, sizeOf: countEvents, take: takeGroup });
  const queues = perLane(queue);

  const context = (): ProjectContext => ({
    engine: store.engine,
    site,
    places,
    decode: options.decode,
    coldChain: options.coldChain,
    now: clock.now(),
  });
  const clocks = new ClockSettling({ store, clock, counters, context, onCommitted });

  async function commit(
    batches: readonly JudgedBatch[],
    refused: readonly DeadLetterRecord[],
  ): Promise<Taken> {
    for (let attempt = 1; ; attempt++) {
      try {
        const taken = await clock.track(
          store.db.transaction().execute((trx) => takeBatches(trx, batches, refused, context())),
        );
        countTaken(counters, batches, taken);
        stampAcks(taken.acks, clock.now());
        clocks.settleSoon(taken.clocksToSettle);
        if (taken.changes.length > 0) onCommitted(distinctChanges(taken.changes));
        return taken;
      } catch (error) {
        if (failureOf(error) !== 'transient' || attempt === MAX_ATTEMPTS) throw error;
        counters.retries += 1;
        await delay(clock, Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), MAX_RETRY_MS), 'ingest retry');
      }
    }
  }

  /** Takes a batch that the database refused by halves; a single event that it refuses is set aside. */
  async function takeApart(batch: JudgedBatch, cause: unknown): Promise<Ack | undefined> {
    const parts = batch.events.length > 1 ? halves(batch) : [withoutEvents(batch, cause)];
    let ack: Ack | undefined;
    for (const part of parts) {
      try {
        ack = (await commit([part], [])).acks[0];
      } catch (error) {
        if (failureOf(error) !== 'data' || part.events.length === 0) throw error;
        ack = await takeApart(part, error);
      }
    }
    return ack;
  }

  async function takeOne(entry: WaitingDelivery): Promise<void> {
    const { judgement } = entry;
    try {
      if (!judgement.ok) {
        await commit([], [judgement.deadLetter]);
        entry.resolve(undefined);
        return;
      }
      entry.resolve((await commit([judgement.batch], [])).acks[0]);
    } catch (error) {
      if (failureOf(error) !== 'data' || !judgement.ok) return reject(entry, error);
      await takeApart(judgement.batch, error).then(entry.resolve, (deeper) => reject(entry, deeper));
    }
  }

  async function takeGroup(group: readonly WaitingDelivery[]): Promise<void> {
    const good = group.filter((entry) => entry.judgement.ok);
    const batches = group.flatMap(({ judgement }) => (judgement.ok ? [judgement.batch] : []));
    const refused = group.flatMap(({ judgement }) => (judgement.ok ? [] : [judgement.deadLetter]));
    try {
      const { acks } = await commit(batches, refused);
      for (const entry of group) if (!entry.judgement.ok) entry.resolve(undefined);
      good.forEach((entry, index) => {
        entry.resolve(acks[index]);
      });
    } catch (error) {
      if (failureOf(error) === 'data') for (const entry of group) await takeOne(entry);
      else for (const entry of group) reject(entry, error);
    }
  }

  function reject(entry: WaitingDelivery, error: unknown): void {
    counters.rejected += 1;
    entry.reject(error);
  }

  return {
    counters,
    deliver(delivery) {
      const waiting = LANES.reduce((sum, lane) => sum + queues[lane].length, 0);
      if (waiting >= MAX_WAITING_DELIVERIES) {
        counters.rejected += 1;
        return Promise.reject(new Error(`more than ${MAX_WAITING_DELIVERIES} deliveries wait; not taken`));
      }
      const judgement = judgeDelivery(delivery);
      const lane = judgement.ok ? judgement.batch.lane : LANE_OF_THE_REFUSED;
      return new Promise((resolve, reject) => {
        queues[lane].push({ judgement, resolve, reject });
      });
    },
    checkClocks: () => clocks.check(),
    rebuild: (onProgress = () => {}) => clock.track(rebuildLedger(store, context(), onProgress)),
  };
}

function countEvents({ judgement }: WaitingDelivery): number {
  return judgement.ok ? judgement.batch.events.length : 0;
}

/** The cloud's clock at the commit: gateways without a better source set their times by it. */
function stampAcks(acks: (Ack | undefined)[], at: number): void {
  for (const [index, ack] of acks.entries()) if (ack !== undefined) acks[index] = { ...ack, at };
}

function countTaken(counters: IngestCounters, batches: readonly JudgedBatch[], taken: Taken): void {
  counters.transactions += 1;
  counters.batches += batches.length;
  counters.events += taken.fresh;
  counters.repeatedEvents += taken.repeated;
  counters.unknownEvents += taken.unknown;
  counters.deadLetters += taken.deadLetters.length;
  counters.forkedBatches += taken.forked;
}

/** Two batches that cover the same range with half of the events each; the dead letters go with the first. */
function halves(batch: JudgedBatch): [JudgedBatch, JudgedBatch] {
  const events = batch.events.toSorted((a, b) => a.record.seq - b.record.seq);
  const middle = events.length >> 1;
  const border = events[middle]?.record.seq ?? batch.firstSeq;
  return [
    { ...batch, lastSeq: Math.max(batch.firstSeq, border - 1), events: events.slice(0, middle) },
    { ...batch, firstSeq: border, events: events.slice(middle), deadLetters: [] },
  ];
}

function withoutEvents(batch: JudgedBatch, cause: unknown): JudgedBatch {
  const { gateway, epoch, lane } = batch;
  const letters = batch.events.map(
    ({ record }): DeadLetterRecord => ({
      gateway,
      epoch,
      lane,
      seq: record.seq,
      code: 'REFUSED_BY_DATABASE',
      detail: cause instanceof Error ? cause.message : 'unknown',
      payload: payloadText(record),
    }),
  );
  return { ...batch, events: [], deadLetters: [...batch.deadLetters, ...letters] };
}
