/** A flipped bit in the text of the schema: SQLite opens the file, and then knows our columns by other names. */
import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { entry, JournalFolder, openVirtual, readAll, sample, weighing } from '../worker/journal.fixture.ts';

it.each(['pruned_up_to', 'last_seq', 'lane_stock(', 'events integer', 'integer primary key'])(
  'sets a journal aside whose schema no longer says %s',
  async (text) => {
    using folder = new JournalFolder();
    const before = await openVirtual(folder.file);
    await before.run(before.journal.append(entry(weighing(1), sample(2))));
    const { epoch } = before.journal;
    await before.run(before.journal.close());
    const bytes = readFileSync(folder.file);
    // An earlier one may be what a page held before the schema outgrew it.
    const at = bytes.lastIndexOf(text);
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(folder.file, bytes);

    const { journal, run } = await openVirtual(folder.file);
    expect(journal.epoch).not.toBe(epoch);
    const events = await run(readAll(journal, 'health'));
    expect(events).toContainEqual(expect.objectContaining({ type: 'gap', scope: 'lane' }));
    await run(journal.append(entry(weighing(3))));
    await run(journal.close());
  },
);

it('does not take a file for one of format 1 because a column has another name now', async () => {
  using folder = new JournalFolder();
  const before = await openVirtual(folder.file);
  const session = { key: 'door-1/pass', body: '{"open":true}' };
  await before.run(before.journal.append({ events: [weighing(1)], put: [session], drop: [] }));
  await before.journal.close();
  const bytes = readFileSync(folder.file);
  const at = bytes.indexOf('events integer', bytes.lastIndexOf('lane_stock(seq'));
  expect(at).toBeGreaterThan(0);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(folder.file, bytes);
  const { journal } = await openVirtual(folder.file);
  expect(await journal.checkpoints()).toEqual([session]);
  expect(await readAll(journal, 'stock')).toEqual([weighing(1)]);
  await journal.close();
});

it.each([
  ['gone', 'delete from lane_stock where seq = 3'],
  ['under another seq', 'update lane_stock set seq = 4 where seq = 3; delete from lane_stock where seq = 5'],
])('reports a row among others that is %s, which SQLite finds nothing wrong with', async (_how, damage) => {
  using folder = new JournalFolder();
  const before = await openVirtual(folder.file);
  for (let n = 1; n <= 6; n++) await before.run(before.journal.append(entry(weighing(n))));
  await before.journal.close();
  const db = new Database(folder.file);
  if (damage.startsWith('update')) db.exec('delete from lane_stock where seq = 4');
  db.exec(damage);
  db.close();
  const { journal } = await openVirtual(folder.file);
  const kept = (await readAll(journal, 'stock')).length;
  const gaps = (await readAll(journal, 'health')).filter((event) => event.type === 'gap');
  const declared = gaps.reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
  expect(kept + declared).toBeGreaterThanOrEqual(6);
  expect(kept).toBeLessThan(6);
  await journal.close();
});
