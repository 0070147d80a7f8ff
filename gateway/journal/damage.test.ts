import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import {
  deviceEvent,
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  sample,
  weighing,
} from './journal-fixture.ts';
import { PAGE_BYTES } from './layout.ts';

const SEED = 20260901;
/** A closed journal with `count` stock, condition and health events, and one checkpoint. */
async function writeJournal(file: string, count: number): Promise<string> {
  const { journal, run } = await openVirtual(file);
  let last: Promise<void> | undefined;
  for (let n = 1; n <= count; n++) {
    last = journal.append({ events: [weighing(n), sample(n), deviceEvent(n)], put: [], drop: [] });
    if (n % 1000 === 0) await run(last);
  }
  await run(journal.append({ events: [], put: [{ key: 'door-1', body: 'open session' }], drop: [] }));
  const { epoch } = journal;
  await journal.close();
  return epoch;
}

const withoutGaps = (events: StockEvent[]) => events.filter((event) => event.type !== 'gap');

test('flipped bytes anywhere in the file never stop the journal, never change an event, and never lose one silently', async () => {
  using folder = new JournalFolder();
  const random = seededRandom(SEED, 'flipped bytes');
  await writeJournal(folder.file, 120);
  const sound = readFileSync(folder.file);
  const genuine = { stock: weighing, condition: sample, health: deviceEvent };
  for (let round = 0; round < 100; round++) {
    const file = `${folder.path}/flipped-${round}.db`;
    const bytes = Buffer.from(sound);
    for (let flip = 0; flip < 1 + (round % 3); flip++) {
      const at = random.integer(0, bytes.length - 1);
      bytes.writeUInt8(bytes.readUInt8(at) ^ random.integer(1, 255), at);
    }
    writeFileSync(file, bytes);
    const { journal, run } = await openVirtual(file);
    const what = `seed ${SEED}, round ${round}`;
    let missing = 0;
    for (const lane of ['stock', 'condition', 'health'] as const) {
      const known = new Set(Array.from({ length: 120 }, (_, n) => JSON.stringify(genuine[lane](n + 1))));
      for (const event of withoutGaps(await readAll(journal, lane))) {
        expect(known.delete(JSON.stringify(event)), `${what}: ${lane} holds a false or repeated event`).toBe(
          true,
        );
      }
      missing += known.size;
    }
    const told = (await readAll(journal, 'health')).some((event) => event.type === 'gap');
    if (missing > 0) expect(told, `${what}: ${missing} events missing without a gap event`).toBe(true);
    await run(journal.append(entry(weighing(1000))));
    expect((await readAll(journal, 'stock')).at(-1), what).toEqual(weighing(1000));
    await journal.close();
  }
});

test('a damaged file is set aside, its readable events are carried into a new epoch, and a gap event tells', async () => {
  using folder = new JournalFolder();
  const oldEpoch = await writeJournal(folder.file, 2000);
  const bytes = readFileSync(folder.file);
  // Some pages in the middle of the file are lost.
  bytes.fill(
    0xa5,
    Math.floor(bytes.length / 2 / 2048) * 2048,
    Math.floor(bytes.length / 2 / 2048) * 2048 + 8192,
  );
  writeFileSync(folder.file, bytes);
  const { journal } = await openVirtual(folder.file);
  expect(journal.epoch).not.toBe(oldEpoch);
  const names = readdirSync(folder.path);
  expect(names).toContain('journal.db.corrupt-1');
  expect(readFileSync(`${folder.file}.corrupt-1`).equals(bytes)).toBe(true);
  const stock = await readAll(journal, 'stock');
  const condition = await readAll(journal, 'condition');
  const health = await readAll(journal, 'health');
  const carried = stock.length + condition.length + withoutGaps(health).length;
  expect(carried).toBeGreaterThan(5500);
  expect(carried).toBeLessThan(6000);
  // In their old order.
  expect(stock.map((event) => event.occurredAt)).toEqual(
    stock.map((event) => event.occurredAt).toSorted((a, b) => a - b),
  );
  const gaps = health.filter((event) => event.type === 'gap');
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps[0]).toMatchObject({ scope: 'lane', reason: expect.stringContaining('journal.db.corrupt-1') });
  expect(await journal.checkpoints()).toEqual([{ key: 'door-1', body: 'open session' }]);
  await journal.close();
});

test.each([
  {
    what: 'a file that is no database',
    bytes: Buffer.from('this is not a database, it is a letter\n'.repeat(100)),
  },
  { what: 'a file of zeros', bytes: Buffer.alloc(8192) },
])('$what is set aside and the journal starts afresh', async ({ bytes }) => {
  using folder = new JournalFolder();
  writeFileSync(folder.file, bytes);
  const { journal, run } = await openVirtual(folder.file);
  await run(journal.append(entry(weighing(1))));
  expect(await readAll(journal, 'stock')).toEqual([weighing(1)]);
  expect((await readAll(journal, 'health'))[0]).toMatchObject({ type: 'gap', scope: 'lane' });
  expect(readFileSync(`${folder.file}.corrupt-1`).equals(bytes)).toBe(true);
  await journal.close();
});

test('a file of a newer format is refused with what to do, and left as it is', async () => {
  using folder = new JournalFolder();
  const epoch = await writeJournal(folder.file, 3);
  const db = new Database(folder.file);
  db.exec(`update meta set value = '99' where key = 'format'`);
  db.close();
  const refusal = { code: 'newer-format', message: expect.stringContaining('journal format 99') };
  await expect(openVirtual(folder.file)).rejects.toMatchObject(refusal);
  expect(readdirSync(folder.path).filter((name) => name.includes('corrupt'))).toEqual([]);
  const newer = new Database(folder.file);
  newer.exec(`update meta set value = '2' where key = 'format'`);
  newer.close();
  const { journal } = await openVirtual(folder.file);
  expect(journal.epoch).toBe(epoch);
  expect(await readAll(journal, 'stock')).toEqual([1, 2, 3].map(weighing));
  await journal.close();
});

test('damage that only shows while running is salvaged on the spot and the journal goes on in a new epoch', async () => {
  using folder = new JournalFolder();
  // Larger than the page cache, so that the damage is met on reading.
  await writeJournal(folder.file, 9000);
  const { journal, run } = await openVirtual(folder.file);
  const { epoch } = journal;
  const bytes = readFileSync(folder.file);
  const quarter = Math.floor(bytes.length / 4 / 2048) * 2048;
  bytes.fill(0xff, quarter, 3 * quarter);
  writeFileSync(folder.file, bytes);
  for (const lane of ['stock', 'condition', 'health'] as const) await readAll(journal, lane);
  expect(journal.epoch).not.toBe(epoch);
  await run(journal.append(entry(weighing(9999))));
  const stock = await readAll(journal, 'stock');
  expect(stock.at(-1)).toEqual(weighing(9999));
  await journal.close();
  expect(readdirSync(folder.path)).toContain('journal.db.corrupt-1');
});

test('an event that cannot be read is buried with a gap event and does not stop its lane', async () => {
  using folder = new JournalFolder();
  const first = await openVirtual(folder.file);
  // Two rows of one event each, and one of three.
  for (const numbers of [[1], [2], [3, 4, 5]]) {
    await first.run(first.journal.append(entry(...numbers.map(weighing))));
  }
  await first.journal.close();
  const db = new Database(folder.file);
  db.exec(`update lane_stock set body = replace(body, 'Milligrams":2', 'Milligrams":7') where seq = 2`);
  db.close();
  const { journal, run } = await openVirtual(folder.file);
  expect(await readAll(journal, 'stock')).toEqual([1, 3, 4, 5].map(weighing));
  const gap = { type: 'gap', lane: 'stock', lost: 1, reason: 'journal row unreadable' };
  expect((await readAll(journal, 'health')).at(-1)).toMatchObject(gap);
  // Told once only.
  await readAll(journal, 'stock');
  expect((await journal.status()).lanes.health.lastSeq).toBe(1);
  await run(journal.prune(journal.epoch, 'stock', 5));
  expect((await journal.status()).lanes.stock.waiting).toBe(0);
  await journal.close();
});

test('a row of several events that cannot be read takes only those along', async () => {
  using folder = new JournalFolder();
  const first = await openVirtual(folder.file);
  for (const numbers of [
    [1, 2],
    [3, 4, 5],
    [6, 7],
  ]) {
    await first.run(first.journal.append(entry(...numbers.map(weighing))));
  }
  await first.journal.close();
  const db = new Database(folder.file);
  db.exec(`update lane_stock set body = substr(body, 1, 40) || x'00' || substr(body, 42) where seq = 5`);
  db.close();
  const { journal } = await openVirtual(folder.file);
  expect(await readAll(journal, 'stock')).toEqual([1, 2, 6, 7].map(weighing));
  expect((await readAll(journal, 'health')).at(-1)).toMatchObject({ type: 'gap', lane: 'stock', lost: 3 });
  expect((await journal.status()).lanes.stock).toEqual({ lastSeq: 7, prunedUpTo: 0, waiting: 7 });
  await journal.close();
});

test.each([0, 1, 2, -5, 4_000_000, "'three'"])(
  'a row that cannot be read and whose count (%s) is damaged with it takes no event along untold',
  async (count) => {
    using folder = new JournalFolder();
    const first = await openVirtual(folder.file);
    for (const numbers of [[1, 2], [3, 4, 5], [6]]) {
      await first.run(first.journal.append(entry(...numbers.map(weighing))));
    }
    await first.journal.close();
    const db = new Database(folder.file);
    db.exec(
      `update lane_stock set events = ${count}, body = substr(body, 1, 40) || x'00' || substr(body, 42) where seq = 5`,
    );
    db.close();
    const { journal } = await openVirtual(folder.file);
    expect(await readAll(journal, 'stock')).toEqual([1, 2, 6].map(weighing));
    expect((await readAll(journal, 'health')).at(-1)).toMatchObject({ type: 'gap', lane: 'stock', lost: 3 });
    await journal.close();
  },
);

test('a file that has lost the page that says its epoch still knows the names of its events', async () => {
  using folder = new JournalFolder();
  const epoch = await writeJournal(folder.file, 3);
  const db = new Database(folder.file);
  const meta =
    db.prepare<[], number>(`select rootpage from sqlite_master where name = 'meta'`).pluck().get() ?? 0;
  db.close();
  const bytes = readFileSync(folder.file);
  writeFileSync(folder.file, bytes.fill(0xa5, (meta - 1) * PAGE_BYTES, meta * PAGE_BYTES));
  const { journal } = await openVirtual(folder.file);
  expect(journal.epoch).not.toBe(epoch);
  const slice = await journal.read('stock', 0, 10, 1e6);
  expect(slice?.records.map(({ origin }) => origin)).toEqual([1, 2, 3].map((seq) => ({ epoch, seq })));
  await journal.close();
});

test('a salvage cut short at any step is completed at the next boot', async () => {
  for (const step of ['renamed', 'half built', 'swapped'] as const) {
    using folder = new JournalFolder();
    const oldEpoch = await writeJournal(folder.file, 3);
    const sound = readFileSync(folder.file);
    writeFileSync(`${folder.file}.salvaging`, sound);
    if (step === 'swapped') {
      const { journal } = await openVirtual(`${folder.path}/other.db`);
      await journal.close();
      copyFileSync(`${folder.path}/other.db`, folder.file);
    } else {
      writeFileSync(`${folder.file}.new`, step === 'half built' ? sound.subarray(0, 5000) : Buffer.alloc(0));
      rmSync(folder.file);
    }
    const { journal } = await openVirtual(folder.file);
    expect(journal.epoch).not.toBe(oldEpoch);
    expect(await readAll(journal, 'stock')).toHaveLength(step === 'swapped' ? 0 : 3);
    expect(readdirSync(folder.path)).not.toContain('journal.db.salvaging');
    expect(readdirSync(folder.path)).not.toContain('journal.db.corrupt-2');
    expect(readFileSync(`${folder.file}.corrupt-1`).equals(sound)).toBe(true);
    await journal.close();
  }
});
