/** Events that were carried over from another journal file, and journals that are not what they say. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EventRecord } from '../../protocol/events/record.ts';
import type { Batch } from '../../protocol/link/batch.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import { effort } from '../../test/support/effort.ts';
import type { Store } from '../store/database.ts';
import {
  batchOf,
  clear,
  cut,
  delivery,
  dump,
  EPCS,
  MINUTE,
  pass,
  register,
  sample,
  T0,
  testIngest,
  weighing,
} from './deliveries.fixture.ts';
import type { Ingest } from './ingest.ts';

const clock = clockAt(T0 + 24 * 60 * MINUTE);
const OLD = 'epoch-0001';
const NEW = 'epoch-0002';

/** Events of a lane as a later journal carries them: new seqs from `firstSeq` on, the name they were born with. */
function carry(events: readonly EventRecord[], firstSeq: number, epoch = NEW): Batch {
  const records = events.map((record, index) => {
    return { ...record, seq: firstSeq + index, origin: record.origin ?? { epoch: OLD, seq: record.seq } };
  });
  const first = events[0];
  return {
    ...batchOf([], { epoch, firstSeq }),
    lane: laneOf(first),
    lastSeq: firstSeq + records.length - 1,
    events: records,
  };
}

const laneOf = (record: EventRecord | undefined) => (record?.event.type === 'sample' ? 'condition' : 'stock');

describe.each(databases())('journals on $name', ({ open }) => {
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

  const take = (batch: Batch) => ingest.deliver(delivery(batch));
  const letters = () => store.db.selectFrom('dead_letters').select(['code', 'seq', 'detail']).execute();
  const raised = () => store.db.selectFrom('exceptions').select(['kind', 'subject', 'revision']).execute();
  const names = () =>
    store.db
      .selectFrom('events')
      .select(['epoch', 'lane', 'seq'])
      .orderBy('epoch')
      .orderBy('lane')
      .orderBy('seq')
      .execute();

  it('count an event once, by whichever of its names and however often it comes, in any order', async () => {
    const events = [0, 1, 2, 3, 4, 5].map((n) => pass('receipt', 'dock-1', T0 + n * MINUTE, [EPCS[n] ?? '']));
    const samples = [9, 9, 9, 9, 4, 9].map((degrees, n) => sample(T0 + n * 3 * MINUTE, degrees * 1000));
    const journals = [events, samples].map((all) => ({ gateway: 'gw-1', epoch: OLD, events: all }));
    const original = journals.flatMap((journal) => cut(journal, [2]));
    const whole = journals.flatMap((journal) => cut(journal, [6]));
    const carried = whole.flatMap((batch) => [
      carry(batch.events.slice(0, 4), 1),
      carry(batch.events.slice(4), 5),
      // A second mishap: carried again, under the name of its birth.
      carry(carry(batch.events, 1).events, 3, 'epoch-0003'),
    ]);
    for (const batch of original) await take(batch);
    const { watermarks: _, ...alone } = await dump(store);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...original, ...carried, ...original, ...carried], { minLength: 1 }),
        async (mixed) => {
          await clear(store);
          await Promise.all(mixed.map(take));
          // Whatever has come by then is completed by one way or the other.
          for (const batch of mixed.length % 2 === 0 ? carried : original) await take(batch);
          const { watermarks, ...mix } = await dump(store);
          expect(mix).toEqual(alone);
          expect(await names()).toHaveLength(events.length + samples.length);
          expect(await letters()).toEqual([]);
          await ingest.rebuild();
          expect(await dump(store)).toEqual({ ...alone, watermarks });
        },
      ),
      { numRuns: effort(5, 15) },
    );
  });

  it('move the watermark of the journal that delivers, not of the one that an event comes from', async () => {
    const born = batchOf([weighing(T0, 1), weighing(T0 + 1, 2)], { firstSeq: 7 });
    await expect(take(carry(born.events, 1))).resolves.toMatchObject({ epoch: NEW, upTo: 2 });
    expect(await names()).toEqual([7, 8].map((seq) => ({ epoch: OLD, lane: 'stock', seq })));
    const lanes = await store.db.selectFrom('watermarks').select(['epoch', 'up_to']).execute();
    expect(lanes).toEqual([{ epoch: NEW, up_to: 2 }]);
  });

  it('still show another body under a carried name', async () => {
    const born = batchOf([weighing(T0, 1)]);
    await take(born);
    await take(carry(batchOf([weighing(T0, 2)]).events, 1));
    expect(await letters()).toMatchObject([{ code: 'BODY_MISMATCH', seq: 1 }]);
    expect(await raised()).toMatchObject([{ kind: 'BODY_MISMATCH' }]);
  });

  it('set an event aside that gives the epoch of its batch, or none, as its origin', async () => {
    const born = batchOf([weighing(T0, 1)]);
    for (const epoch of [NEW, 'with / slash']) {
      const events = born.events.map((record) => ({ ...record, origin: { epoch, seq: 9 } }));
      await expect(take({ ...born, epoch: NEW, events })).resolves.toMatchObject({ upTo: 1 });
    }
    const [own, unsound] = await letters();
    expect([own?.code, unsound?.code]).toEqual(['POISON_EVENT', 'POISON_EVENT']);
    expect(own?.detail).toContain('an earlier epoch');
    expect(await names()).toEqual([]);
  });

  it('are not taken when copied: an ack that says so, one exception, nothing lost of the original', async () => {
    const boot = { n: 2, id: 'original', base: 0 };
    const first = batchOf([weighing(T0, 1), weighing(T0 + 1, 2)], { boot });
    await expect(take(first)).resolves.not.toHaveProperty('refused');
    const copy = batchOf([weighing(T0 + 2, 99)], { firstSeq: 3, boot: { ...boot, id: 'copy' } });
    for (const _ of [1, 2]) {
      await expect(take(copy)).resolves.toMatchObject({
        upTo: 2,
        at: clock.now(),
        refused: { code: 'journal-forked' },
      });
    }
    expect(await raised()).toEqual([{ kind: 'JOURNAL_FORKED', subject: 'gw-1', revision: 1 }]);
    expect(ingest.counters).toMatchObject({ forkedBatches: 2, deadLetters: 0 });
    const next = batchOf([weighing(T0 + 2, 3)], { firstSeq: 3, boot });
    await expect(take(next)).resolves.toMatchObject({ upTo: 3 });
    expect(await names()).toHaveLength(3);
  });

  it('are not taken when set back, also by another ingest and after a restart of this one', async () => {
    await take(batchOf([weighing(T0, 1), weighing(T0 + 1, 2)], { boot: { n: 7, id: 'seventh', base: 0 } }));
    ingest = testIngest(store, clock);
    const restored = { boot: { n: 8, id: 'restored', base: 1 }, firstSeq: 2 };
    await expect(take(batchOf([weighing(T0, 7)], restored))).resolves.toHaveProperty('refused');
    // What was refused is not on record: the honest eighth opening is taken.
    const honest = { boot: { n: 8, id: 'eighth', base: 2 }, firstSeq: 3 };
    await expect(take(batchOf([weighing(T0, 7)], honest))).resolves.not.toHaveProperty('refused');
  });
});
