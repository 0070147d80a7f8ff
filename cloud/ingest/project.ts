/**
 * New events → everything that follows from them, inside the caller's transaction: first what each event decides
 * alone (inventory), then what follows from several (shipments, episodes and holds, device conditions, holds
 * violated). The second part must see all that is committed, so it holds the lock of derived state.
 */
import type { Transaction } from 'kysely';
import { raiseEarliest } from '../exceptions/from-events.ts';
import type { ExceptionRow } from '../exceptions/raise.ts';
import { type DeviceFact, projectDeviceConditions } from '../fleet/device-conditions.ts';
import { applyFacts } from '../inventory/apply.ts';
import { type Facts, factsOf } from '../inventory/facts.ts';
import { heldBy, judgeHolds } from '../inventory/hold-violations.ts';
import type { DecodeEpc } from '../inventory/objects.ts';
import { reconcileTouched } from '../inventory/shipments/reconcile.ts';
import type { Change } from '../ledger/change.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { Places } from '../site/places.ts';
import type { Site } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import type { MovementsTable, SamplesTable, Tables } from '../store/tables.ts';
import type { ColdChainFacts, ProjectColdChain } from './cold-chain-hook.ts';
import { lockDerived } from './locks.ts';

export interface ProjectContext {
  readonly engine: Store['engine'];
  readonly site: Site;
  readonly places: Places;
  readonly decode: DecodeEpc;
  readonly coldChain: ProjectColdChain;
  readonly now: number;
}

export async function projectEvents(
  trx: Transaction<Tables>,
  events: readonly LedgerEvent[],
  context: ProjectContext,
  alsoRaise: readonly ExceptionRow[] = [],
): Promise<Change[]> {
  const { now, places, site } = context;
  const facts = factsOf(events, places);
  await applyFacts(trx, facts, context);
  const exceptions = [...facts.exceptions.values(), ...alsoRaise];
  const changes = directChanges(facts, now);
  const conditions = deviceFactsOf(events);
  if (facts.movements.length + facts.samples.length + exceptions.length + conditions.length === 0) {
    return changes;
  }
  await lockDerived(trx, context.engine);
  changes.push(...(await raiseEarliest(trx, exceptions, now)));
  changes.push(...(await reconcileTouched(trx, facts.movements, now)));
  const coldChain = await context.coldChain(trx, coldChainFacts(facts), { site, now });
  changes.push(...(await projectDeviceConditions(trx, conditions, { site, now })));
  const changedHolds = coldChain.flatMap(({ topic, id }) =>
    topic === 'hold' && id !== undefined ? [id] : [],
  );
  const left = facts.movements.filter((m) => m.moved && m.to_location === 'customer').map((m) => m.epc);
  const concerned = [...left, ...(await heldBy(trx, changedHolds))];
  return [...changes, ...coldChain, ...(await judgeHolds(trx, concerned, now))];
}

/** Which conditions of which devices the events speak of. */
export function deviceFactsOf(events: readonly LedgerEvent[]): DeviceFact[] {
  return events.flatMap(({ gateway, event }) =>
    event.type === 'device'
      ? [
          {
            gateway,
            device: event.device,
            condition: event.condition,
            readPoint: event.readPoint ?? null,
            occurredAt: event.occurredAt,
          },
        ]
      : [],
  );
}

export function coldChainFacts(rows: {
  readonly samples: readonly SamplesTable[];
  readonly movements: readonly MovementsTable[];
}): ColdChainFacts {
  return {
    samples: rows.samples.map((row) => ({
      readPoint: row.read_point,
      metric: row.metric,
      occurredAt: row.occurred_at,
      occurredKey: row.occurred_key,
      valueMilli: row.value_milli,
    })),
    movements: rows.movements.map((row) => ({
      epc: row.epc,
      occurredAt: row.occurred_at,
      occurredKey: row.occurred_key,
      fromLocation: row.from_location,
      toLocation: row.to_location,
      moved: row.moved,
    })),
  };
}

function directChanges(facts: Facts, now: number): Change[] {
  const at = new Date(now).toISOString();
  const places = new Set<string>();
  for (const { moved, from_location: from, to_location: to } of facts.movements) {
    if (moved && from !== null) places.add(from);
    if (moved && to !== null) places.add(to);
  }
  return [
    ...[...facts.passes.values()].map((row): Change => {
      return { topic: 'pass', at, readPoint: row.read_point, id: row.pass_id };
    }),
    ...[...places].map((location): Change => ({ topic: 'stock', at, location })),
    ...[...facts.bins.keys()].map((readPoint): Change => ({ topic: 'stock', at, readPoint })),
    ...[...facts.conditions.values()].map((row): Change => {
      return { topic: 'sample', at, readPoint: row.read_point };
    }),
    ...[...facts.contacts.keys()].map((readPoint): Change => ({ topic: 'contact', at, readPoint })),
    ...[...facts.devices.values()].map((row): Change => ({ topic: 'device', at, id: row.device })),
  ];
}
