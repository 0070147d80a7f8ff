import { statSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import type { GapEvent, StockEvent } from '../../../protocol/events/stock-event.ts';
import { effort } from '../../../test/support/effort.ts';
import type { Journal } from '../journal.ts';
import {
  deviceEvent,
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  START,
  sample,
  weighing,
} from '../worker/journal.fixture.ts';

const MEBIBYTE = 1024 * 1024;

async function fill(
  { journal, run }: Awaited<ReturnType<typeof openVirtual>>,
  make: (n: number) => StockEvent,
  count: number,
): Promise<void> {
  for (let n = 0; n < count; n += 500) {
    await run(journal.append(entry(...Array.from({ length: 500 }, (_, i) => make(n + i + 1)))));
  }
}

async function gapsOf(journal: Journal): Promise<GapEvent[]> {
  return (await readAll(journal, 'health')).filter((event) => event.type === 'gap');
}

const lostIn = (gaps: GapEvent[], lane: Lane) =>
  gaps.filter((gap) => gap.lane === lane).reduce((sum, gap) => sum + (gap.lost ?? 0), 0);

test('over its limit the journal halves the oldest condition events first, reports each loss, and keeps all stock', async () => {
  using folder = new JournalFolder();
  const opened = await openVirtual(folder.file, { maxBytes: 2 * MEBIBYTE });
  const { journal } = opened;
  await fill(opened, weighing, 2000);
  await fill(opened, sample, 8000);
  const condition = await readAll(journal, 'condition');
  expect(await readAll(journal, 'stock')).toHaveLength(2000);
  const gaps = await gapsOf(journal);
  expect(lostIn(gaps, 'condition')).toBe(8000 - condition.length);
  expect(lostIn(gaps, 'stock')).toBe(0);
  expect(gaps[0]).toMatchObject({
    scope: 'lane',
    lane: 'condition',
    lost: 500,
    from: START + 2,
    to: START + 1000,
    reason: 'journal over its byte limit: every second event dropped',
  });
  // The newest are whole, the oldest are every second one.
  expect(condition.slice(-100)).toEqual(Array.from({ length: 100 }, (_, n) => sample(7901 + n)));
  expect(condition.slice(0, 3)).toEqual([1, 3, 5].map(sample));
  expect((await journal.status()).fileBytes).toBeLessThan(2.2 * MEBIBYTE);
  await journal.close();
});

test('a time that is none does not spoil the gap event that speaks of its loss', async () => {
  using folder = new JournalFolder();
  const opened = await openVirtual(folder.file, { maxBytes: MEBIBYTE });
  const timed = (n: number, occurredAt: unknown) => ({ ...sample(n), occurredAt }) as StockEvent;
  await fill(opened, (n) => (n === 2 ? timed(n, 9e15) : n === 4 ? timed(n, 'noon') : sample(n)), 8000);
  expect((await gapsOf(opened.journal))[0]).toMatchObject({ from: START + 6, to: START + 1000, lost: 500 });
  await opened.journal.close();
});

/** What gives the cloud the true times of events around it. */
const clockEvent: StockEvent = {
  type: 'clock',
  occurredAt: START,
  bootId: 'boot-1',
  monotonicMs: 5,
  wallBefore: START - 1000,
  wallAfter: START,
  source: 'system',
};

test('when halving is not enough the oldest condition events go altogether, then health, then stock, gaps and clocks never', async () => {
  using folder = new JournalFolder();
  const opened = await openVirtual(folder.file, { maxBytes: MEBIBYTE });
  const { journal } = opened;
  await fill(opened, sample, 2000);
  await opened.run(journal.append(entry(clockEvent)));
  await fill(opened, deviceEvent, 1000);
  await fill(opened, weighing, 10_000);
  const { lanes } = await journal.status();
  const gaps = await gapsOf(journal);
  const left = async (lane: Lane) =>
    (await readAll(journal, lane)).filter((event) => event.type !== 'gap' && event.type !== 'clock').length;
  expect(await readAll(journal, 'health')).toContainEqual(clockEvent);
  expect(await left('condition')).toBe(0);
  expect(lostIn(gaps, 'condition')).toBe(2000);
  expect(await left('health')).toBe(0);
  expect(lostIn(gaps, 'health')).toBe(1000);
  const stock = await left('stock');
  expect(stock).toBeGreaterThan(2000);
  expect(lostIn(gaps, 'stock')).toBe(10_000 - stock);
  expect(lanes.stock).toMatchObject({ lastSeq: 10_000, prunedUpTo: 0, waiting: stock });
  expect((await readAll(journal, 'stock')).at(-1)).toEqual(weighing(10_000));
  await journal.close();
});

test('slices cover thinned seqs without holes, so that the watermark of the cloud can move over them', async () => {
  using folder = new JournalFolder();
  const opened = await openVirtual(folder.file, { maxBytes: MEBIBYTE });
  const { journal, run } = opened;
  await fill(opened, sample, 8000);
  const { lastSeq } = (await journal.status()).lanes.condition;
  let after = 0;
  for (let slice = await journal.read('condition', 0, 300, 1e6); slice !== undefined; ) {
    expect(slice.firstSeq).toBe(after + 1);
    for (const { seq } of slice.records) {
      expect(seq).toBeGreaterThanOrEqual(slice.firstSeq);
      expect(seq).toBeLessThanOrEqual(slice.lastSeq);
    }
    after = slice.lastSeq;
    slice = await journal.read('condition', after, 300, 1e6);
  }
  expect(after).toBe(lastSeq);
  await run(journal.prune(journal.epoch, 'condition', lastSeq));
  expect((await journal.status()).lanes.condition).toEqual({ lastSeq, prunedUpTo: lastSeq, waiting: 0 });
  await journal.close();
});

test('for any load, what is left plus what the gap events declare is what was appended, also after a restart', async () => {
  const load = fc.array(
    fc.record({
      lane: fc.constantFrom(...LANES),
      count: fc.integer({ min: 1, max: 900 }),
      prune: fc.boolean(),
    }),
    { minLength: 5, maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(load, async (steps) => {
      using folder = new JournalFolder();
      const make = { stock: weighing, condition: sample, health: deviceEvent };
      const appended: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
      const delivered: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
      const gaps: GapEvent[] = [];
      const options = { maxBytes: MEBIBYTE / 2 };
      const first = await openVirtual(folder.file, options);
      const take = async (journal: Journal, lane: Lane) => {
        for (const event of await readAll(journal, lane)) {
          if (event.type === 'gap') gaps.push(event);
          else delivered[lane]++;
        }
        return (await journal.status()).lanes[lane].lastSeq;
      };
      for (const { lane, count, prune } of steps) {
        const from = appended[lane];
        appended[lane] += count;
        const events = Array.from({ length: count }, (_, n) => make[lane](from + n + 1));
        await first.run(first.journal.append(entry(...events)));
        if (!prune) continue;
        const upTo = await take(first.journal, lane);
        await first.run(first.journal.prune(first.journal.epoch, lane, upTo));
      }
      const before = await first.journal.status();
      await first.journal.close();
      const second = await openVirtual(folder.file, options);
      const after = await second.journal.status();
      expect(after.lanes).toEqual(before.lanes);
      for (const lane of LANES) await take(second.journal, lane);
      for (const lane of LANES) expect(delivered[lane] + lostIn(gaps, lane)).toBe(appended[lane]);
      await second.journal.close();
    }),
    { numRuns: effort(4, 12) },
  );
});

test('a full disk refuses the append with a clear code, keeps what stands, and recovers when there is room', async () => {
  using folder = new JournalFolder();
  const { journal, run } = await openVirtual(folder.file, {
    maxBytes: 10 * MEBIBYTE,
    hardLimitBytes: MEBIBYTE / 2,
  });
  await run(journal.append(entry(weighing(1))));
  // Checkpoints are never thinned, so nothing can make room for them.
  const body = 'x'.repeat(100_000);
  let stored = 0;
  let refusal: unknown;
  while (refusal === undefined && stored < 20) {
    const put = [{ key: `k${stored}`, body }];
    await run(
      journal.append({ events: [], put, drop: [] }).catch((error: unknown) => {
        refusal = error;
      }),
    );
    if (refusal === undefined) stored++;
  }
  expect(refusal).toMatchObject({ name: 'JournalError', code: 'disk-full' });
  expect(stored).toBeGreaterThan(2);
  expect(await journal.checkpoints()).toHaveLength(stored);
  await run(journal.append({ events: [], put: [], drop: ['k0', 'k1'] }));
  await run(journal.append(entry(weighing(2))));
  expect((await readAll(journal, 'stock')).at(-1)).toEqual(weighing(2));
  await journal.close();
});

test('on a full disk condition events are given up before a stock event is refused', async () => {
  using folder = new JournalFolder();
  const options = { maxBytes: 10 * MEBIBYTE, hardLimitBytes: MEBIBYTE };
  const opened = await openVirtual(folder.file, options);
  await fill(opened, sample, 6000);
  await fill(opened, weighing, 1000);
  expect(await readAll(opened.journal, 'stock')).toHaveLength(1000);
  expect(lostIn(await gapsOf(opened.journal), 'condition')).toBeGreaterThan(1000);
  await opened.journal.close();
});

test('in hours of 500 events in and 500 acked the file stays below 1 MiB and the log below 5 MiB', async () => {
  using folder = new JournalFolder();
  const opened = await openVirtual(folder.file);
  const { journal, run, clock } = opened;
  const peak = { file: 0, log: 0 };
  for (let n = 0; n < 400; n++) {
    await fill(opened, sample, 500);
    const { lastSeq } = (await journal.status()).lanes.condition;
    await run(journal.prune(journal.epoch, 'condition', lastSeq));
    // The disk, not what SQLite says of it.
    peak.file = Math.max(peak.file, statSync(folder.file).size);
    peak.log = Math.max(peak.log, statSync(`${folder.file}-wal`).size);
    await clock.runFor(45_000);
  }
  expect(clock.monotonicMs()).toBeGreaterThan(5 * 3600 * 1000);
  expect(peak.file).toBeLessThan(MEBIBYTE);
  expect(peak.log).toBeLessThan(5 * MEBIBYTE);
  expect((await journal.status()).lanes.condition).toMatchObject({ lastSeq: 200_000, waiting: 0 });
  await journal.close();
  expect(statSync(folder.file).size).toBeLessThan(MEBIBYTE);
});

test('under a steady load with acks the file stops growing, and shrinks after a backlog has gone', async () => {
  using folder = new JournalFolder();
  const opened = await openVirtual(folder.file);
  const { journal, run, clock } = opened;
  const { epoch } = journal;
  const cycle = async () => {
    await fill(opened, sample, 500);
    const { lastSeq } = (await journal.status()).lanes.condition;
    await run(journal.prune(epoch, 'condition', lastSeq - 100));
  };
  for (let n = 0; n < 20; n++) await cycle();
  const early = (await journal.status()).fileBytes;
  for (let n = 0; n < 100; n++) await cycle();
  expect((await journal.status()).fileBytes).toBe(early);

  await fill(opened, sample, 30_000);
  const peak = (await journal.status()).fileBytes;
  expect(peak).toBeGreaterThan(6 * MEBIBYTE);
  for (let n = 0; n < 20; n++) await cycle();
  await clock.runFor(10_000);
  const { fileBytes, walBytes } = await journal.status();
  expect(fileBytes).toBeLessThan(2 * MEBIBYTE);
  expect(walBytes).toBeLessThanOrEqual(16 * MEBIBYTE);
  await journal.close();
  expect(statSync(folder.file).size).toBe(fileBytes);
});
