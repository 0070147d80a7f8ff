/**
 * What a power cut can leave behind. SQLite's promise (sqlite.org/atomiccommit.html) covers what was synced; whatever
 * was written since may be there, in part, or as garbage. So for each cut everything committed before it must be
 * there, each commit whole or not at all. A byte that flips in what was synced is damage of the medium, no power cut:
 * SQLite then drops all that follows without a word, and the journal must notice, start a new epoch and report it.
 */
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { EventRecord } from '../../../protocol/events/record.ts';
import { type Random, seededRandom } from '../../../protocol/ports/random.ts';
import { effort } from '../../../test/support/effort.ts';
import { PAGE_BYTES } from '../file/layout.ts';
import { encodeStoredEvent } from '../file/stored-event.ts';
import { JournalEngine } from '../worker/engine.ts';
import {
  entry,
  JournalFolder,
  openVirtual,
  START,
  sample,
  stampAt,
  weighing,
} from '../worker/journal.fixture.ts';
import type { OpenJournal } from '../worker/open-journal.ts';

const SEED = 20260901;
const COMMITS = 45;
const CUTS = effort(200, 2000);
const FLIPS = effort(40, 150);
const HALVES = effort(20, 150);
const FRAME_BYTES = 24 + PAGE_BYTES;
const context = { stamp: stampAt(START), nextEpoch: 'epoch-first', nextBootId: 'opening-1' };

/** What stands after a commit. */
interface FileState {
  /** Length of the log when the commit had been synced. */
  readonly walBytes: number;
  readonly stock: number;
  readonly condition: number;
  readonly stockPruned: number;
}

interface Written {
  readonly database: Buffer;
  readonly wal: Buffer;
  /** First what stands when the log is not there at all. */
  readonly standings: readonly FileState[];
}

/** A journal whose last commits are all still in its log; copied while it was open, as a power cut leaves it. */
function write(file: string, random: Random): Written {
  const options = { file, maxBytes: 1 << 30, hardLimitBytes: 1 << 30 };
  const first = new JournalEngine(options);
  first.handle({ op: 'open', ...context });
  first.close();
  const engine = new JournalEngine(options);
  engine.handle({ op: 'open', ...context });
  const walBytes = () => statSync(`${file}-wal`).size;
  const standings: FileState[] = [{ walBytes: 0, stock: 0, condition: 0, stockPruned: 0 }];
  let standing: FileState = { walBytes: walBytes(), stock: 0, condition: 0, stockPruned: 0 };
  standings.push(standing);
  const range = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n + 1);
  for (let commit = 0; commit < COMMITS; commit++) {
    const stock = range(standing.stock, random.integer(1, 5));
    const condition = range(standing.condition, random.integer(0, 9));
    const now = {
      stock: standing.stock + stock.length,
      condition: standing.condition + condition.length,
      stockPruned: commit % 7 === 6 ? standing.stock - 3 : standing.stockPruned,
    };
    const events = {
      stock: stock.map((n) => encodeStoredEvent(stampAt(START), { ...weighing(n), raw: '' })),
      condition: condition.map((n) => encodeStoredEvent(stampAt(START), { ...sample(n), note: '' })),
      health: [],
    };
    const checkpoints = [{ key: 'last', body: String(now.stock) }];
    const prunes = [{ epoch: 'epoch-first', lane: 'stock' as const, upTo: now.stockPruned }];
    engine.handle({ op: 'commit', group: { events, checkpoints }, prunes, generation: 0, ...context });
    standing = { walBytes: walBytes(), ...now };
    standings.push(standing);
  }
  const written = { database: readFileSync(file), wal: readFileSync(`${file}-wal`), standings };
  engine.close();
  return written;
}

async function recordsOf(
  journal: OpenJournal,
  lane: 'stock' | 'condition' | 'health',
): Promise<EventRecord[]> {
  const slice = await journal.read(lane, 0, 100_000, 1e9);
  return slice === undefined ? [] : [...slice.records];
}

/** Texts, because comparing long lists costs more than all the rest. */
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => from + n + 1).join();
const eventsIn = (records: readonly EventRecord[]) =>
  records.map(({ event }) => event.occurredAt - START).join();

/** The seqs the events were born with: each must be the number in the event. */
function namesIn(records: readonly EventRecord[], epoch: string): string {
  const name = ({ seq, origin }: EventRecord) => {
    const birth = origin ?? { epoch, seq };
    return birth.epoch === 'epoch-first' ? birth.seq : `${birth.epoch}/${birth.seq}`;
  };
  return records.map(name).join();
}

/** Opens what is left and holds it against what must stand. */
async function check(file: string, expected: FileState, what: string, salvaged: boolean): Promise<void> {
  const { journal, run } = await openVirtual(file, { createEpoch: () => 'epoch-second' });
  const all = await recordsOf(journal, 'stock');
  // The counters of a damaged file are not believed: what was pruned may come again, under its own name.
  const stock = all.filter(({ event }) => event.occurredAt - START > expected.stockPruned);
  const condition = await recordsOf(journal, 'condition');
  const events = {
    stock: eventsIn(stock),
    condition: eventsIn(condition),
    names: namesIn(all, journal.epoch),
  };
  expect({ epoch: journal.epoch, ...events }, what).toEqual({
    epoch: salvaged ? 'epoch-second' : 'epoch-first',
    stock: numbers(expected.stockPruned, expected.stock),
    condition: numbers(0, expected.condition),
    names: eventsIn(all),
  });
  expect(namesIn(condition, journal.epoch), what).toBe(events.condition);
  if (!salvaged) expect(all.length, what).toBe(stock.length);
  const checkpoints = expected.stock === 0 ? [] : [{ key: 'last', body: String(expected.stock) }];
  expect(await journal.checkpoints(), what).toEqual(checkpoints);
  const gaps = (await recordsOf(journal, 'health')).filter(({ event }) => event.type === 'gap');
  expect(gaps.length > 0, what).toBe(salvaged);

  const { lastSeq } = (await journal.status()).lanes.stock;
  await run(journal.append(entry(weighing(5000))));
  const next = (await journal.read('stock', lastSeq, 10, 1e6))?.records[0];
  expect(next, what).toMatchObject({ seq: lastSeq + 1, event: { occurredAt: START + 5000 } });
  expect(lastSeq, what).toBeGreaterThanOrEqual(salvaged ? stock.length : expected.stock);
  await journal.close();
}

function checkIntegrity(file: string, what: string): void {
  const db = new Database(file, { readonly: true });
  expect(db.pragma('integrity_check', { simple: true }), what).toBe('ok');
  db.close();
}

/** Every frame boundary, the bytes around it, the whole header, and the rest anywhere. */
function cutsOf(wal: Buffer, count: number, random: Random): number[] {
  const cuts = Array.from({ length: 33 }, (_, at) => at);
  for (let at = 32; at <= wal.length; at += FRAME_BYTES)
    cuts.push(at, Math.min(at + 5, wal.length), Math.max(at - 1, 0));
  while (cuts.length < count) cuts.push(random.integer(0, wal.length));
  return cuts;
}

function flip(bytes: Buffer, at: number, random: Random): Buffer {
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(at) ^ random.integer(1, 255), at);
  return flipped;
}

test('a log cut at any place, half of them with garbage at the cut, keeps every commit below it, whole', async () => {
  using folder = new JournalFolder();
  const random = seededRandom(SEED, 'torn log');
  const { database, wal, standings } = write(folder.file, random);
  const torn = `${folder.path}/torn.db`;
  const cuts = cutsOf(wal, CUTS, random);
  expect(wal.length / FRAME_BYTES).toBeGreaterThan(100);
  for (const [index, cut] of cuts.entries()) {
    let left = wal.subarray(0, cut);
    if (index % 2 === 1 && cut < wal.length) {
      // The transaction that was being written is there in full length, but for a byte.
      const end = standings.find(({ walBytes }) => walBytes > cut)?.walBytes ?? wal.length;
      left = flip(wal.subarray(0, end), cut, random);
    }
    for (const side of ['-wal', '-shm']) rmSync(torn + side, { force: true });
    writeFileSync(torn, database);
    writeFileSync(`${torn}-wal`, left);
    const expected = standings.findLast(({ walBytes }) => walBytes <= cut) as FileState;
    const what = `seed ${SEED}, cut ${index} at ${cut} of ${wal.length}`;
    await check(torn, expected, what, false);
    if (index % 20 === 0) checkIntegrity(torn, what);
  }
});

test('a byte flipped in what was synced is noticed: a new epoch keeps what stands before it, under its own names, and a gap is reported', async () => {
  using folder = new JournalFolder();
  const random = seededRandom(SEED, 'flipped log');
  const { database, wal, standings } = write(folder.file, random);
  // Of the last three commits nothing can be proven; see wal-damage.ts.
  const provable = standings.at(-4)?.walBytes ?? 0;
  for (let round = 0; round < FLIPS; round++) {
    const at = round < 32 ? round : random.integer(0, provable - 1);
    const file = `${folder.path}/flipped-${round}.db`;
    writeFileSync(file, database);
    const damaged = flip(wal, at, random);
    writeFileSync(`${file}-wal`, damaged);
    const expected = standings.findLast(({ walBytes }) => walBytes <= at) as FileState;
    const what = `seed ${SEED}, round ${round}, byte ${at}`;
    await check(file, expected, what, true);
    expect(readFileSync(`${file}.corrupt-1-wal`).equals(damaged), what).toBe(true);
  }
});

test('power that goes in the midst of a checkpoint loses nothing, whatever pages it had overwritten', async () => {
  using folder = new JournalFolder();
  const random = seededRandom(SEED, 'torn checkpoint');
  const { database, wal, standings } = write(folder.file, random);
  const last = standings.at(-1) as FileState;
  const done = `${folder.path}/done.db`;
  writeFileSync(done, database);
  writeFileSync(`${done}-wal`, wal);
  const db = new Database(done);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const after = readFileSync(done);
  expect(after.equals(database)).toBe(false);
  for (let round = 0; round < HALVES; round++) {
    const length = random.integer(database.length / 512, after.length / 512) * 512;
    const half = Buffer.alloc(length);
    for (let at = 0; at < length; at += 512) {
      const written = at >= database.length || random.next() < round / HALVES;
      (written ? after : database).copy(half, at, at, Math.min(at + 512, length));
    }
    const file = `${folder.path}/half.db`;
    for (const side of ['-wal', '-shm']) rmSync(file + side, { force: true });
    writeFileSync(file, half);
    writeFileSync(`${file}-wal`, wal);
    const what = `seed ${SEED}, round ${round}, ${length} bytes`;
    await check(file, last, what, false);
    if (round % 20 === 0) checkIntegrity(file, what);
  }
});

test('a log that another gateway is writing is not taken for a damaged one', async () => {
  using folder = new JournalFolder();
  const { journal, run } = await openVirtual(folder.file);
  for (let n = 1; n <= 6; n++) await run(journal.append(entry(weighing(n))));
  const copy = `${folder.path}/copy`;
  copyFileSync(`${folder.file}-wal`, copy);
  // As another process may see it: the first frame not yet there, those behind it already.
  const wal = readFileSync(copy);
  writeFileSync(`${folder.file}-wal`, flip(wal, 40, seededRandom(SEED, 'busy log')), { flag: 'r+' });
  await expect(openVirtual(folder.file)).rejects.toMatchObject({ code: 'in-use' });
  writeFileSync(`${folder.file}-wal`, wal, { flag: 'r+' });
  await journal.close();
});
