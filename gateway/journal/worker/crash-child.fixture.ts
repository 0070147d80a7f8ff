/**
 * Run by crash.test.ts as a process of its own: appends as fast as it can, writes the number of each event to a report
 * once its append has resolved, and after so many kills itself, while the worker is in the midst of a commit.
 */
import { openSync, writeSync } from 'node:fs';
import { createClock } from '../../../protocol/ports/clock.ts';
import { stampAt, weighing } from './journal.fixture.ts';
import { openJournal } from './open-journal.ts';

const [file, reportFile, count] = process.argv.slice(2);
if (file === undefined || reportFile === undefined) throw new Error('usage: <journal> <report> <count>');
const report = openSync(reportFile, 'w');
let printed = 0;
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
  writeSync(report, `${mine}\n`);
  if (++printed === Number(count)) process.kill(process.pid, 'SIGKILL');
  // The cloud acks now and then, so that prunes are cut short too.
  if (mine % 50 === 0) {
    acked = mine - 40;
    writeSync(report, `acked ${acked}\n`);
    journal.prune(journal.epoch, 'stock', acked).catch(() => undefined);
  }
}
const writer = async () => {
  for (;;) await appendOne();
};
await Promise.all(Array.from({ length: 30 }, writer));
