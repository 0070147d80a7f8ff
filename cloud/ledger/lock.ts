/**
 * One writer of the cold chain at a time, until its transaction ends. Samples and movements of one moment arrive
 * in different transactions (lanes); without this neither would see the other's rows and a hold would be missed.
 * Take it after the facts are inserted. After it wait for nothing that a transaction may hold while it waits for this
 * lock: no deadlock then. The ingest takes the rows of gateways after it (cloud/ingest/locks.ts), so nobody may take
 * them before.
 */
import { sql, type Transaction } from 'kysely';
import type { Tables } from '../store/tables.ts';

/** Any number that no other advisory lock of ours uses. */
const COLD_CHAIN_LOCK = 7_203_101;

export async function lockColdChain(trx: Transaction<Tables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(COLD_CHAIN_LOCK)})`.execute(trx);
}
