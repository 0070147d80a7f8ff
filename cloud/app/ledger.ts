/** What the API asks, answered by inventory and cold chain; every decision is published on the live stream. */
import type { Kysely } from 'kysely';
import type { Clock } from '../../protocol/ports/clock.ts';
import { getException, listExceptions, listHolds } from '../answers/exceptions.ts';
import { listDeadLetters, listGateways } from '../answers/gateways.ts';
import { findObject, listObjects, movementsOf } from '../answers/objects.ts';
import { listPasses } from '../answers/passes.ts';
import { listRooms } from '../answers/rooms.ts';
import { samplesOf } from '../answers/samples.ts';
import { findShipment, listShipments } from '../answers/shipments.ts';
import { listStock } from '../answers/stock.ts';
import type { Decision, Ledger } from '../api/http/ledger.ts';
import type { LiveBus } from '../api/http/live.ts';
import { acknowledgeException, releaseHold, resolveException } from '../exceptions/decide.ts';
import { closeShipment, loadShipments } from '../inventory/shipments/shipments.ts';
import type { Change } from '../ledger/change.ts';
import { DecisionRefused } from '../ledger/decision.ts';
import type { Site } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import type { Tables } from '../store/tables.ts';

export function createLedger(dependencies: {
  readonly store: Pick<Store, 'db'>;
  readonly site: Site;
  readonly clock: Clock;
  readonly live: LiveBus;
}): Ledger {
  const { site, clock, live } = dependencies;
  const { db } = dependencies.store;

  /** Runs a decision of the cold chain, publishes its changes, and answers with what stands afterwards. */
  async function decide<T>(act: () => Promise<Change[]>, after: () => Promise<T | undefined>) {
    try {
      const changes = await act();
      live.publish(changes);
      return decided(await after());
    } catch (error) {
      if (!(error instanceof DecisionRefused)) throw error;
      return { ok: false as const, reason: error.reason };
    }
  }

  const exceptionAfter = (id: string) => () => getException(db, site, id);

  return {
    stock: (filter) => listStock(db, site, filter),
    objects: (filter, page) => listObjects(db, site, filter, page),
    object: (epc) => findObject(db, site, epc),
    movements: (epc, limit) => movementsOf(db, epc, limit),
    passes: (filter) => listPasses(db, site, filter),
    shipments: () => listShipments(db, site, clock.now()),
    shipment: (id) => findShipment(db, site, id, clock.now()),
    async loadShipments(input) {
      const loaded = await loadShipments(db, input, clock.now());
      if (!loaded.ok) return { ok: false, detail: loaded.detail };
      live.publish(loaded.changes);
      return { ok: true, ids: loaded.ids };
    },
    async closeShipment(id, actor, reason) {
      const closed = await closeShipment(db, id, { actor, reason }, clock.now());
      if (!closed.ok) return closed;
      live.publish(closed.changes);
      return decided(await findShipment(db, site, id, clock.now()));
    },
    rooms: () => listRooms(db, site, clock.now()),
    samples: (query) => samplesOf(db, query),
    exceptions: (filter, page) => listExceptions(db, site, { ...filter, ...page }),
    acknowledge: (id, actor, reason) =>
      decide(() => acknowledgeException(db, id, { actor, reason }, clock.now()), exceptionAfter(id)),
    resolve: (id, actor, reason) =>
      decide(() => resolveException(db, id, { actor, reason }, clock.now()), exceptionAfter(id)),
    holds: (filter, page) => listHolds(db, site, { ...filter, ...page }),
    async releaseHolds({ exceptionId, epcs }, actor, reason) {
      const before = await activeHolds(db, exceptionId);
      return await decide(
        () => releaseHold(db, { exceptionId, epcs: epcs ?? 'all' }, { actor, reason }, clock.now()),
        async () => ({ released: before - (await activeHolds(db, exceptionId)) }),
      );
    },
    gateways: () => listGateways(db),
    deadLetters: (limit) => listDeadLetters(db, limit),
  };
}

function decided<T>(value: T | undefined): Decision<T> {
  return value === undefined ? { ok: false, reason: 'not-found' } : { ok: true, value };
}

async function activeHolds(db: Kysely<Tables>, exceptionId: string): Promise<number> {
  const { active } = await db
    .selectFrom('holds')
    .select(({ fn }) => fn.countAll<number>().as('active'))
    .where('exception_id', '=', exceptionId)
    .where('status', '=', 'active')
    .executeTakeFirstOrThrow();
  return active;
}
