/** A flipped bit in the text of the schema: SQLite opens the file, and then knows our columns by other names. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { entry, JournalFolder, openVirtual, readAll, sample, weighing } from './journal-fixture.ts';

it.each(['pruned_up_to', 'last_seq', 'lane_stock(', 'events integer'])(
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
    const told = await run(readAll(journal, 'health'));
    expect(told).toContainEqual(expect.objectContaining({ type: 'gap', scope: 'lane' }));
    await run(journal.append(entry(weighing(3))));
    await run(journal.close());
  },
);
