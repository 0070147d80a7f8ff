import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import { JournalError } from '../../journal/journal-error.ts';
import {
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  START,
  sample,
  virtualClock,
  weighing,
} from '../../journal/worker/journal.fixture.ts';
import { createDurableOutbox, MAX_HELD_ENTRIES } from './durable-outbox.ts';

/** Takes an append when `takes` says so; like the real one it fails what was under way behind a failure. */
function fakeJournal(takes: () => boolean) {
  const taken: StockEvent[] = [];
  let failed = false;
  const unused = () => Promise.reject(new Error('not asked for'));
  const journal: Journal = {
    epoch: 'epoch-1',
    boot: { n: 1, id: 'opening-1', base: { stock: 0, condition: 0, health: 0 } },
    async append({ events }: JournalEntry) {
      if (!failed && !takes()) {
        failed = true;
        queueMicrotask(() => {
          failed = false;
        });
      }
      if (failed) throw new JournalError('disk-full', 'the journal has no room left');
      taken.push(...events);
    },
    read: unused,
    prune: unused,
    markForked: unused,
    checkpoints: unused,
    status: unused,
    onAppended: () => {},
    close: unused,
  };
  return { journal, taken };
}

test('what the journal refuses comes later, all of it, once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.array(fc.nat(3), { maxLength: 20 }),
      async (answers, bursts) => {
        const clock = virtualClock();
        const { journal, taken } = fakeJournal(() => answers.shift() ?? true);
        const outbox = createDurableOutbox(journal, clock);
        const done: Promise<void>[] = [];
        let n = 0;
        for (const burst of bursts) {
          for (let i = 0; i < burst; i++) done.push(outbox.append(entry(weighing(++n))));
          await clock.runFor(300);
        }
        await clock.runFor(60_000);
        await Promise.all(done);
        expect(taken).toEqual(Array.from({ length: n }, (_, index) => weighing(index + 1)));
        expect(outbox.status()).toEqual({ held: 0, refused: 0, lastProblem: undefined });
      },
    ),
    { numRuns: 50 },
  );
});

test('what is refused because too much waits is reported as a gap of its lane once the journal takes again', async () => {
  const clock = virtualClock();
  let takes = false;
  const { journal, taken } = fakeJournal(() => takes);
  const outbox = createDurableOutbox(journal, clock);
  const held = Array.from({ length: MAX_HELD_ENTRIES }, () => outbox.append(entry()));
  await expect(outbox.append(entry(weighing(1), sample(2)))).rejects.toThrow('entries wait');
  await expect(outbox.append(entry(weighing(3)))).rejects.toThrow('entries wait');
  takes = true;
  await clock.runFor(5000);
  await Promise.all(held);
  expect(taken).toMatchObject([
    { type: 'gap', scope: 'lane', lane: 'stock', lost: 2, from: START + 1, to: START + 3 },
    { type: 'gap', scope: 'lane', lane: 'condition', lost: 1, from: START + 2, to: START + 2 },
  ]);
  await outbox.append(entry());
  expect(taken).toHaveLength(2);
});

test('closing with a journal that takes nothing settles everything instead of waiting for ever', async () => {
  const clock = virtualClock();
  const { journal } = fakeJournal(() => false);
  const outbox = createDurableOutbox(journal, clock);
  const before = outbox.append(entry(weighing(1)));
  await clock.runFor(10);
  expect(outbox.status().held).toBe(1);
  outbox.close();
  await expect(before).rejects.toThrow('no room left');
  await expect(outbox.append(entry(weighing(2)))).rejects.toThrow('no room left');
  expect(clock.pendingTimers()).toEqual([]);
});

test('whatever the sizes and the bursts, a full journal lets nothing overtake', async () => {
  const sizes = fc.array(fc.array(fc.constantFrom(1, 40, 400, 3000), { maxLength: 8 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(sizes, async (bursts) => {
      using folder = new JournalFolder();
      const { clock, journal } = await openVirtual(folder.file, { maxQueuedRows: 5 });
      const outbox = createDurableOutbox(journal, clock);
      const done: Promise<void>[] = [];
      let n = 0;
      for (const burst of bursts) {
        // Several rows of one entry, so that a large one may be refused where a small one has room.
        for (const size of burst) {
          const events = Array.from({ length: Math.ceil(size / 400) }, () => weighing(++n));
          done.push(outbox.append({ events, put: [], drop: [] }));
        }
        await clock.runFor(20);
      }
      await clock.runFor(200_000);
      await Promise.all(done);
      expect(await readAll(journal, 'stock')).toEqual(
        Array.from({ length: n }, (_, index) => weighing(index + 1)),
      );
      await journal.close();
    }),
    { numRuns: 40 },
  );
});
