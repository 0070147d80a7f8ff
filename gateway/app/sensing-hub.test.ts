import { expect, test } from 'vitest';
import type { TagRead } from '../../protocol/readings/reading.ts';
import { JournalFolder, openVirtual, readAll, START } from '../journal/journal-fixture.ts';
import { readPointSchema } from '../sensing/read-point.ts';
import { createDurableOutbox } from './durable-outbox.ts';
import { createSensingHub } from './sensing-hub.ts';

const DOOR = readPointSchema.parse({
  id: 'door-1',
  kind: 'portal',
  antennas: [{ device: 'reader-1', antenna: '1' }],
  direction: { mode: 'assigned', as: 'IN' },
  stray: { minReads: 1 },
});

const read = (epc: string, at: number): TagRead => ({
  kind: 'tag',
  device: 'reader-1',
  channel: '1',
  at,
  epc,
  readCount: 1,
  firstSeenAt: at,
  lastSeenAt: at,
});

/** A hub on the journal file, brought back to where the last one was. */
async function startHub(file: string) {
  const { clock, journal, run } = await openVirtual(file);
  const outbox = createDurableOutbox(journal, clock);
  const hub = createSensingHub([DOOR], outbox, clock);
  hub.restore(await journal.checkpoints());
  return { clock, journal, hub, run };
}

test('a pass that is over is told once, however often the gateway restarts', async () => {
  using folder = new JournalFolder();
  const first = await startHub(folder.file);
  const taken = first.hub.accept([read('30aa', START), read('30bb', START)], START);
  await first.run(taken ?? Promise.resolve());
  await first.clock.runFor(60_000);
  expect(await first.journal.checkpoints()).toEqual([]);
  first.hub.close();
  await first.journal.close();
  for (let restart = 0; restart < 2; restart++) {
    const next = await startHub(folder.file);
    await next.clock.runFor(60_000);
    const receipts = await readAll(next.journal, 'stock');
    expect(receipts.map((event) => event.type)).toEqual(['receipt']);
    next.hub.close();
    await next.journal.close();
  }
});

test('a pass under way at a restart is told once, with what was seen before', async () => {
  using folder = new JournalFolder();
  const first = await startHub(folder.file);
  const taken = first.hub.accept([read('30aa', START)], START);
  await first.run(taken ?? Promise.resolve());
  first.hub.close();
  await first.journal.abandon();
  const next = await startHub(folder.file);
  await next.clock.runFor(60_000);
  const receipts = await readAll(next.journal, 'stock');
  expect(receipts).toMatchObject([{ type: 'receipt', tags: [{ epc: '30aa' }] }]);
  await next.journal.close();
});
