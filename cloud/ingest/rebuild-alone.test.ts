/** Locks between connections: something that only a real PostgreSQL can show. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { decodeEpc } from '../../protocol/epc/epc.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases, type TestDatabase } from '../../test/support/databases.ts';
import { until } from '../../test/support/processes.ts';
import { LEDGER } from '../ledger/locks.ts';
import { batchOf, delivery, register, sample, T0, TEST_SITE } from './deliveries.fixture.ts';
import { createIngest } from './ingest.ts';

const clock = clockAt(T0);
const server = databases().find(({ name }) => name === 'PostgreSQL');

describe('a rebuild on PostgreSQL', () => {
  it.runIf(server)('is alone: a batch that comes meanwhile does not begin before it is done', async () => {
    const store = await (server as TestDatabase).open();
    await register(store, 'gw-1');
    const parts = { store, site: TEST_SITE, clock, decode: decodeEpc };
    const ingest = createIngest({ ...parts });
    await clock.runUntilSettled(ingest.deliver(delivery(batchOf([sample(T0, 4000)]))));

    const half = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow = createIngest({
      ...parts,
      coldChain: async () => {
        half.resolve();
        await goOn.promise;
        return [];
      },
    });
    const rebuilt = slow.rebuild();
    await half.promise;
    const taken = ingest.deliver(delivery(batchOf([sample(T0 + 1, 5000)], { firstSeq: 2 })));
    const waitsFor = async () => {
      const { rows } = await sql<{ key: number }>`
        select l.classid::bigint as key from pg_locks l join pg_stat_activity a using (pid)
        where l.locktype = 'advisory' and not l.granted and a.datname = current_database()
      `.execute(store.db);
      return rows.map(({ key }) => key);
    };
    await until('the batch to wait for the ledger', async () => (await waitsFor()).includes(LEDGER), 10_000);
    goOn.resolve();
    await clock.runUntilSettled(Promise.all([rebuilt, taken]));
    expect(await taken).toMatchObject({ upTo: 2 });
    await store.close();
  });
});
