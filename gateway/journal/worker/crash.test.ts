import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { JournalFolder, openVirtual, readAll, weighing } from './journal.fixture.ts';

const SEED = 20260901;
const KILLS = 5;

/** Lets a process append to the file until it kills itself after `count` appends; gives what it printed before. */
async function appendAndDie(file: string, count: number): Promise<string[]> {
  const script = fileURLToPath(new URL('./crash-child.fixture.ts', import.meta.url));
  const report = `${file}.report`;
  const child = spawn(process.execPath, [script, file, report, String(count)], { stdio: 'inherit' });
  const [code, signal] = await once(child, 'close');
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  return readFileSync(report, 'utf8').trim().split('\n');
}

test(`killed ${KILLS} times in mid-write, the journal keeps every append that resolved, each whole, none twice`, async () => {
  using folder = new JournalFolder();
  const random = seededRandom(SEED, 'kills');
  let epoch: string | undefined;
  let ackedUpTo = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = await appendAndDie(folder.file, random.integer(1, 600));
    const resolved = lines.filter((line) => !line.startsWith('acked')).map(Number);
    for (const line of lines)
      if (line.startsWith('acked')) ackedUpTo = Math.max(ackedUpTo, Number(line.slice(6)));
    const { journal } = await openVirtual(folder.file);
    const what = `seed ${SEED}, kill ${kill}`;
    epoch ??= journal.epoch;
    expect(journal.epoch, what).toBe(epoch);
    const { lastSeq, prunedUpTo, waiting } = (await journal.status()).lanes.stock;
    expect(lastSeq, what).toBeGreaterThanOrEqual(Math.max(...resolved));
    expect(prunedUpTo, what).toBeLessThanOrEqual(ackedUpTo);
    expect(waiting, what).toBe(lastSeq - prunedUpTo);
    const expected = Array.from({ length: waiting }, (_, n) => weighing(prunedUpTo + n + 1));
    expect(await readAll(journal, 'stock'), what).toEqual(expected);
    // Event and checkpoint of one append are there together.
    expect(await journal.checkpoints(), what).toEqual([{ key: 'last', body: String(lastSeq) }]);
    await journal.close();
  }
});
