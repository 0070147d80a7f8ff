/** Which readings may wait longer for company on their way to the disk: those that nobody waits for. */
import { expect, test } from 'vitest';
import type { Reading } from '../../protocol/readings/reading.ts';
import { JournalFolder, openVirtual, START } from '../journal/worker/journal.fixture.ts';
import { readPointSchema } from '../sensing/read-point.ts';
import { createDurableOutbox } from './devices/durable-outbox.ts';
import { createSensingHub } from './devices/sensing-hub.ts';

const PROBE = readPointSchema.parse({
  id: 'cold-1',
  kind: 'condition',
  device: 'bus-1',
  channel: '1',
  metrics: { temperature: { deadBandMilli: 100, highMilli: 8000 } },
  silentAfterMs: 60_000,
});

const celsius = (valueMilli: number, at: number): Reading => ({
  kind: 'condition',
  device: 'bus-1',
  channel: '1',
  metric: 'temperature',
  valueMilli,
  at,
  sampledAt: at,
});

test.each([
  { what: 'a change that no device waits for', valueMilli: 5000, deviceWaits: false, durableAfterMs: 600 },
  { what: 'a change that its device waits for', valueMilli: 5000, deviceWaits: true, durableAfterMs: 50 },
  { what: 'what crosses a limit', valueMilli: 9000, deviceWaits: false, durableAfterMs: 50 },
])('$what is durable after $durableAfterMs ms', async ({ valueMilli, deviceWaits, durableAfterMs }) => {
  using folder = new JournalFolder();
  const { clock, journal, run } = await openVirtual(folder.file);
  const hub = createSensingHub([PROBE], createDurableOutbox(journal, clock), clock);
  await run(hub.accept([celsius(4000, START)], START) ?? Promise.resolve());
  const { lastSeq } = (await journal.status()).lanes.condition;
  const grown = async () => (await journal.status()).lanes.condition.lastSeq > lastSeq;
  await clock.runFor(5000);
  void hub.accept([celsius(valueMilli, clock.now())], clock.now(), deviceWaits);
  await clock.runFor(durableAfterMs - 1);
  expect(await grown()).toBe(false);
  await clock.runFor(1);
  expect(await grown()).toBe(true);
  hub.close();
  await journal.close();
});
