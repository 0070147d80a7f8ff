import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import type { EventRecord } from '../../../protocol/events/record.ts';
import { effort } from '../../../test/support/effort.ts';
import { adoptJournal } from '../salvage/adopt.ts';
import {
  deviceEvent,
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  START,
  sample,
  stampAt,
  weighing,
} from './journal.fixture.ts';
import type { JournalOptions, OpenJournal } from './open-journal.ts';

const make = { stock: weighing, condition: sample, health: deviceEvent };

async function recordsOf(journal: OpenJournal, lane: Lane): Promise<EventRecord[]> {
  const records: EventRecord[] = [];
  for (let after = 0; ; ) {
    const slice = await journal.read(lane, after, 50, 1e6);
    if (slice === undefined) return records;
    records.push(...slice.records);
    after = slice.lastSeq;
  }
}

/** What the ledger keeps an event under. */
function nameOf(epoch: string, lane: Lane, { seq, origin }: EventRecord): string {
  return `${origin?.epoch ?? epoch}/${lane}/${origin?.seq ?? seq}`;
}

function adopt(file: string, epoch: string, host?: string) {
  return adoptJournal({ file, stamp: stampAt(START), epoch, host });
}

const damageArbitrary = fc.record({
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  bytes: fc.nat(3000),
});
const stepArbitrary = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      lanes: fc.array(fc.constantFrom(...LANES), { minLength: 1, maxLength: 40 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('ack' as const),
      lane: fc.constantFrom(...LANES),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('send' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('damage' as const), damage: damageArbitrary }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

test('through any damage, salvage and adoption an event keeps one name, and no name stands for two events', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 14 }), async (steps) => {
      using folder = new JournalFolder();
      let epochs = 0;
      const createEpoch = () => `epoch-${String(++epochs).padStart(4, '0')}`;
      const open = () => openVirtual(folder.file, { createEpoch });
      let { journal, run } = await open();
      /** What the ledger has under each name, by what the event says. */
      const ledger = new Map<string, string>();
      const nameOfEvent = new Map<string, string>();
      const send = async () => {
        for (const lane of LANES) {
          const records = await recordsOf(journal, lane);
          const times = records.flatMap(({ event }) => (event.type === 'gap' ? [] : [event.occurredAt]));
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          for (const record of records) {
            const name = nameOf(journal.epoch, lane, record);
            const body = JSON.stringify(record.event);
            expect(ledger.get(name) ?? body, `${name} stands for two events`).toBe(body);
            ledger.set(name, body);
            if (record.event.type === 'gap') continue;
            expect(nameOfEvent.get(body) ?? name, `${body} has two names`).toBe(name);
            nameOfEvent.set(body, name);
          }
        }
      };
      let n = 0;
      const appended: string[] = [];
      let damaged = false;
      for (const step of steps) {
        switch (step.do) {
          case 'append': {
            const events = step.lanes.map((lane) => make[lane](++n));
            await run(journal.append(entry(...events)));
            appended.push(...events.map((event) => JSON.stringify(event)));
            break;
          }
          case 'ack': {
            await send();
            const { lastSeq } = (await journal.status()).lanes[step.lane];
            await run(journal.prune(journal.epoch, step.lane, Math.floor(lastSeq * step.part)));
            break;
          }
          case 'send':
            await send();
            break;
          case 'damage': {
            await journal.close();
            const bytes = readFileSync(folder.file);
            const from = Math.floor(bytes.length * step.damage.at);
            writeFileSync(
              folder.file,
              bytes.fill(0xa5, from, Math.min(bytes.length, from + step.damage.bytes + 1)),
            );
            damaged = true;
            ({ journal, run } = await open());
            break;
          }
          case 'adopt':
            await journal.close();
            adopt(folder.file, createEpoch());
            ({ journal, run } = await open());
            break;
          case 'restart':
            await journal.close();
            ({ journal, run } = await open());
            break;
        }
      }
      await send();
      const bodies = [...ledger.values()].filter((body) => !body.includes('"type":"gap"'));
      for (const body of bodies) expect(appended).toContain(body);
      if (!damaged) expect(bodies.length).toBe(appended.length);
      await journal.close();
    }),
    { numRuns: effort(20, 60) },
  );
});

test('each opening is counted with an id and where the lanes stood, and a new epoch starts anew', async () => {
  using folder = new JournalFolder();
  let ids = 0;
  const createBootId = () => `boot-${++ids}`;
  const first = await openVirtual(folder.file, { createBootId });
  expect(first.journal.boot).toEqual({
    n: 1,
    id: 'boot-1',
    base: { stock: 0, condition: 0, health: 0 },
  });
  await first.run(first.journal.append(entry(weighing(1), weighing(2), sample(3))));
  // A crash: nothing is written at the end.
  await first.journal.abandon();
  const second = await openVirtual(folder.file, { createBootId });
  const base = { stock: 2, condition: 1, health: 0 };
  expect(second.journal.boot).toEqual({ n: 2, id: 'boot-3', base });
  expect((await second.journal.status()).boot).toEqual(second.journal.boot);
  await second.journal.close();
  const { epoch } = adopt(folder.file, 'epoch-adopted');
  const third = await openVirtual(folder.file, { createBootId });
  expect(third.journal.epoch).toBe(epoch);
  expect(third.journal.boot).toMatchObject({ n: 1, base });
  await third.journal.close();
});

test('a file from another machine is refused until it is adopted, which keeps its events and their names', async () => {
  using folder = new JournalFolder();
  const there: Partial<JournalOptions> = { host: 'machine-a' };
  const made = await openVirtual(folder.file, there);
  await made.run(
    made.journal.append({ ...entry(weighing(1), sample(2)), put: [{ key: 'door', body: '{}' }] }),
  );
  const { epoch } = made.journal;
  await made.journal.close();

  const refusal = { code: 'foreign', message: expect.stringContaining('adopt --config') };
  await expect(openVirtual(folder.file, { host: 'machine-b' })).rejects.toMatchObject(refusal);
  // A machine that nothing identifies is not held against the file.
  const unknown = await openVirtual(folder.file);
  expect(unknown.journal.epoch).toBe(epoch);
  await expect(async () => adopt(folder.file, 'epoch-new', 'machine-b')).rejects.toMatchObject({
    code: 'in-use',
  });
  await unknown.journal.close();

  const adoption = adopt(folder.file, 'epoch-new', 'machine-b');
  expect(adoption).toMatchObject({ epoch: 'epoch-new', oldEpoch: epoch, renamed: 0, forked: undefined });
  expect(adoption.events).toEqual({ stock: 1, condition: 1, health: 0 });
  expect(readdirSync(folder.path)).toContain('journal.db.adopted-1');
  await expect(openVirtual(folder.file, there)).rejects.toMatchObject({ code: 'foreign' });
  const here = await openVirtual(folder.file, { host: 'machine-b' });
  const [record] = await recordsOf(here.journal, 'stock');
  expect(record).toMatchObject({ seq: 1, origin: { epoch, seq: 1 }, event: weighing(1) });
  expect(await readAll(here.journal, 'health')).toEqual([]);
  expect(await here.journal.checkpoints()).toEqual([{ key: 'door', body: '{}' }]);
  await here.journal.close();
});

test('an image put back and refused by the cloud: what was recorded since takes new names, what was before keeps its own', async () => {
  using folder = new JournalFolder();
  const image = `${folder.path}/image`;
  const before = await openVirtual(folder.file);
  await before.run(before.journal.append(entry(weighing(1), weighing(2), weighing(3))));
  await recordsOf(before.journal, 'stock');
  const { epoch } = before.journal;
  await before.journal.close();
  writeFileSync(image, readFileSync(folder.file));
  // The life that the image knows nothing of: the cloud has stock 4 and 5.
  const lost = await openVirtual(folder.file);
  await lost.run(lost.journal.append(entry(weighing(40), weighing(50))));
  await lost.journal.close();

  writeFileSync(folder.file, readFileSync(image));
  // Started twice without a network before the cloud could refuse it.
  for (const n of [4, 5]) {
    const offline = await openVirtual(folder.file);
    await offline.run(offline.journal.append(entry(weighing(n))));
    await offline.journal.close();
  }
  const refused = await openVirtual(folder.file);
  await recordsOf(refused.journal, 'stock');
  await refused.run(refused.journal.markForked('opening 2 is known under another id'));
  await refused.run(refused.journal.append(entry(weighing(6))));
  await refused.run(refused.journal.markForked('said again'));
  const forked = { at: expect.any(Number), detail: 'opening 2 is known under another id' };
  expect((await refused.journal.status()).forked).toEqual(forked);
  await refused.journal.close();
  const marked = await openVirtual(folder.file);
  expect(marked.journal.epoch).toBe(epoch);
  expect((await marked.journal.status()).forked).toEqual(forked);
  await marked.run(marked.journal.append(entry(weighing(7))));
  await marked.journal.close();

  expect(adopt(folder.file, 'epoch-new')).toMatchObject({ renamed: 4, forked });
  const after = await openVirtual(folder.file);
  expect((await after.journal.status()).forked).toBeUndefined();
  const names = (await recordsOf(after.journal, 'stock')).map((record) =>
    nameOf(after.journal.epoch, 'stock', record),
  );
  expect(names).toEqual(
    [1, 2, 3]
      .map((seq) => `${epoch}/stock/${seq}`)
      .concat([4, 5, 6, 7].map((seq) => `epoch-new/stock/${seq}`)),
  );
  await after.journal.close();
});

test.each([
  ['and its last opening shows where the fork was', '', [1, 2, 3]],
  ['nor its last opening', `; update meta set value = value || ' ' where key = 'opening'`, []],
])(
  'a refused file whose mark of that cannot be read, %s, gives no name that another may have given',
  async (_, more, own) => {
    using folder = new JournalFolder();
    const first = await openVirtual(folder.file);
    await first.run(first.journal.append(entry(...[1, 2, 3].map(weighing))));
    await recordsOf(first.journal, 'stock');
    await first.journal.close();
    const { journal, run } = await openVirtual(folder.file);
    await run(journal.append(entry(...[4, 5].map(weighing))));
    await run(journal.markForked('opening 2 is known under another id'));
    const { epoch } = journal;
    await journal.close();
    const db = new Database(folder.file);
    db.exec(`update meta set value = value || ' ' where key = 'forked'${more}`);
    db.close();
    const after = await openVirtual(folder.file);
    const records = await recordsOf(after.journal, 'stock');
    expect(records).toHaveLength(5);
    const named = records.flatMap(({ origin }) => (origin?.epoch === epoch ? [origin.seq] : []));
    expect(named).toEqual(own);
    await after.journal.close();
  },
);

test('an adoption cut short is completed at the next start', async () => {
  for (const step of ['renamed', 'half built'] as const) {
    using folder = new JournalFolder();
    const made = await openVirtual(folder.file);
    await made.run(made.journal.append(entry(weighing(1))));
    const { epoch } = made.journal;
    await made.journal.close();
    writeFileSync(`${folder.file}.adopting`, readFileSync(folder.file));
    writeFileSync(
      `${folder.file}.new`,
      step === 'half built' ? readFileSync(folder.file).subarray(0, 3000) : '',
    );
    rmSync(folder.file);
    const { journal } = await openVirtual(folder.file);
    expect(journal.epoch).not.toBe(epoch);
    const [record] = await recordsOf(journal, 'stock');
    expect(record).toMatchObject({ origin: { epoch, seq: 1 } });
    expect(readdirSync(folder.path)).toContain('journal.db.adopted-1');
    await journal.close();
  }
});

test('two carries give an event the name of its first file', async () => {
  using folder = new JournalFolder();
  const made = await openVirtual(folder.file);
  await made.run(made.journal.append(entry(...Array.from({ length: 100 }, (_, n) => weighing(n + 1)))));
  await made.run(made.journal.prune(made.journal.epoch, 'stock', 10));
  const { epoch } = made.journal;
  await made.journal.close();
  adopt(folder.file, 'epoch-second');
  const second = await openVirtual(folder.file);
  await second.run(second.journal.append(entry(weighing(101))));
  await second.journal.close();
  adopt(folder.file, 'epoch-third');
  const { journal } = await openVirtual(folder.file);
  const records = await recordsOf(journal, 'stock');
  const origins = records.map(({ origin }) => origin);
  const first = Array.from({ length: 90 }, (_, n) => ({ epoch, seq: n + 11 }));
  expect(origins).toEqual([...first, { epoch: 'epoch-second', seq: 91 }]);
  await journal.close();
});
