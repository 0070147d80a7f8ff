/**
 * Run by crash.test.ts as a process of its own: appends as fast as it can and writes the number of each event to
 * stdout once its append has resolved, until it is killed.
 */
import { writeSync } from 'node:fs';
import { createClock } from '../../protocol/ports/clock.ts';
import { stampAt, weighing } from './journal-fixture.ts';
import { openJournal } from './open-journal.ts';

const file = process.argv[2];
if (file === undefined) throw new Error('the path of the journal is missing');
const clock = createClock({
  now: Date.now,
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});
const journal = await openJournal({
  file,
  clock,
  stamp: () => stampAt(clock.now()),
  groupCommitMs: 1,
  groupCommitRows: 20,
});
const { lastSeq, prunedUpTo } = (await journal.status()).lanes.stock;
let n = lastSeq;
let acked = prunedUpTo;
async function appendOne(): Promise<void> {
  const mine = ++n;
  const put = [{ key: 'last', body: String(mine) }];
  await journal.append({ events: [weighing(mine)], put, drop: [] });
  writeSync(1, `${mine}\n`);
  // The cloud acks now and then, so that prunes are cut short too.
  if (mine % 50 === 0) {
    acked = mine - 40;
    writeSync(1, `acked ${acked}\n`);
    journal.prune(journal.epoch, 'stock', acked).catch(() => undefined);
  }
}
const writer = async () => {
  for (;;) await appendOne();
};
await Promise.all(Array.from({ length: 30 }, writer));
