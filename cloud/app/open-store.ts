/** From configuration to an open, migrated database. */

import { openDatabase, type Store } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { type CloudConfig, readText } from './config.ts';

/** Opens what `database` names, without touching the schema. */
export async function openStore(
  database: CloudConfig['database'],
  onIdleError: (error: Error) => void,
): Promise<Store> {
  if (database.memory) return await openDatabase({ memory: true });
  if (database.dataDir !== undefined) return await openDatabase({ dataDir: database.dataDir });
  const url =
    database.url ??
    readText(database.urlFile ?? '', 'the database address', 'database.urlFile names it').trim();
  return await openDatabase({ url, onIdleError });
}

/** Opens it and brings the schema up to date; closes it again when that fails. */
export async function openMigratedStore(
  database: CloudConfig['database'],
  onIdleError: (error: Error) => void,
): Promise<Store> {
  const store = await openStore(database, onIdleError);
  try {
    await migrate(store.db);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
