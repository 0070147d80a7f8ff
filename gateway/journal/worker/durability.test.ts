import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openFile, PAGE_BYTES } from '../file/layout.ts';
import { encodeStoredEvent } from '../file/stored-event.ts';
import { JournalEngine } from './engine.ts';
import {
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  START,
  sample,
  stampAt,
  weighing,
} from './journal.fixture.ts';

const BIRTH = { epoch: 'epoch-1', createdAt: 0, host: undefined };
/** https://sqlite.org/pragma.html#pragma_synchronous */
const FULL = 2;

test.each(['at its birth', 'opened again'])('a file syncs its write-ahead log at each commit: %s', (when) => {
  using folder = new JournalFolder();
  if (when === 'opened again') openFile(folder.file, BIRTH, 1 << 30).db.close();
  const { db } = openFile(folder.file, BIRTH, 1 << 30);
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(db.pragma('synchronous', { simple: true })).toBe(FULL);
  db.close();
});

test.each(['at boot', 'in a salvage cut short before it moved the log'])(
  'commits that stand only in the log of a damaged file are carried over with it: found %s',
  async (found) => {
    using folder = new JournalFolder();
    const before = await openVirtual(folder.file);
    const samples = Array.from({ length: 300 }, (_, n) => sample(n));
    await before.run(before.journal.append(entry(...samples)));
    await before.journal.close();
    const { journal, run } = await openVirtual(folder.file);
    await run(journal.append(entry(weighing(1), weighing(2))));
    // As power leaves it: the log has not been copied into the file yet. Some pages of the file are lost.
    const torn = `${folder.path}/torn.db`;
    const bytes = readFileSync(folder.file);
    const middle = Math.floor(bytes.length / 2 / PAGE_BYTES) * PAGE_BYTES;
    const name = found === 'at boot' ? torn : `${torn}.salvaging`;
    writeFileSync(name, bytes.fill(0xa5, middle, middle + 4 * PAGE_BYTES));
    copyFileSync(`${folder.file}-wal`, `${torn}-wal`);
    const { epoch } = journal;
    await journal.close();

    const after = await openVirtual(torn);
    expect(after.journal.epoch).not.toBe(epoch);
    expect(await readAll(after.journal, 'stock')).toEqual([weighing(1), weighing(2)]);
    await after.journal.close();
  },
);

test('a commit that fails half-way leaves nothing of itself behind', () => {
  using folder = new JournalFolder();
  const limits = { maxBytes: 1 << 30, hardLimitBytes: 1 << 30 };
  const engine = new JournalEngine({ file: folder.file, ...limits });
  const context = { stamp: stampAt(START), nextEpoch: 'epoch-1', nextBootId: 'boot-1' };
  const stock = [1, 2].map((n) => encodeStoredEvent(stampAt(START), weighing(n)));
  // The checkpoint is written after the events, and the table refuses it.
  const unwritable: { key: string; body: string } = JSON.parse('{"key":"door-1","body":null}');
  const commit = (checkpoints: { key: string; body: string }[], generation: number) =>
    engine.handle({
      op: 'commit',
      group: { events: { stock, condition: [], health: [] }, checkpoints },
      prunes: [],
      generation,
      ...context,
    });
  const waiting = () => engine.handle({ op: 'status', ...context }).status?.lanes.stock;
  expect(() => commit([unwritable], 0)).toThrow();
  expect(waiting()).toEqual({ lastSeq: 0, prunedUpTo: 0, waiting: 0 });
  commit([], 1);
  engine.close();
  expect(waiting()).toEqual({ lastSeq: 2, prunedUpTo: 0, waiting: 2 });
  engine.close();
});
