import fc from 'fast-check';
import { expect, test } from 'vitest';
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import {
  deviceEvent,
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  sample,
  weighing,
} from './journal.fixture.ts';
import { openJournal } from './open-journal.ts';

test('an append resolves after its group was committed, within the group time, and not before', async () => {
  using folder = new JournalFolder();
  const { clock, journal } = await openVirtual(folder.file);
  let durable = false;
  const appended = journal.append(entry(weighing(1))).then(() => {
    durable = true;
  });
  await clock.runFor(49);
  expect(durable).toBe(false);
  expect((await journal.status()).lanes.stock.lastSeq).toBe(0);
  await clock.runFor(1);
  expect(durable).toBe(true);
  await appended;
  expect(await readAll(journal, 'stock')).toEqual([weighing(1)]);
  await journal.close();
});

test('a full group is committed at once', async () => {
  using folder = new JournalFolder();
  const { clock, journal } = await openVirtual(folder.file, { groupCommitRows: 10 });
  const appends = Array.from({ length: 10 }, (_, n) => journal.append(entry(weighing(n))));
  await clock.settle();
  expect(clock.monotonicMs()).toBe(0);
  await Promise.all(appends);
  expect((await journal.status()).lanes.stock.lastSeq).toBe(10);
  await journal.close();
});

test('each event carries the stamp of its append and consecutive seqs per lane', async () => {
  using folder = new JournalFolder();
  const { clock, journal, run } = await openVirtual(folder.file);
  await clock.runFor(1000);
  await run(journal.append(entry(weighing(1), sample(2), weighing(3), deviceEvent(4))));
  const stock = await journal.read('stock', 0, 10, 10_000);
  expect(stock?.records.map((record) => record.seq)).toEqual([1, 2]);
  expect(stock?.records[0]).toEqual({
    seq: 1,
    recordedAt: clock.now() - 50,
    bootId: 'boot-1',
    monotonicMs: 1000,
    clock: 'synced',
    event: weighing(1),
  });
  expect((await journal.read('condition', 0, 10, 10_000))?.records.map((r) => r.seq)).toEqual([1]);
  await journal.close();
});

test('reading stops at the event limit and at the byte limit, but always gives one event', async () => {
  using folder = new JournalFolder();
  const { journal, run } = await openVirtual(folder.file);
  await run(journal.append(entry(weighing(1), weighing(2), weighing(3))));
  expect(await journal.read('stock', 0, 2, 100_000)).toMatchObject({ firstSeq: 1, lastSeq: 2 });
  expect(await journal.read('stock', 1, 5, 1)).toMatchObject({ firstSeq: 2, lastSeq: 2 });
  expect(await journal.read('stock', 3, 5, 100_000)).toBeUndefined();
  await journal.close();
});

test('more than may wait for the disk is refused, and what was accepted is kept', async () => {
  using folder = new JournalFolder();
  const { journal, run } = await openVirtual(folder.file, { maxQueuedRows: 3 });
  const accepted = [1, 2, 3].map((n) => journal.append(entry(weighing(n))));
  await expect(journal.append(entry(weighing(4)))).rejects.toMatchObject({ code: 'queue-full' });
  await run(Promise.all(accepted));
  await run(journal.append(entry(weighing(5))));
  expect(await readAll(journal, 'stock')).toEqual([1, 2, 3, 5].map(weighing));
  await journal.close();
});

test('acks of another epoch or beyond the lane prune nothing', async () => {
  using folder = new JournalFolder();
  const { journal, run } = await openVirtual(folder.file);
  await run(journal.append(entry(weighing(1), weighing(2))));
  await run(journal.prune('another-epoch', 'stock', 2));
  await run(journal.prune(journal.epoch, 'stock', 3));
  expect(await readAll(journal, 'stock')).toHaveLength(2);
  await run(journal.prune(journal.epoch, 'stock', 1));
  expect(await readAll(journal, 'stock')).toEqual([weighing(2)]);
  await journal.close();
  await expect(journal.append(entry(weighing(3)))).rejects.toMatchObject({ code: 'closed' });
});

test('an ack in the midst of what was committed together leaves the rest, also after a restart', async () => {
  using folder = new JournalFolder();
  const first = await openVirtual(folder.file);
  const numbers = Array.from({ length: 100 }, (_, n) => n + 1);
  await first.run(first.journal.append(entry(...numbers.map(weighing))));
  for (const upTo of [4, 5, 40, 77]) {
    await first.run(first.journal.prune(first.journal.epoch, 'stock', upTo));
    const left = { lastSeq: 100, prunedUpTo: upTo, waiting: 100 - upTo };
    expect((await first.journal.status()).lanes.stock).toEqual(left);
  }
  await first.journal.close();
  const { journal, run } = await openVirtual(folder.file);
  expect((await journal.status()).lanes.stock).toEqual({ lastSeq: 100, prunedUpTo: 77, waiting: 23 });
  expect(await readAll(journal, 'stock')).toEqual(numbers.slice(77).map(weighing));
  expect(await journal.read('stock', 80, 2, 1e6)).toMatchObject({ firstSeq: 81, lastSeq: 82 });
  await run(journal.prune(journal.epoch, 'stock', 100));
  expect((await journal.status()).lanes.stock.waiting).toBe(0);
  await journal.close();
});

test('seqs are never given twice, even when all rows were pruned before a restart', async () => {
  using folder = new JournalFolder();
  const first = await openVirtual(folder.file);
  await first.run(first.journal.append(entry(weighing(1), weighing(2))));
  await first.run(first.journal.prune(first.journal.epoch, 'stock', 2));
  const { epoch } = first.journal;
  await first.journal.close();
  const second = await openVirtual(folder.file);
  expect(second.journal.epoch).toBe(epoch);
  await second.run(second.journal.append(entry(weighing(3))));
  expect((await second.journal.status()).lanes.stock).toEqual({ lastSeq: 3, prunedUpTo: 2, waiting: 1 });
  await second.journal.close();
});

test('a second process or journal on the same file is refused with a clear code', async () => {
  using folder = new JournalFolder();
  const { journal } = await openVirtual(folder.file);
  await expect(openVirtual(folder.file)).rejects.toMatchObject({ code: 'in-use' });
  await journal.close();
});

test('the worker thread gives the same journal', async () => {
  using folder = new JournalFolder();
  const clock = {
    now: () => 5,
    monotonicMs: () => 5,
    // Fires as soon as the event loop turns: no waiting in a test.
    setTimer: (_delayMs: number, _name: string, task: () => void) => {
      const handle = setImmediate(task);
      return { cancel: () => clearImmediate(handle) };
    },
    track: <T>(work: Promise<T>) => work,
  };
  const stamp = () => ({ recordedAt: 5, bootId: 'b', monotonicMs: 5, clock: 'synced' as const });
  const journal = await openJournal({ file: folder.file, clock, stamp });
  const grown: [Lane, number][] = [];
  journal.onAppended((lane, lastSeq) => grown.push([lane, lastSeq]));
  await journal.append({ events: [weighing(1), sample(2)], put: [{ key: 'door-1', body: '{}' }], drop: [] });
  expect(grown).toEqual([
    ['stock', 1],
    ['condition', 1],
  ]);
  expect(await journal.checkpoints()).toEqual([{ key: 'door-1', body: '{}' }]);
  expect(await readAll(journal, 'stock')).toEqual([weighing(1)]);
  await expect(openJournal({ file: folder.file, clock, stamp })).rejects.toMatchObject({ code: 'in-use' });
  await journal.prune(journal.epoch, 'stock', 1);
  expect((await journal.status()).lanes.stock.waiting).toBe(0);
  await journal.close();
});

const CHECKPOINT_KEYS = ['beams', 'door/1/a', 'door/1/b', 'door/10/a', 'door/1', 'door0', 'doors/1/a'];

/** A step of the random life of a journal. */
const stepArbitrary = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      sizes: fc.array(fc.constantFrom(...LANES), { maxLength: 40 }),
      put: fc.array(fc.constantFrom(...CHECKPOINT_KEYS), { maxLength: 3 }),
      drop: fc.array(fc.constantFrom(...CHECKPOINT_KEYS, 'door/1/', 'door/'), { maxLength: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('prune' as const),
      lane: fc.constantFrom(...LANES),
      part: fc.double({ min: 0, max: 1.2, noNaN: true }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 6000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
);

test('any interleaving of appends, prunes, restarts and crashes agrees with a plain model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 25 }), async (steps) => {
      using folder = new JournalFolder();
      let { clock, journal, run } = await openVirtual(folder.file);
      const { epoch } = journal;
      const events: Record<Lane, StockEvent[]> = { stock: [], condition: [], health: [] };
      const pruned: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
      const checkpoints = new Map<string, string>();
      const make = { stock: weighing, condition: sample, health: deviceEvent };
      let n = 0;
      const settleAll = async () => {
        await clock.runFor(10_000);
      };
      const restart = async () => {
        ({ clock, journal, run } = await openVirtual(folder.file));
      };
      for (const step of steps) {
        switch (step.do) {
          case 'append': {
            const added = step.sizes.map((lane) => make[lane](++n));
            const put = step.put.map((key) => ({ key, body: `v${++n}` }));
            const { drop } = step;
            await run(journal.append({ events: added, put, drop }));
            for (const event of added) events[laneOf(event.type)].push(event);
            for (const key of checkpoints.keys()) {
              if (drop.some((one) => one === key || (one.endsWith('/') && key.startsWith(one))))
                checkpoints.delete(key);
            }
            for (const { key, body } of put) checkpoints.set(key, body);
            break;
          }
          case 'prune': {
            const upTo = Math.floor(events[step.lane].length * step.part);
            await run(journal.prune(epoch, step.lane, upTo));
            if (upTo <= events[step.lane].length) pruned[step.lane] = Math.max(pruned[step.lane], upTo);
            break;
          }
          case 'wait':
            await clock.runFor(step.ms);
            break;
          case 'reopen':
            await journal.close();
            await restart();
            break;
          case 'crash':
            await journal.abandon();
            await restart();
            break;
        }
      }
      await settleAll();
      expect(journal.epoch).toBe(epoch);
      const { lanes } = await journal.status();
      for (const lane of LANES) {
        const lastSeq = events[lane].length;
        expect(lanes[lane]).toEqual({ lastSeq, prunedUpTo: pruned[lane], waiting: lastSeq - pruned[lane] });
        expect(await readAll(journal, lane)).toEqual(events[lane].slice(pruned[lane]));
      }
      const stored = new Map((await journal.checkpoints()).map(({ key, body }) => [key, body]));
      expect(stored).toEqual(checkpoints);
      await journal.close();
    }),
    { numRuns: 60 },
  );
});
