/** Each byte of the 100 of the file's header (SQLite database file format, section 1.3), set to what it should not be. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { effort } from '../../../test/support/effort.ts';
import { entry, JournalFolder, openVirtual, readAll, weighing } from '../worker/journal.fixture.ts';

const HEADER_BYTES = 100;
const VALUES = effort([0, 0xff], [0, 1, 3, 0x40, 0xff]);
const KEPT = 7;

async function soundFile(): Promise<Buffer> {
  using folder = new JournalFolder();
  const { journal, run } = await openVirtual(folder.file);
  await run(journal.append(entry(...Array.from({ length: KEPT }, (_, n) => weighing(n)))));
  await journal.close();
  return readFileSync(folder.file);
}

it('starts with any byte of the header damaged, and loses nothing or reports it', async () => {
  const sound = await soundFile();
  const unreported: string[] = [];
  for (let at = 0; at < HEADER_BYTES; at++) {
    for (const value of VALUES) {
      if (sound[at] === value) continue;
      using folder = new JournalFolder();
      const bytes = Buffer.from(sound);
      bytes[at] = value;
      writeFileSync(folder.file, bytes);
      const { journal, run } = await openVirtual(folder.file);
      await run(journal.append(entry(weighing(KEPT))));
      const kept = (await readAll(journal, 'stock')).length;
      const reported = (await readAll(journal, 'health')).some((event) => event.type === 'gap');
      if (kept < KEPT + 1 && !reported) unreported.push(`byte ${at} = ${value}: ${kept} events`);
      await journal.close();
    }
  }
  expect(unreported).toEqual([]);
});
