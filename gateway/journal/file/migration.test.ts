import { readdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { JournalFolder, openVirtual, readAll, START, weighing } from '../worker/journal.fixture.ts';

const EPOCH = '5f0c2a7e-1d43-4b7e-9c55-0e6b8a1f2d90';
/** A weighing of 3 kg as a release with journal format 1 wrote it, checksum and all. */
const ROW_4 =
  '1725ea2b{"recordedAt":1788242400123,"bootId":"b7e1","monotonicMs":4123.5,"clock":"synced","event":' +
  '{"type":"weighing","readPoint":"scale-1","device":"scale-1","occurredAt":1788242400100,' +
  '"netMilligrams":3000000,"stability":"device","unit":"kg","raw":"S S 3.000 kg"}}';
const ROW_5 =
  '26c395ff{"recordedAt":1788242401123,"bootId":"b7e1","monotonicMs":5123.5,"clock":"holdover","event":' +
  '{"type":"weighing","readPoint":"scale-1","device":"scale-1","occurredAt":1788242401100,' +
  '"netMilligrams":4000000,"stability":"device","unit":"kg","raw":"S S 4.000 kg"}}';

/** Statement by statement what format 1 consisted of. */
function writeFormat1(file: string): void {
  const db = new Database(file);
  db.pragma('page_size = 2048');
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  db.exec(`
    create table meta(key text primary key, value text not null) without rowid;
    create table lane(name text primary key, last_seq integer not null, pruned_up_to integer not null) without rowid;
    create table checkpoint(key text primary key, body text not null) without rowid;
    create table condition_thinned(seq integer primary key, body text not null);
    create table lane_stock(seq integer primary key, body text not null);
    create table lane_condition(seq integer primary key, body text not null);
    create table lane_health(seq integer primary key, body text not null);
    insert into meta values ('format', '1'), ('epoch', '${EPOCH}'), ('created', '1788242000000');
    insert into lane values ('stock', 3, 3), ('condition', 9, 7), ('health', 0, 0);
    insert into checkpoint values ('door-1/pass', '{"open":true}');
    insert into condition_thinned values (8, '');
  `);
  const insert = db.prepare('insert into lane_stock values (?, ?)');
  insert.run(4, ROW_4);
  insert.run(5, ROW_5);
  db.close();
}

test('a file of format 1 is taken as it is: same epoch, same seqs, nothing set aside', async () => {
  using folder = new JournalFolder();
  writeFormat1(folder.file);
  const { journal, run } = await openVirtual(folder.file, { host: 'machine-a' });
  expect(readdirSync(folder.path).filter((name) => name.includes('corrupt'))).toEqual([]);
  expect(journal.epoch).toBe(EPOCH);
  expect(journal.boot).toMatchObject({ n: 1, base: { stock: 5, condition: 9, health: 0 } });
  const { lanes } = await journal.status();
  expect(lanes.stock).toEqual({ lastSeq: 5, prunedUpTo: 3, waiting: 2 });
  expect(lanes.condition).toEqual({ lastSeq: 9, prunedUpTo: 7, waiting: 1 });
  const slice = await journal.read('stock', 0, 10, 1e6);
  expect(slice?.records).toMatchObject([
    { seq: 4, recordedAt: 1788242400123, bootId: 'b7e1', event: { netMilligrams: 3_000_000 } },
    { seq: 5, monotonicMs: 5123.5, clock: 'holdover', event: { netMilligrams: 4_000_000 } },
  ]);
  expect(await journal.checkpoints()).toEqual([{ key: 'door-1/pass', body: '{"open":true}' }]);
  await run(journal.append({ events: [weighing(6), weighing(7)], put: [], drop: [] }));
  await run(journal.prune(EPOCH, 'stock', 4));
  await journal.close();

  const again = await openVirtual(folder.file, { host: 'machine-a' });
  expect(again.journal.epoch).toBe(EPOCH);
  expect(again.journal.boot.n).toBe(2);
  expect((await readAll(again.journal, 'stock')).map((event) => event.occurredAt)).toEqual([
    1788242401100,
    START + 6,
    START + 7,
  ]);
  await again.journal.close();
  // The machine that migrated it is the one that it belongs to.
  await expect(openVirtual(folder.file, { host: 'machine-b' })).rejects.toMatchObject({ code: 'foreign' });
});

test('a tombstone of format 1 is one still: what it stood for was reported long ago', async () => {
  using folder = new JournalFolder();
  writeFormat1(folder.file);
  const { journal } = await openVirtual(folder.file);
  expect(await readAll(journal, 'condition')).toEqual([]);
  expect(await readAll(journal, 'health')).toEqual([]);
  await journal.close();
});

test.each([
  ['stand above a row that is there', 4],
  ['make no sense at all', 1_000_003],
])(
  'a file of format 1 whose counters %s is salvaged with the names its events were born with',
  async (_, upTo) => {
    using folder = new JournalFolder();
    writeFormat1(folder.file);
    const db = new Database(folder.file);
    db.exec(`update lane set pruned_up_to = ${upTo} where name = 'stock'`);
    db.close();
    const { journal } = await openVirtual(folder.file);
    expect(journal.epoch).not.toBe(EPOCH);
    const slice = await journal.read('stock', 0, 10, 1e6);
    expect(slice?.records.map(({ origin }) => origin)).toEqual([
      { epoch: EPOCH, seq: 4 },
      { epoch: EPOCH, seq: 5 },
    ]);
    await journal.close();
  },
);
