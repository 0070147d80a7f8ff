import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  START,
  weighing,
} from '../../journal/worker/journal.fixture.ts';
import { gatewayConfigSchema } from '../config/config.ts';
import { adoptCommand } from './adopt-command.ts';

function adopt(dataDir: string, host: string): string {
  let text = '';
  const config = gatewayConfigSchema.parse({ gateway: { id: 'gw-dock' }, dataDir });
  adoptCommand(config, {
    write: (more) => {
      text += more;
    },
    now: () => START,
    host,
  });
  return text;
}

test('a journal from another machine is adopted, and what was done is said', async () => {
  using folder = new JournalFolder();
  const file = join(folder.path, 'journal.db');
  const there = await openVirtual(file, { host: 'machine-a' });
  await there.run(there.journal.append(entry(weighing(1), weighing(2))));
  const { epoch } = there.journal;
  await there.journal.close();
  const said = adopt(folder.path, 'machine-b');
  expect(said).toContain(`before ${epoch}`);
  expect(said).toContain('2 stock, 0 condition and 0 health events');
  expect(said).toContain('kept as journal.db.adopted-1');
  expect(readdirSync(folder.path)).toContain('journal.db.adopted-1');
  const { journal } = await openVirtual(file, { host: 'machine-b' });
  expect(await readAll(journal, 'stock')).toEqual([weighing(1), weighing(2)]);
  await journal.close();
});

test('a refused journal is adopted with the refusal and the new names shown', async () => {
  using folder = new JournalFolder();
  const file = join(folder.path, 'journal.db');
  const refused = await openVirtual(file, { host: 'machine-a' });
  await refused.run(refused.journal.append(entry(weighing(1))));
  await refused.journal.markForked('opening 2 is known under another id');
  await refused.journal.close();
  const said = adopt(folder.path, 'machine-a');
  expect(said).toContain('refused it on 2026-09-01T06:00:00.050Z: opening 2 is known under another id');
  expect(said).toContain('1 events recorded since then have new names');
});

test('without a journal, or with a gateway running on it, nothing is adopted', async () => {
  using folder = new JournalFolder();
  expect(() => adopt(folder.path, 'machine-b')).toThrow('there is no journal to adopt');
  const { journal } = await openVirtual(join(folder.path, 'journal.db'), { host: 'machine-b' });
  expect(() => adopt(folder.path, 'machine-b')).toThrow('is a gateway running on it?');
  await journal.close();
});
