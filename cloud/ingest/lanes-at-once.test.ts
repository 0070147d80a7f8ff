/** Lanes of one gateway that deliver at the same moment: their transactions run side by side, the result is the same. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import type { Store } from '../store/database.ts';
import {
  batchOf,
  clear,
  delivery,
  MINUTE,
  pass,
  register,
  sample,
  T0,
  testIngest,
  weighing,
} from './deliveries.fixture.ts';
import type { Ingest } from './ingest.ts';

/** What one transaction does to another shows only now and then; on one connection it cannot. */
const TIMES = { PGlite: 2, PostgreSQL: 40 };
const SAMPLES = 100;
const TAGS = Array.from({ length: 60 }, (_, n) => `3034f4e4e0${String(n).padStart(14, '0')}`);

const clock = clockAt(T0 + 24 * 60 * MINUTE);

describe.each(databases())('lanes at once into $name', ({ name, open }) => {
  const times = name === 'PostgreSQL' ? TIMES.PostgreSQL : TIMES.PGlite;
  let store: Store;
  let ingest: Ingest;
  beforeAll(async () => {
    store = await open();
    await register(store, 'gw-1');
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await clear(store);
    ingest = testIngest(store, clock);
  });

  it('hold what came into a room while it was warm, though neither lane sees the rows of the other', async () => {
    // Both are busy for a while, so that they overlap.
    const warm = batchOf(Array.from({ length: SAMPLES }, (_, n) => sample(T0 + (n * MINUTE) / 4, 12_000)));
    const inside = batchOf([pass('passage', 'cold-door', T0 + 10 * MINUTE, TAGS)]);
    for (let time = 0; time < times; time++) {
      await clear(store);
      await Promise.all([warm, inside].map((batch) => ingest.deliver(delivery(batch))));
      const held = await store.db.selectFrom('holds').select('epc').where('status', '=', 'active').execute();
      expect(held, `time ${time}`).toHaveLength(TAGS.length);
    }
  });

  it('open one journal together, and refuse the lane of a copy that opens with the same number', async () => {
    for (const [copy, refused] of [
      ['original', 0],
      ['copy', 1],
    ] as const) {
      for (let time = 0; time < times; time++) {
        const boot = { n: 1, base: 0 };
        const epoch = `epoch-${copy}-${time}`;
        const batches = [
          batchOf([weighing(T0, 1)], { epoch, boot: { ...boot, id: 'original' } }),
          batchOf([sample(T0, 4000)], { epoch, boot: { ...boot, id: copy } }),
        ];
        const acks = await clock.runUntilSettled(
          Promise.all(batches.map((batch) => ingest.deliver(delivery(batch)))),
        );
        expect(acks.filter((ack) => ack?.refused !== undefined)).toHaveLength(refused);
      }
    }
    expect(ingest.counters).toMatchObject({ forkedBatches: times, rejected: 0 });
  });
});
