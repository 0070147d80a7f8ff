/** A gateway that was set back to an older version: its journal holds events of a kind that it does not know. */
import { expect, test } from 'vitest';
import { perLane } from '../../../protocol/events/lanes.ts';
import { parseEventRecord } from '../../../protocol/events/parse-event.ts';
import type { EventRecord } from '../../../protocol/events/record.ts';
import { type Batch, decodeBatch, encodeBatch } from '../../../protocol/link/batch.ts';
import { encodeStoredEvent } from '../file/stored-event.ts';
import { adoptJournal } from '../salvage/adopt.ts';
import { JournalEngine } from './engine.ts';
import { entry, JournalFolder, openVirtual, START, stampAt, weighing } from './journal.fixture.ts';

const scaleAtRest = { ...weighing(1), raw: '' };
const toCome = { type: 'kind-to-come', occurredAt: 'at noon', readPoint: 'aisle-1', tags: [{ epc: '30' }] };

function writeAsNewer(file: string): void {
  const engine = new JournalEngine({ file, maxBytes: 1 << 30, hardLimitBytes: 1 << 30 });
  const stock = [encodeStoredEvent(stampAt(START), toCome as never)];
  engine.handle({
    op: 'commit',
    group: { events: { ...perLane<string[]>(() => []), stock }, checkpoints: [] },
    prunes: [],
    generation: 0,
    stamp: stampAt(START),
    nextEpoch: 'epoch-0001',
    nextBootId: 'boot-1',
  });
  engine.close();
}

/** What the cloud makes of it. */
function received(epoch: string, records: readonly EventRecord[]) {
  const header: Omit<Batch, 'events'> = {
    v: 1,
    gateway: 'gw-1',
    epoch,
    lane: 'stock',
    firstSeq: 1,
    lastSeq: 2,
    prunedUpTo: 0,
  };
  const decoded = decodeBatch(encodeBatch({ ...header, events: [...records] }));
  return decoded.ok ? decoded.batch.events.map(parseEventRecord) : [];
}

test.each(['as it was written', 'carried over to a new file'])('it goes up whole: %s', async (how) => {
  using folder = new JournalFolder();
  writeAsNewer(folder.file);
  const { journal, run } = await openVirtual(folder.file);
  await run(journal.append(entry(scaleAtRest)));
  await journal.close();
  const carried = how !== 'as it was written';
  const adoption = { file: folder.file, stamp: stampAt(START), epoch: 'epoch-0002', host: undefined };
  if (carried) expect(adoptJournal(adoption)).toMatchObject({ events: { stock: 2 } });

  const again = await openVirtual(folder.file);
  const slice = await again.run(again.journal.read('stock', 0, 100, 1 << 20));
  const origin = carried ? { origin: { epoch: 'epoch-0001', seq: 1 } } : {};
  expect(received(again.journal.epoch, slice?.records ?? [])).toMatchObject([
    { outcome: 'unknown', record: { seq: 1, ...origin, event: { type: 'kind-to-come', raw: toCome } } },
    { outcome: 'known', record: { seq: 2, event: scaleAtRest } },
  ]);
  await again.journal.close();
});
