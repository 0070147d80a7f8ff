import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, postgresFound, startPostgres } from '../../test/support/engines.ts';
import { until } from '../../test/support/processes.ts';
import { openDatabase } from './database.ts';

describe.runIf(postgresFound)('a PostgreSQL that is killed', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startPostgres();
  });
  afterAll(() => engine.close());

  it('between two statements of a transaction fails that transaction, not the process, and serves again', async () => {
    const reported: Error[] = [];
    const store = await openDatabase({ url: engine.url, onIdleError: (error) => reported.push(error) });
    const ping = () => sql`select 1`.execute(store.db);
    // One connection idle, one in the midst of a transaction.
    const idle = store.db.connection().execute(() => ping());
    const transaction = store.db.transaction().execute(async (trx) => {
      await sql`select 1`.execute(trx);
      await idle;
      await engine.kill();
      await until('the idle connection to be reported', () => reported.length > 0);
      await sql`select 1`.execute(trx);
    });
    await expect(transaction).rejects.toThrow();
    expect(reported.map((error) => 'client' in error)).toEqual(reported.map(() => false));
    await engine.restart();
    await until('the database to serve again', () =>
      ping().then(
        () => true,
        () => false,
      ),
    );
    await store.close();
  });
});
