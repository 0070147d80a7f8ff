/** What happens when the database refuses the commit itself, after every statement of the transaction went through. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeEpc } from '../../protocol/epc/epc.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import type { Store } from '../store/database.ts';
import { batchOf, clear, delivery, register, sample, T0, TEST_SITE } from './deliveries.fixture.ts';
import { createIngest } from './ingest.ts';

const TABLES = ['events', 'watermarks', 'samples', 'conditions'] as const;
const clock = clockAt(T0);

describe.each(databases())('a commit that fails on $name', ({ open }) => {
  let store: Store;
  beforeAll(async () => {
    store = await open();
    await register(store, 'gw-1');
    // Checked when the transaction commits, not when the row is written.
    await sql`
      create function lose_commit() returns trigger language plpgsql as $$
      begin
        if new.epoch = 'epoch-lost' then raise exception 'lost' using errcode = '40001'; end if;
        return null;
      end $$
    `.execute(store.db);
    await sql`
      create constraint trigger lose_commit after insert on events
        deferrable initially deferred for each row execute function lose_commit()
    `.execute(store.db);
  });
  afterAll(() => store.close());

  it('gives no ack, publishes nothing, and leaves nothing behind', async () => {
    const published: unknown[] = [];
    const ingest = createIngest({
      store,
      site: TEST_SITE,
      clock,
      decode: decodeEpc,
      onCommitted: (changes) => published.push(...changes),
    });
    const lost = batchOf([sample(T0, 9000), sample(T0 + 1, 9000)], { epoch: 'epoch-lost' });
    await expect(clock.runUntilSettled(ingest.deliver(delivery(lost)))).rejects.toThrow('lost');
    expect(published).toEqual([]);
    for (const table of TABLES) {
      expect(await store.db.selectFrom(table).selectAll().execute(), table).toEqual([]);
    }
    const taken = await clock.runUntilSettled(ingest.deliver(delivery({ ...lost, epoch: 'epoch-kept' })));
    expect(taken).toMatchObject({ upTo: 2 });
    expect(ingest.counters).toMatchObject({ transactions: 1, events: 2, rejected: 1 });
    expect(published).not.toEqual([]);
  });

  it('leaves nothing of a transaction that broke off half-way', async () => {
    await clear(store);
    const broken = createIngest({
      store,
      site: TEST_SITE,
      clock,
      decode: decodeEpc,
      coldChain: () => Promise.reject(Object.assign(new Error('broken off'), { code: '40001' })),
    });
    const batch = delivery(batchOf([sample(T0, 9000)], { epoch: 'epoch-half' }));
    await expect(clock.runUntilSettled(broken.deliver(batch))).rejects.toThrow('broken off');
    for (const table of TABLES) {
      expect(await store.db.selectFrom(table).selectAll().execute(), table).toEqual([]);
    }
  });
});
