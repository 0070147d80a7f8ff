import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGE_BYTES } from '../file/layout.ts';
import {
  entry,
  JournalFolder,
  openVirtual,
  START,
  sample,
  stampAt,
  weighing,
} from '../worker/journal.fixture.ts';
import { adoptJournal } from './adopt.ts';

test('a salvaged event keeps the name it was born with, through a second salvage too', async () => {
  using folder = new JournalFolder();
  const first = await openVirtual(folder.file);
  const { epoch } = first.journal;
  const samples = Array.from({ length: 400 }, (_, n) => sample(n));
  await first.run(first.journal.append(entry(weighing(1), weighing(2), ...samples)));
  await first.journal.close();
  for (const _salvage of ['first', 'second']) {
    const bytes = readFileSync(folder.file);
    const middle = Math.floor(bytes.length / 2 / PAGE_BYTES) * PAGE_BYTES;
    writeFileSync(folder.file, bytes.fill(0xa5, middle, middle + PAGE_BYTES));
    const { journal } = await openVirtual(folder.file);
    expect(journal.epoch).not.toBe(epoch);
    const slice = await journal.read('stock', 0, 10, 100_000);
    expect(slice?.records.map(({ event, origin }) => ({ event, origin }))).toEqual([
      { event: weighing(1), origin: { epoch, seq: 1 } },
      { event: weighing(2), origin: { epoch, seq: 2 } },
    ]);
    await journal.close();
  }
});

test('each opening has a number and an id of its own, and says how far the lanes were', async () => {
  using folder = new JournalFolder();
  const ids = new Set<string>();
  for (let n = 1; n <= 4; n++) {
    const { journal, run } = await openVirtual(folder.file);
    expect(journal.boot).toMatchObject({ n, base: { stock: n - 1, condition: 0, health: 0 } });
    ids.add(journal.boot.id);
    await run(journal.append(entry(weighing(n))));
    await journal.close();
  }
  expect(ids.size).toBe(4);
});

test('a journal of another machine is refused and left as it is', async () => {
  using folder = new JournalFolder();
  const here = await openVirtual(folder.file, { host: 'machine-1' });
  await here.run(here.journal.append(entry(weighing(1))));
  await here.journal.close();
  await expect(openVirtual(folder.file, { host: 'machine-2' })).rejects.toMatchObject({ code: 'foreign' });
  const again = await openVirtual(folder.file, { host: 'machine-1' });
  expect(again.journal.epoch).toBe(here.journal.epoch);
  await again.journal.close();
});

test('of a forked journal only what was appended since the fork takes new names', async () => {
  using folder = new JournalFolder();
  const before = await openVirtual(folder.file);
  const { epoch } = before.journal;
  await before.run(before.journal.append(entry(weighing(1), weighing(2))));
  await before.journal.read('stock', 0, 10, 100_000);
  await before.journal.close();
  const forked = await openVirtual(folder.file);
  await forked.run(forked.journal.append(entry(weighing(3))));
  await forked.run(forked.journal.markForked('the journal was set back'));
  await forked.journal.close();

  const adoption = adoptJournal({
    file: folder.file,
    stamp: stampAt(START),
    epoch: 'epoch-adopted',
    host: undefined,
  });
  expect(adoption).toMatchObject({ oldEpoch: epoch, renamed: 1, events: { stock: 3 } });
  const { journal } = await openVirtual(folder.file);
  const slice = await journal.read('stock', 0, 10, 100_000);
  expect(slice?.records.map(({ origin }) => origin)).toEqual([
    { epoch, seq: 1 },
    { epoch, seq: 2 },
    undefined,
  ]);
  await journal.close();
});
