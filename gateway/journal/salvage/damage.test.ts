import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { LANES } from '../../../protocol/events/lanes.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import { type Random, seededRandom } from '../../../protocol/ports/random.ts';
import { effort } from '../../../test/support/effort.ts';
import { PAGE_BYTES } from '../file/layout.ts';
import {
  deviceEvent,
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  sample,
  weighing,
} from '../worker/journal.fixture.ts';

const SEED = 20260901;
/** Of each sweep; long ones were run by hand with more. */
const ROUNDS = Number(process.env.TALLYPORT_DAMAGE_ROUNDS ?? effort(12, 50));

/** A closed journal with `count` stock, condition and health events, and one checkpoint. */
async function writeJournal(file: string, count: number, perCommit = 1000): Promise<string> {
  const { journal, run } = await openVirtual(file);
  let last: Promise<void> | undefined;
  for (let n = 1; n <= count; n++) {
    last = journal.append({ events: [weighing(n), sample(n), deviceEvent(n)], put: [], drop: [] });
    if (n % perCommit === 0) await run(last);
  }
  await run(journal.append({ events: [], put: [{ key: 'door-1', body: 'open session' }], drop: [] }));
  const { epoch } = journal;
  await journal.close();
  return epoch;
}

const withoutGaps = (events: StockEvent[]) => events.filter((event) => event.type !== 'gap');

type Damage = (bytes: Buffer, at: number, random: Random) => Buffer;
const DAMAGES: Readonly<Record<string, Damage>> = {
  flipped(bytes, at, random) {
    bytes.writeUInt8(bytes.readUInt8(at) ^ random.integer(1, 255), at);
    return bytes;
  },
  zeroed: (bytes, at, random) => bytes.fill(0, at, Math.min(bytes.length, at + random.integer(1, 4096))),
  'cut short': (bytes, at) => bytes.subarray(0, at),
};

test.each(
  ['flipped', 'zeroed', 'cut short'].flatMap((damage) => [
    { damage, rows: 'of 32 events', perCommit: 120 },
    { damage, rows: 'of one event', perCommit: 1 },
  ]),
)(
  'a file of rows $rows $damage anywhere never stops the journal, never changes an event, and never loses one silently',
  async ({ damage, perCommit }) => {
    using folder = new JournalFolder();
    const random = seededRandom(SEED, `${damage} ${perCommit}`);
    await writeJournal(folder.file, 120, perCommit);
    const sound = readFileSync(folder.file);
    const genuine = { stock: weighing, condition: sample, health: deviceEvent };
    for (let round = 0; round < ROUNDS; round++) {
      const file = `${folder.path}/${round}.db`;
      let bytes: Buffer = Buffer.from(sound);
      for (let times = 0; times < 1 + (round % 3); times++) {
        bytes = DAMAGES[damage]?.(bytes, random.integer(0, bytes.length - 1), random) ?? bytes;
      }
      writeFileSync(file, bytes);
      const { journal, run } = await openVirtual(file);
      const what = `seed ${SEED}, round ${round}`;
      // Some damage shows only now; what is read of the old epoch then is nothing.
      for (const lane of LANES) await readAll(journal, lane);
      let missing = 0;
      for (const lane of LANES) {
        const known = new Set(Array.from({ length: 120 }, (_, n) => JSON.stringify(genuine[lane](n + 1))));
        for (const event of withoutGaps(await readAll(journal, lane))) {
          expect(
            known.delete(JSON.stringify(event)),
            `${what}: ${lane} holds a false or repeated event`,
          ).toBe(true);
        }
        missing += known.size;
      }
      const gaps = (await readAll(journal, 'health')).filter((event) => event.type === 'gap');
      const counted = gaps.reduce((sum, { lost }) => sum + (lost ?? 360), 0);
      expect(counted, `${what}: events missing that no gap event declares`).toBeGreaterThanOrEqual(missing);
      await run(journal.append(entry(weighing(1000))));
      expect((await readAll(journal, 'stock')).at(-1), what).toEqual(weighing(1000));
      await journal.close();
    }
  },
);

test('a damaged file is set aside, its readable events are carried into a new epoch, and a gap event says so', async () => {
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
  { what: 'a file of which nothing is left', bytes: Buffer.alloc(0) },
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
  db.exec(`update meta set value = '99' where key = 'format'; pragma user_version = 99`);
  db.close();
  const refusal = { code: 'newer-format', message: expect.stringContaining('journal format 99') };
  await expect(openVirtual(folder.file)).rejects.toMatchObject(refusal);
  expect(readdirSync(folder.path).filter((name) => name.includes('corrupt'))).toEqual([]);
  const newer = new Database(folder.file);
  newer.exec(`update meta set value = '2' where key = 'format'; pragma user_version = 2`);
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
  for (const lane of LANES) await readAll(journal, lane);
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
  // Reported once only.
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
  'a row that cannot be read and whose count (%s) is damaged with it takes no event along unreported',
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

test.each([
  ['its format', `update meta set value = '3' where key = 'format'`, /says to be of format 3/],
  ['its format in the header', 'pragma user_version = 6', /of format 6/],
  [
    'its epoch',
    `update meta set value = replace(value, '-', '_') where key = 'epoch'`,
    /mark "epoch" is damaged/,
  ],
  [
    'an opening',
    `update meta set value = replace(value, '"n":1', '"n":3') where key = 'opening'`,
    /"opening" is/,
  ],
  [
    'the name of a mark',
    `update meta set key = 'openinG' where key = 'opening'`,
    /mark "openinG" that nobody/,
  ],
  ['the last seq of a lane', `update lane set last_seq = 2 where name = 'stock'`, /counters of lane stock/],
  [
    'the pruned seq of a lane',
    `update lane set pruned_up_to = 2 where name = 'condition'`,
    /of lane condition/,
  ],
  ['the name of a lane', `update lane set name = 'stocc' where name = 'stock'`, /counters of lane stock/],
  ['a checkpoint', `update checkpoint set body = 'open sessioN'`, /checkpoint "door-1" is damaged/],
  ['the type of its key', `update checkpoint set key = cast(key as blob)`, /checkpoint "door-1" is damaged/],
  ['the key of a checkpoint', `update checkpoint set key = 'door-3'`, /checkpoint "door-3" is damaged/],
])('%s is not believed when it was changed, and no event is lost over it', async (_, damage, reason) => {
  using folder = new JournalFolder();
  const epoch = await writeJournal(folder.file, 3);
  const db = new Database(folder.file);
  db.exec(damage);
  db.close();
  const { journal } = await openVirtual(folder.file);
  expect(journal.epoch).not.toBe(epoch);
  const slice = await journal.read('stock', 0, 10, 1e6);
  expect(slice?.records.map(({ origin }) => origin)).toEqual([1, 2, 3].map((seq) => ({ epoch, seq })));
  const gap = (await readAll(journal, 'health')).at(-1);
  expect(gap).toMatchObject({ type: 'gap', reason: expect.stringMatching(reason) });
  // An open session that is gone may have held anything.
  const sessions = damage.includes('checkpoint') ? [] : [{ key: 'door-1', body: 'open session' }];
  expect(await journal.checkpoints()).toEqual(sessions);
  expect(gap?.type === 'gap' && gap.lost).toBe(sessions.length === 0 ? undefined : 0);
  await journal.close();
});

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
