/**
 * Parts that are wrong on purpose, put in through the ports: each breaks one promise, and a checker has to say so.
 */
import { sql } from 'kysely';
import type { Ingest } from '../../../cloud/ingest/ingest.ts';
import type { Journal, JournalEntry } from '../../../gateway/journal/journal.ts';
import type { Uplink } from '../../../gateway/uplink/uplink.ts';
import { decodeBatch, packJson, type ReceivedBatch } from '../../../protocol/link/batch.ts';
import type { SimulationEngine } from '../world/engine.ts';

type Deliver = Ingest['deliver'];

const withDeliver = (ingest: Ingest, deliver: Deliver): Ingest => ({ ...ingest, deliver });

/** The batch of a delivery, changed; deliveries that are no batch pass. */
function changed(change: (batch: ReceivedBatch) => ReceivedBatch) {
  return (ingest: Ingest): Ingest =>
    withDeliver(ingest, (delivery) => {
      const decoded = decodeBatch(delivery.payload);
      if (!decoded.ok) return ingest.deliver(delivery);
      return ingest.deliver({ ...delivery, payload: packJson(change(decoded.batch)) });
    });
}

/** Says "committed" before it is. */
export function acksBeforeCommit(ingest: Ingest): Ingest {
  return withDeliver(ingest, (delivery) => {
    const decoded = decodeBatch(delivery.payload);
    // What becomes of it nobody asks.
    ingest.deliver(delivery).catch(() => {});
    if (!decoded.ok) return Promise.resolve(undefined);
    const { gateway, epoch, lane, lastSeq } = decoded.batch;
    return Promise.resolve({ v: 1, gateway, epoch, lane, upTo: lastSeq });
  });
}

/** Takes a batch without its first event, and acks it all. */
export const dropsAnEvent = changed((batch) => ({ ...batch, events: batch.events.slice(1) }));

/** Forgets under which epoch an event came: what comes again after a restart is new again. */
export function appliesTwice(ingest: Ingest): Ingest {
  let deliveries = 0;
  return withDeliver(ingest, async (delivery) => {
    const decoded = decodeBatch(delivery.payload);
    if (decoded.ok) {
      const again = { ...decoded.batch, epoch: `again-${++deliveries}-${decoded.batch.epoch}` };
      await ingest.deliver({ ...delivery, payload: packJson(again) }).catch(() => {});
    }
    return ingest.deliver(delivery);
  });
}

/** Leaves gap events out: losses happen in silence. */
export const hidesGaps = changed((batch) => ({
  ...batch,
  events: batch.events.filter((raw) => !isGap(raw)),
}));

function isGap(raw: unknown): boolean {
  const event = typeof raw === 'object' && raw !== null && 'event' in raw ? raw.event : undefined;
  return typeof event === 'object' && event !== null && 'type' in event && event.type === 'gap';
}

/** Moves goods that no event moved. */
export function movesGoods(ingest: Ingest, engine: SimulationEngine): Ingest {
  return withDeliver(ingest, async (delivery) => {
    const ack = await ingest.deliver(delivery);
    await sql`
      update objects set location = 'cold-1', moved_at = ${Number.MAX_SAFE_INTEGER}::bigint
      where epc = (select min(epc) from objects) and location <> 'cold-1'
    `.execute(engine.admin);
    return ack;
  });
}

/** Takes the carrier's "taken" (PUBACK) for the cloud's "committed". */
export function prunesOnPuback(uplink: Uplink, journal: Journal): Uplink {
  return new Proxy(uplink, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      if (key !== 'publish') return member.bind(target);
      return async (...given: Parameters<Uplink['publish']>) => {
        await target.publish(...given);
        const decoded = decodeBatch(given[1]);
        if (!decoded.ok) return;
        const { epoch, lane, lastSeq } = decoded.batch;
        journal.prune(epoch, lane, lastSeq).catch(() => {});
      };
    },
  });
}

/** Lets every third entry go after the one behind it. */
export function reordersAppends(journal: Journal): Journal {
  let appends = 0;
  let heldBack: (() => void) | undefined;
  const append = (entry: JournalEntry): Promise<void> => {
    const release = heldBack;
    heldBack = undefined;
    if (release === undefined && ++appends % 3 === 0) {
      return new Promise((resolve, reject) => {
        heldBack = () => void journal.append(entry).then(resolve, reject);
      });
    }
    const done = journal.append(entry);
    release?.();
    return done;
  };
  return new Proxy(journal, {
    get: (target, key) => (key === 'append' ? append : Reflect.get(target, key, target)),
  });
}

/** Says "durable" when it is only queued. */
export function reportsDurableEarly(journal: Journal): Journal {
  const append = (entry: JournalEntry): Promise<void> => {
    journal.append(entry).catch(() => {});
    return Promise.resolve();
  };
  return new Proxy(journal, {
    get: (target, key) => (key === 'append' ? append : Reflect.get(target, key, target)),
  });
}

/** For `withPragmaFilter`: a journal that does not sync its commits. */
export const syncsNormally = (source: string) =>
  source.replace(/synchronous\s*=\s*FULL/i, 'synchronous = NORMAL');
