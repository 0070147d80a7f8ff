import { expect, test } from 'vitest';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import {
  entry,
  JournalFolder,
  stampAt,
  virtualClock,
  weighing,
} from '../../journal/worker/journal.fixture.ts';
import { openJournal } from '../../journal/worker/open-journal.ts';
import { createMemoryUplink } from '../memory-uplink.ts';
import { createForwarder } from './forwarder.ts';

test('events are sent by a clock that has moved on each time it is looked at, as a real one has', async () => {
  using folder = new JournalFolder();
  const time = virtualClock();
  let looks = 0;
  const clock: Clock = {
    now: () => time.now(),
    monotonicMs: () => time.monotonicMs() + ++looks / 1000,
    setTimer: (delayMs, name, task) => time.setTimer(delayMs, name, task),
    track: (work) => time.track(work),
  };
  const stamp = () => stampAt(time.now());
  const journal = await openJournal({ file: folder.file, clock, stamp, inThread: true });
  const delivered: string[] = [];
  const uplink = createMemoryUplink({
    gateway: 'dc-1',
    deliver: async (lane) => void delivered.push(lane),
  });
  const random = seededRandom(1, 'forwarder');
  const forwarder = createForwarder({ gateway: 'dc-1', journal, uplink, clock, random });
  forwarder.start();
  await time.runUntilSettled(journal.append(entry(weighing(1))));
  await time.runFor(2000);
  expect(delivered).toEqual(['stock']);
  await forwarder.close();
  await journal.close();
});
