/** Twenty minutes without a network at ten events a second, then the drain: each event is in the ledger once. */
import { expect, it } from 'vitest';
import { JournalFolder } from '../../gateway/journal/worker/journal.fixture.ts';
import { startCloudProcess } from '../bench/cloud-process.ts';
import { drainJournal } from '../bench/drain-journal.ts';
import { expectEachOnce } from '../support/each-once.ts';
import { offlineSite, passOffline } from '../support/offline-week.ts';

const OFFLINE_SECONDS = 1200;
const EVENTS_PER_SECOND = 10;

it('brings twenty minutes of events home after the network is back, live ones beside them, each once', async () => {
  using folder = new JournalFolder();
  const { file } = folder;
  const events = OFFLINE_SECONDS * EVENTS_PER_SECOND;
  const startAt = Date.now() - OFFLINE_SECONDS * 1000;
  const offline = await passOffline({ file, events, eventsPerSecond: EVENTS_PER_SECOND, startAt });
  expect(Object.values(offline.lastSeq).reduce((sum, seq) => sum + seq)).toBe(events);
  const cloud = await startCloudProcess(offlineSite('Offline'), { mosquitto: true });
  try {
    const drained = await drainJournal(cloud, file);
    expect(drained.liveMs.length).toBeGreaterThan(0);
    const stock = offline.lastSeq.stock + drained.liveMs.length;
    await expectEachOnce(cloud, { ...offline.lastSeq, stock });
  } finally {
    await cloud.close();
  }
});
