/**
 * The ledger's locks, held until the transaction ends, always taken in this order: the ledger (shared by every batch,
 * exclusive for a rebuild); the lanes of the batches (sorted); the rows of new openings (sorted); the clocks of the
 * gateways of health batches and of events that need a clock; the rows that each event decides alone (tables in one
 * order, rows sorted); the derived state (matches, episodes, holds), which is a function of several events and must see
 * all that is committed; the rows of the gateways (sorted); the dead letters. PGlite has one connection: there is
 * nothing to lock out.
 */
import { sql, type Transaction } from 'kysely';
import type { Store } from '../store/database.ts';
import type { Tables } from '../store/tables.ts';

/** First key of our locks ("tal" and a number), so that they do not meet those of other programs. */
export const LEDGER = 0x74616c01;
const LANE = 0x74616c02;
const CLOCKS = 0x74616c03;

type DatabaseEngine = Store['engine'];

export async function lockLanes(
  trx: Transaction<Tables>,
  engine: DatabaseEngine,
  lanes: readonly string[],
): Promise<void> {
  if (engine === 'pglite') return;
  const sorted = [...new Set(lanes)].sort();
  await sql`
    select pg_advisory_xact_lock_shared(${LEDGER}::int, 0) union all
    select pg_advisory_xact_lock(${LANE}::int, hashtext(lane)) from unnest(${sorted}::text[]) as t(lane)
  `.execute(trx);
}

/** An event that begins to wait and the mark that ends its waiting must not pass each other unseen. */
export async function lockClocks(
  trx: Transaction<Tables>,
  engine: DatabaseEngine,
  gateways: readonly string[],
): Promise<void> {
  if (engine === 'pglite' || gateways.length === 0) return;
  const sorted = [...new Set(gateways)].sort();
  await sql`
    select pg_advisory_xact_lock(${CLOCKS}::int, hashtext(gateway)) from unnest(${sorted}::text[]) as t(gateway)
  `.execute(trx);
}

export async function lockLedger(trx: Transaction<Tables>, engine: DatabaseEngine): Promise<void> {
  if (engine === 'pglite') return;
  await sql`select pg_advisory_xact_lock(${LEDGER}::int, 0)`.execute(trx);
}

/** Any number that no other advisory lock of ours uses. */
const DERIVED_STATE = 7_203_101;

/**
 * One writer of the derived state at a time: batches of different lanes, the checks by the cloud's own clock, people's
 * decisions. Samples and movements of one moment arrive in different transactions; without this neither would see the
 * other's rows and a hold would be missed. Take it after the facts are inserted, and then wait for nothing that a
 * transaction may hold while it waits for this lock.
 */
export async function lockDerivedState(trx: Transaction<Tables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(DERIVED_STATE)})`.execute(trx);
}
