/**
 * Test material of this folder: a small site, and a driver that inserts samples and movements as ingest does and
 * projects them. Not part of the product.
 */
import { type Kysely, sql } from 'kysely';
import type { Change } from '../ledger/change.ts';
import { lockDerivedState } from '../ledger/locks.ts';
import { type Rule, type Site, siteSchema } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import type { Tables } from '../store/tables.ts';
import { type MovementFact, projectColdChain } from './project.ts';
import type { SampleFact } from './rules/affected.ts';

export const MINUTE = 60_000;
/** Minute 0 of all stories. */
export const DAWN = 1_800_000_000_000;

export const highRule: Rule = {
  id: 'chill-high',
  version: 1,
  name: 'Chill at most 8 °C',
  locations: ['chill'],
  metric: 'temperature',
  comparator: 'above',
  limitMilli: 8000,
  deadBandMilli: 500,
  onDelayMs: 10 * MINUTE,
  offDelayMs: 5 * MINUTE,
  maxGapMs: 15 * MINUTE,
  severity: 'critical',
  hold: true,
};

export function siteOf(rules: readonly Rule[] = [highRule]): Site {
  return siteSchema.parse({
    name: 'Test dock',
    locations: [
      { id: 'chill', name: 'Chill room', kind: 'cold-room' },
      { id: 'freezer', name: 'Freezer', kind: 'freezer' },
      { id: 'staging', name: 'Staging', kind: 'staging' },
    ],
    doors: [{ readPoint: 'dock-1', name: 'Dock 1', inside: 'staging' }],
    probes: [
      { readPoint: 'chill-probe', name: 'Chill probe', location: 'chill' },
      { readPoint: 'chill-back', name: 'Chill back wall', location: 'chill' },
      { readPoint: 'freezer-probe', name: 'Freezer probe', location: 'freezer' },
    ],
    rules,
    items: [{ gtin: '04006381333931', name: 'Yoghurt' }],
  });
}

export type Fact =
  | ({ readonly kind: 'sample' } & SampleFact)
  | ({ readonly kind: 'movement' } & MovementFact);

/** A sample at a minute of the story, in degrees. */
export function sampleAt(minute: number, degrees: number, readPoint = 'chill-probe', seq = minute): Fact {
  return {
    kind: 'sample',
    readPoint,
    metric: 'temperature',
    occurredAt: DAWN + minute * MINUTE,
    occurredKey: `gate/e1/condition/${String(seq).padStart(16, '0')}`,
    valueMilli: Math.round(degrees * 1000),
  };
}

/** `0:5 10:9` → samples. */
export function samplesAt(story: string, readPoint?: string): Fact[] {
  return story.split(' ').map((word) => {
    const [minute, degrees] = word.split(':').map(Number);
    return sampleAt(minute ?? 0, degrees ?? 0, readPoint);
  });
}

export function moveAt(
  minute: number,
  epc: string,
  from: string,
  to: string,
  seq = minute,
  moved = true,
): Fact {
  return {
    kind: 'movement',
    epc,
    occurredAt: DAWN + minute * MINUTE,
    occurredKey: `gate/e1/stock/${String(seq).padStart(16, '0')}`,
    fromLocation: from,
    toLocation: to,
    moved,
  };
}

/** One ingest transaction: what is new is inserted, and only that is projected. */
export async function ingest(
  { db }: Pick<Store, 'db'>,
  site: Site,
  facts: readonly Fact[],
  now = DAWN,
): Promise<Change[]> {
  return db.transaction().execute(async (trx) => {
    const samples = await insertSamples(trx, facts);
    const movements = await insertMovements(trx, facts);
    await lockDerivedState(trx);
    return projectColdChain(trx, { samples, movements }, { site, now });
  });
}

/** The samples among the facts into their table; gives back those that were new. */
export async function insertSamples(db: Kysely<Tables>, facts: readonly Fact[]): Promise<SampleFact[]> {
  const rows = facts
    .filter((fact) => fact.kind === 'sample')
    .map((sample) => ({
      read_point: sample.readPoint,
      metric: sample.metric,
      occurred_at: sample.occurredAt,
      occurred_key: sample.occurredKey,
      value_milli: sample.valueMilli,
    }));
  if (rows.length === 0) return [];
  const inserted = await db
    .insertInto('samples')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .execute();
  return inserted.map((row) => ({
    readPoint: row.read_point,
    metric: row.metric,
    occurredAt: row.occurred_at,
    occurredKey: row.occurred_key,
    valueMilli: row.value_milli,
  }));
}

async function insertMovements(db: Kysely<Tables>, facts: readonly Fact[]): Promise<MovementFact[]> {
  const rows = facts
    .filter((fact) => fact.kind === 'movement')
    .map((movement) => ({
      epc: movement.epc,
      occurred_at: movement.occurredAt,
      occurred_key: movement.occurredKey,
      event_type: 'passage',
      read_point: 'dock-1',
      pass_id: `dock-1@${movement.occurredAt}`,
      direction: 'IN',
      from_location: movement.fromLocation,
      to_location: movement.toLocation,
      moved: movement.moved,
      disposition: 'in_progress',
      read_count: 1,
      peak_rssi_dbm: null,
    }));
  if (rows.length === 0) return [];
  const inserted = await db
    .insertInto('movements')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .execute();
  await standObjects(db, [...new Set(rows.map(({ epc }) => epc))]);
  return inserted.map((row) => ({
    epc: row.epc,
    occurredAt: row.occurred_at,
    occurredKey: row.occurred_key,
    fromLocation: row.from_location,
    toLocation: row.to_location,
    moved: row.moved,
  }));
}

/** The objects projection as the inventory keeps it: each object where its last real movement brought it. */
async function standObjects(db: Kysely<Tables>, epcs: readonly string[]): Promise<void> {
  await sql`
    insert into objects (epc, scheme, location, disposition, moved_at, moved_key, first_seen_at, last_seen_at)
    select m.epc, 'raw', m.to_location, m.disposition, m.occurred_at, m.occurred_key, m.occurred_at, m.occurred_at
    from unnest(${[...epcs]}::text[]) as o(epc) cross join lateral (
      select * from movements where epc = o.epc and moved
      order by occurred_at desc, occurred_key collate "C" desc limit 1
    ) m
    on conflict (epc) do update set location = excluded.location, moved_at = excluded.moved_at,
      moved_key = excluded.moved_key
  `.execute(db);
}

/** Everything the cold chain has written, without revision numbers. */
export async function ledgerOf({ db }: Pick<Store, 'db'>) {
  const episodes = await db.selectFrom('episodes').selectAll().orderBy('id').execute();
  const exceptions = await db.selectFrom('exceptions').selectAll().orderBy('id').execute();
  const holds = await db.selectFrom('holds').selectAll().orderBy('exception_id').orderBy('epc').execute();
  return {
    episodes: episodes.map(({ revision: _, ...episode }) => episode),
    exceptions: exceptions
      .filter(({ status }) => status !== 'withdrawn')
      .map(({ revision: _, ...exception }) => exception),
    holds: holds.filter(({ status }) => status !== 'withdrawn'),
  };
}

/** An empty ledger: opening a database anew for each story would take seconds. */
export async function emptyLedger({ db }: Pick<Store, 'db'>): Promise<void> {
  const tables = [
    ...([
      'samples',
      'movements',
      'episodes',
      'tracks',
      'exceptions',
      'holds',
      'decisions',
      'conditions',
      'contacts',
    ] as const),
    ...(['objects', 'tag_master', 'gateways', 'events'] as const),
  ];
  // Deleting a handful of rows is much faster than truncating.
  const deletions = tables.map(
    (table) => sql`${sql.ref(`no_${table}`)} as (delete from ${sql.table(table)})`,
  );
  await sql`with ${sql.join(deletions)} select 1`.execute(db);
}

/** Gives the cold chain everything on record again, page by page, as a rebuild does. */
export async function replay(store: Pick<Store, 'db'>, site: Site, facts: readonly Fact[], size: number) {
  const sorted = facts.toSorted((a, b) => a.occurredAt - b.occurredAt);
  const samples = sorted.filter((fact) => fact.kind === 'sample');
  const movements = sorted.filter((fact) => fact.kind === 'movement');
  for (let start = 0; start < sorted.length; start += size) {
    const page = {
      samples: samples.slice(start, start + size),
      movements: movements.slice(start, start + size),
    };
    await store.db.transaction().execute(async (trx) => {
      await lockDerivedState(trx);
      await projectColdChain(trx, page, { site, now: DAWN });
    });
  }
}
