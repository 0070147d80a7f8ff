/**
 * New events → everything that follows from them, inside the caller's transaction: first what each event decides
 * alone, then what follows from several (shipments, episodes and holds, device conditions, holds violated). The second
 * part must see all that is committed, so it holds the lock of derived state.
 */
import type { Transaction } from 'kysely';
import { type ColdChainFacts, type ProjectColdChain, projectColdChain } from '../coldchain/project.ts';
import { raiseEarliest } from '../exceptions/from-events.ts';
import type { ExceptionRow } from '../exceptions/raise.ts';
import { projectDeviceConditions } from '../fleet/device-conditions.ts';
import { heldBy, judgeHolds } from '../inventory/hold-violations.ts';
import type { DecodeEpc } from '../inventory/objects.ts';
import { reconcileTouched } from '../inventory/shipments/reconcile.ts';
import type { Change } from '../ledger/change.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import { lockDerivedState } from '../ledger/locks.ts';
import type { Places } from '../site/places.ts';
import type { Site } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import type { MovementsTable, SamplesTable } from '../store/tables/projections.ts';
import type { Tables } from '../store/tables.ts';
import { type Findings, newFindings } from './findings.ts';
import { foldEvents } from './registry.ts';

export interface ProjectContext {
  readonly engine: Store['engine'];
  readonly site: Site;
  readonly places: Places;
  readonly decode: DecodeEpc;
  /** The cold chain, where a test puts another in its place. */
  readonly coldChain?: ProjectColdChain | undefined;
  readonly now: number;
}

export async function projectEvents(
  trx: Transaction<Tables>,
  events: readonly LedgerEvent[],
  context: ProjectContext,
  alsoRaise: readonly ExceptionRow[] = [],
): Promise<Change[]> {
  const { now, site, coldChain = projectColdChain } = context;
  const { findings, changes } = await writeOwnTables(trx, events, context);
  const { movements, samples, deviceFacts } = findings;
  const exceptions = [...findings.exceptions.values(), ...alsoRaise];
  if (movements.length + samples.length + exceptions.length + deviceFacts.length === 0) return changes;
  await lockDerivedState(trx);
  changes.push(...(await raiseEarliest(trx, exceptions, now)));
  changes.push(...(await reconcileTouched(trx, movements, now)));
  const fromColdChain = await coldChain(trx, coldChainFacts({ samples, movements }), { site, now });
  changes.push(...(await projectDeviceConditions(trx, deviceFacts, { site, now })));
  const changedHolds = fromColdChain.flatMap(({ topic, id }) =>
    topic === 'hold' && id !== undefined ? [id] : [],
  );
  const left = movements.filter((m) => m.moved && m.to_location === 'customer').map((m) => m.epc);
  const concerned = [...left, ...(await heldBy(trx, changedHolds))];
  return [...changes, ...fromColdChain, ...(await judgeHolds(trx, concerned, now))];
}

/** What each event decides alone; what it means beyond that is in the findings. */
export async function writeOwnTables(
  trx: Transaction<Tables>,
  events: readonly LedgerEvent[],
  { places, decode, now }: ProjectContext,
): Promise<{ findings: Findings; changes: Change[] }> {
  const findings = newFindings();
  const foldings = foldEvents(events, { places, decode, findings });
  for (const folding of foldings) await folding.write(trx);
  const at = new Date(now).toISOString();
  return { findings, changes: [...foldings].flatMap((folding) => folding.changes(at)) };
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
