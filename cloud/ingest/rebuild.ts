/**
 * Folds all events from scratch, in one transaction that keeps every other ingest out: readers see the old
 * projections until the new ones are complete. First the tables that each event decides alone, then, with all of
 * them complete, what follows from several. What people decided stays, and so does what deliveries raised rather
 * than events (BODY_MISMATCH, LEDGER_BEHIND). Episodes and holds are not deleted: the cold chain is given all
 * samples and movements again and corrects what differs, so that decisions keep what they are about.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import * as z from 'zod';
import { projectColdChain } from '../coldchain/project.ts';
import { raiseEarliest } from '../exceptions/from-events.ts';
import { EVENT_EXCEPTION_KINDS } from '../exceptions/kinds.ts';
import { withdrawExceptions } from '../exceptions/raise.ts';
import { projectDeviceConditions } from '../fleet/device-conditions.ts';
import { judgeHolds } from '../inventory/hold-violations.ts';
import { reconcileShipments } from '../inventory/shipments/reconcile.ts';
import { type LedgerEvent, ledgerEvent, occurredKey, readRecorded } from '../ledger/ledger-event.ts';
import { lockDerivedState, lockLedger } from '../ledger/locks.ts';
import { coldChainFacts, type ProjectContext, writeOwnTables } from '../projections/project.ts';
import { PROJECTED_TABLES } from '../projections/registry.ts';
import type { Store } from '../store/database.ts';
import type { MovementsTable, SamplesTable } from '../store/tables/projections.ts';
import type { Tables } from '../store/tables.ts';

export interface RebuildReport {
  readonly events: number;
}

const PAGE_ROWS = 2000;
/** Shipments reconciled at a time; each run brings its competitors along. */
const PAGE_SHIPMENTS = 100;

/** Of what follows from several events; what stands in other tables is corrected, not emptied. */
const DERIVED_TABLES = ['shipment_matches', 'tracks'] as const satisfies readonly (keyof Tables)[];

export async function rebuildLedger(
  store: Store,
  context: ProjectContext,
  onProgress: (done: number, total: number) => void,
): Promise<RebuildReport> {
  const { now, site, coldChain = projectColdChain } = context;
  return store.db.transaction().execute(async (trx) => {
    await lockLedger(trx, store.engine);
    await lockDerivedState(trx);
    const before = await withdrawFolded(trx, now);
    for (const table of [...PROJECTED_TABLES, ...DERIVED_TABLES]) await trx.deleteFrom(table).execute();
    const total = await countEvents(trx);
    let done = 0;
    for await (const page of eventPages(trx)) {
      const { findings } = await writeOwnTables(trx, page, context);
      await raiseEarliest(trx, [...findings.exceptions.values()], now);
      await projectDeviceConditions(trx, findings.deviceFacts, { site, now });
      done += page.length;
      onProgress(done, total);
    }
    for await (const samples of samplePages(trx)) {
      await coldChain(trx, coldChainFacts({ samples, movements: [] }), { site, now });
    }
    for await (const movements of movementPages(trx)) {
      await coldChain(trx, coldChainFacts({ samples: [], movements }), { site, now });
    }
    await reconcileAll(trx, now);
    await judgeHolds(trx, 'all', now);
    await restoreRevisions(trx, before);
    return { events: done };
  });
}

interface RecordedException {
  readonly id: string;
  readonly revision: number;
}

/** Takes back what events raised; the fold raises again what still follows, with the status people gave it. */
async function withdrawFolded(trx: Transaction<Tables>, now: number): Promise<RecordedException[]> {
  const standing = await trx
    .selectFrom('exceptions')
    .select(['id', 'revision'])
    .where('kind', 'in', [...EVENT_EXCEPTION_KINDS])
    .where('status', '<>', 'withdrawn')
    .execute();
  await withdrawExceptions(
    trx,
    standing.map((row) => row.id),
    now,
  );
  return standing;
}

/** To what stands as before, nothing happened. */
async function restoreRevisions(
  trx: Transaction<Tables>,
  before: readonly RecordedException[],
): Promise<void> {
  await sql`
    update exceptions e set revision = k.revision
    from unnest(${before.map((row) => row.id)}::text[], ${before.map((row) => row.revision)}::int[])
      as k(id, revision)
    where e.id = k.id and e.status <> 'withdrawn'
  `.execute(trx);
}

async function reconcileAll(trx: Transaction<Tables>, now: number): Promise<void> {
  const shipments = await trx.selectFrom('shipments').select('id').orderBy('expected_from').execute();
  for (let first = 0; first < shipments.length; first += PAGE_SHIPMENTS) {
    const page = shipments.slice(first, first + PAGE_SHIPMENTS);
    await reconcileShipments(
      trx,
      page.map((row) => row.id),
      now,
    );
  }
}

async function countEvents(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{
    total: number;
  }>`select count(*) as total from events where time_quality <> 'waiting'`.execute(db);
  return rows[0]?.total ?? 0;
}

const eventRowSchema = z.object({
  gateway: z.string(),
  epoch: z.string(),
  lane: z.string(),
  seq: z.number(),
  type: z.string(),
  body: z.record(z.string(), z.unknown()),
  recorded_at: z.number(),
  boot_id: z.string(),
  correction_ms: z.number().nullable(),
  time_quality: z.enum(['as-recorded', 'corrected', 'estimated']),
});

function ledgerEventOf(row: z.infer<typeof eventRowSchema>): LedgerEvent {
  const { gateway, epoch, lane, seq } = row;
  return ledgerEvent(readRecorded(row.type, row.body), {
    gateway,
    key: occurredKey(gateway, epoch, lane, seq),
    recordedAt: row.recorded_at,
    time: { bootId: row.boot_id, quality: row.time_quality, correctionMs: row.correction_ms ?? 0 },
  });
}

/** All events that have taken effect, in the order of their keys, a page at a time. */
async function* eventPages(trx: Transaction<Tables>): AsyncGenerator<LedgerEvent[]> {
  let after = { gateway: '', epoch: '', lane: '', seq: 0 };
  for (;;) {
    const { rows } = await sql<unknown>`
      select gateway, epoch, lane, seq, type, body, recorded_at, boot_id, correction_ms, time_quality from events
      where time_quality <> 'waiting' and (gateway, epoch, lane, seq) >
        (${after.gateway}::text, ${after.epoch}::text, ${after.lane}::text, ${after.seq}::bigint)
      order by gateway, epoch, lane, seq limit ${PAGE_ROWS}
    `.execute(trx);
    const page = z.array(eventRowSchema).parse(rows);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last;
    yield page.map(ledgerEventOf);
  }
}

async function* samplePages(trx: Transaction<Tables>): AsyncGenerator<SamplesTable[]> {
  let after: SamplesTable | undefined;
  for (;;) {
    const beyond =
      after === undefined
        ? sql`true`
        : sql`(read_point, metric, occurred_at, occurred_key) >
            (${after.read_point}::text, ${after.metric}::text, ${after.occurred_at}::bigint,
              ${after.occurred_key}::text)`;
    const { rows } = await sql<SamplesTable>`
      select * from samples where ${beyond}
      order by read_point, metric, occurred_at, occurred_key limit ${PAGE_ROWS}
    `.execute(trx);
    after = rows.at(-1);
    if (after === undefined) return;
    yield rows;
  }
}

async function* movementPages(trx: Transaction<Tables>): AsyncGenerator<MovementsTable[]> {
  let after = { epc: '', occurred_at: 0, occurred_key: '' };
  for (;;) {
    const { rows } = await sql<MovementsTable>`
      select * from movements where (epc, occurred_at, occurred_key) >
        (${after.epc}::text, ${after.occurred_at}::bigint, ${after.occurred_key}::text)
      order by epc, occurred_at, occurred_key limit ${PAGE_ROWS}
    `.execute(trx);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last;
    yield rows;
  }
}
