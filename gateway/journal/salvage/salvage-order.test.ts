/** A stretch of zeros in the file: the tree still opens, and a search in it comes upon rows that stand before it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { entry, JournalFolder, openVirtual, sample, weighing } from '../worker/journal.fixture.ts';
import { readDamaged } from './salvage-source.ts';

const EVENTS = 24;
const STRETCH_BYTES = 8192;
const STEP_BYTES = 1536;

it('takes each event once, wherever the stretch lies', async () => {
  using folder = new JournalFolder();
  const { journal, run } = await openVirtual(folder.file);
  for (let n = 1; n <= EVENTS; n++) await run(journal.append(entry(weighing(n), sample(n))));
  await run(journal.close());
  const sound = readFileSync(folder.file);
  const file = `${folder.path}/zeroed.db`;
  for (let at = STEP_BYTES; at < sound.length; at += STEP_BYTES) {
    writeFileSync(file, Buffer.from(sound).fill(0, at, Math.min(at + STRETCH_BYTES, sound.length)));
    const source = readDamaged(file);
    for (const lane of ['stock', 'condition'] as const) {
      const taken: number[] = [];
      source.readLane(lane, false, (seq) => {
        if (taken.push(seq) > EVENTS) throw new Error(`zeros at ${at}: ${lane} ends never: ${taken}`);
      });
      expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b));
    }
    source.close();
  }
});
