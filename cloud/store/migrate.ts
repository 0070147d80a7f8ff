/**
 * Brings a database to the newest schema. The list is static: a migration once released is never changed, a new
 * one is appended. On PostgreSQL, concurrent starts wait for each other (advisory lock of the migrator).
 */
import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import * as ledger from './migrations/001-ledger.ts';
import * as delivery from './migrations/002-delivery.ts';
import * as provisioning from './migrations/003-provisioning.ts';
import type { Tables } from './tables.ts';

const MIGRATIONS = { '001-ledger': ledger, '002-delivery': delivery, '003-provisioning': provisioning };

/** The names of the migrations that ran now; throws with the cause when one fails (its changes are rolled back). */
export async function migrate(db: Kysely<Tables>, options: { schema?: string } = {}): Promise<string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    ...(options.schema === undefined ? {} : { migrationTableSchema: options.schema }),
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results.find((result) => result.status === 'Error')?.migrationName ?? 'unknown';
    throw new Error(`database migration ${failed} failed`, { cause: error });
  }
  return results.filter((result) => result.status === 'Success').map((result) => result.migrationName);
}
