import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_BATCH_BYTES } from '../../protocol/link/batch.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import { effort } from '../../test/support/effort.ts';
import { loadShipments, sweepShipments } from '../inventory/shipments/shipments.ts';
import type { Change } from '../ledger/change.ts';
import type { Store } from '../store/database.ts';
import {
  batchOf,
  clear,
  cut,
  delivery,
  dump,
  EPCS,
  journals,
  MINUTE,
  pass,
  record,
  register,
  sample,
  T0,
  testIngest,
  weighing,
} from './deliveries.fixture.ts';
import type { Ingest, IngestOptions } from './ingest.ts';

const clock = clockAt(T0 + 24 * 60 * MINUTE);

/** Three shipments that compete for the same tags. */
const WINDOW = {
  readPoint: 'dock-1',
  expectedFrom: new Date(T0).toISOString(),
  expectedTo: new Date(T0 + 20 * MINUTE).toISOString(),
};
const EXPECTED = [
  { ...WINDOW, id: 'in-1', kind: 'inbound', lines: [{ gtin: '80614141123458', quantity: 2, lot: 'L1' }] },
  { ...WINDOW, id: 'in-2', kind: 'inbound', lines: [{ epcs: [EPCS[1]] }, { sscc: '106141412345678908' }] },
  { ...WINDOW, id: 'out-1', kind: 'outbound', lines: [{ epcs: [EPCS[0], EPCS[4]], lot: 'L1' }] },
];

describe.each(databases())('ingest into $name', ({ open }) => {
  let store: Store;
  let ingest: Ingest;
  let changes: Change[];

  const begin = (more: Partial<IngestOptions> = {}) =>
    testIngest(store, clock, { onCommitted: (committed) => changes.push(...committed), ...more });

  beforeAll(async () => {
    store = await open();
    await register(store, 'gw-1', 'gw-2', 'gw-3');
    await loadShipments(store.db, { form: 'json', value: EXPECTED }, T0);
    await store.db.updateTable('gateways').set({ revoked_at: T0 }).where('id', '=', 'gw-3').execute();
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await clear(store);
    changes = [];
    ingest = begin();
  });

  /** After the timer has judged the shipments whose time is over. */
  const dumpOfDay = async () => {
    await sweepShipments(store.db, { since: 0, now: clock.now() });
    return dump(store);
  };
  const deadLetters = () =>
    store.db
      .selectFrom('dead_letters')
      .select(['code', 'gateway', 'lane', 'seq', 'times'])
      .orderBy('id')
      .execute();
  const countEvents = async () => (await store.db.selectFrom('events').select('seq').execute()).length;

  it('answers with the cumulative ack after the commit, and publishes what changed', async () => {
    const batch = batchOf([pass('passage', 'cold-door', T0, [EPCS[0]]), weighing(T0, 5000)]);
    await expect(ingest.deliver(delivery(batch))).resolves.toEqual({
      v: 1,
      gateway: 'gw-1',
      epoch: 'epoch-0001',
      lane: 'stock',
      upTo: 2,
      at: clock.now(),
    });
    expect(await countEvents()).toBe(2);
    expect(
      changes.map((change) => `${change.topic} ${change.id ?? change.location ?? change.readPoint}`),
    ).toEqual([
      `pass cold-door@${T0 - 3000}`,
      'stock staging',
      'stock cold-1',
      'stock scale-1',
      'gateway gw-1',
    ]);
  });

  it('gives the same projections in whatever order, duplication, splitting and grouping, and after a rebuild', async () => {
    await fc.assert(
      fc.asyncProperty(
        journals,
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat(1000)),
        async (lanes, sizes, noise) => {
          await clear(store);
          for (const lane of lanes) {
            for (const batch of cut(lane, [1000])) await ingest.deliver(delivery(batch));
          }
          const inOrder = await dumpOfDay();

          await clear(store);
          const pieces = lanes.flatMap((lane) => [...cut(lane, sizes), ...cut(lane, sizes.toReversed())]);
          const shuffled = pieces
            .map((piece) => ({ piece, at: noise.next().value }))
            .sort((a, b) => a.at - b.at);
          await Promise.all(shuffled.map(({ piece }) => ingest.deliver(delivery(piece))));
          expect(await dumpOfDay()).toEqual(inOrder);

          await ingest.rebuild();
          expect(await dump(store)).toEqual(inOrder);
        },
      ),
      { numRuns: effort(5, 15) },
    );
  });

  it('acks no further than a hole, and over it once it is filled', async () => {
    const samples = [0, 1, 2, 3, 4, 5].map((minute) => sample(T0 + minute * MINUTE, 4000));
    const part = (firstSeq: number, count: number) =>
      ingest.deliver(delivery(batchOf(samples.slice(firstSeq - 1, firstSeq - 1 + count), { firstSeq })));
    await expect(part(3, 2)).resolves.toMatchObject({ upTo: 0 });
    await expect(part(6, 1)).resolves.toMatchObject({ upTo: 0 });
    await expect(part(1, 2)).resolves.toMatchObject({ upTo: 4 });
    await expect(part(5, 1)).resolves.toMatchObject({ upTo: 6 });
  });

  it('moves over seqs that the gateway thinned out of a batch', async () => {
    const batch = batchOf([sample(T0, 4000)], { firstSeq: 1, lastSeq: 40 });
    await expect(ingest.deliver(delivery(batch))).resolves.toMatchObject({ upTo: 40 });
  });

  it('sets a poison event aside with its reason, takes the rest and acks over it', async () => {
    const good = batchOf([
      sample(T0, 4000),
      sample(T0 + 1, 4000),
      sample(T0 + 2, 4000),
      sample(T0 + 3, 4000),
    ]);
    const bad: unknown[] = [
      { ...good.events[1], event: { type: 'sample', readPoint: 'probe-1' } },
      { ...record(3, { ...sample(T0, 1), note: 'nul \0 here' }) },
      { ...record(4, sample(9_000_000_000_000_000, 1)) },
      { ...record(5, weighing(T0, 1)) },
      { ...record(99, sample(T0, 1)) },
      'not even an object',
    ];
    const events = [good.events[0], ...bad];
    const payload = gzipSync(JSON.stringify({ ...good, lastSeq: 7, events }));
    await expect(ingest.deliver(delivery(good, { payload }))).resolves.toMatchObject({ upTo: 7 });
    expect(await countEvents()).toBe(1);
    const letters = await deadLetters();
    expect(letters.map((letter) => letter.code)).toEqual(bad.map(() => 'POISON_EVENT'));
    const seqs = letters.map((letter) => letter.seq);
    expect(seqs.toSorted()).toEqual([2, 3, 4, 5, null, null]);
  });

  it('keeps the first body of a key, refuses another and raises it; a resend is neither', async () => {
    const first = batchOf([sample(T0, 4000)]);
    await ingest.deliver(delivery(first));
    await ingest.deliver(delivery(first));
    expect(await deadLetters()).toEqual([]);
    expect(ingest.counters).toMatchObject({ events: 1, repeatedEvents: 1 });

    const other = batchOf([sample(T0, 5000)]);
    await expect(ingest.deliver(delivery(other))).resolves.toMatchObject({ upTo: 1 });
    expect(await deadLetters()).toMatchObject([{ code: 'BODY_MISMATCH', seq: 1 }]);
    const conditions = await store.db.selectFrom('conditions').select('value_milli').execute();
    expect(conditions).toEqual([{ value_milli: 4000 }]);
    const raised = await store.db.selectFrom('exceptions').select(['kind', 'severity']).execute();
    expect(raised).toEqual([{ kind: 'BODY_MISMATCH', severity: 'critical' }]);
  });

  it('does not take the order of JSON keys for another body', async () => {
    const batch = batchOf([sample(T0, 4000)]);
    await ingest.deliver(delivery(batch));
    const turned = batch.events.map((event) => Object.fromEntries(Object.entries(event).reverse()));
    await ingest.deliver(
      delivery(batch, { payload: Buffer.from(JSON.stringify({ ...batch, events: turned })) }),
    );
    expect(ingest.counters).toMatchObject({ repeatedEvents: 1, deadLetters: 0 });
  });

  it('gives no ack to unknown and revoked gateways and keeps what they sent as one counted dead letter', async () => {
    const stranger = delivery(batchOf([sample(T0, 4000)], { gateway: 'gw-9' }));
    await expect(ingest.deliver(stranger)).resolves.toBeUndefined();
    await expect(ingest.deliver(stranger)).resolves.toBeUndefined();
    await expect(
      ingest.deliver(delivery(batchOf([sample(T0, 4000)], { gateway: 'gw-3' }))),
    ).resolves.toBeUndefined();
    expect(await deadLetters()).toMatchObject([
      { code: 'UNKNOWN_GATEWAY', gateway: 'gw-9', times: 2 },
      { code: 'REVOKED_GATEWAY', gateway: 'gw-3', times: 1 },
    ]);
    expect(await countEvents()).toBe(0);
  });

  it('refuses a payload that names another sender or lane than the transport proves', async () => {
    const batch = batchOf([sample(T0, 4000)]);
    await expect(ingest.deliver(delivery(batch, { gateway: 'gw-2' }))).resolves.toBeUndefined();
    await expect(ingest.deliver(delivery(batch, { lane: 'stock' }))).resolves.toBeUndefined();
    expect((await deadLetters()).map((letter) => letter.code)).toEqual([
      'MISMATCHED_SENDER',
      'MISMATCHED_SENDER',
    ]);
  });

  it('keeps a short copy of what it cannot read, and the next good batch goes through', async () => {
    const batch = batchOf([sample(T0, 4000)]);
    const garbage = [
      Buffer.from('{"v":1'),
      Buffer.alloc(MAX_BATCH_BYTES + 1, 0x61),
      gzipSync(Buffer.alloc(8 * 1024 * 1024)),
      Buffer.from([0x1f, 0x8b, 0, 0]),
      Buffer.from('{"v":1,"gateway":"gw-1","epoch":"has / slash","lane":"condition"}'),
      Buffer.from([0, 0xff, 0xfe, 0]),
    ];
    for (const payload of garbage)
      await expect(ingest.deliver(delivery(batch, { payload }))).resolves.toBeUndefined();
    const letters = await store.db.selectFrom('dead_letters').selectAll().execute();
    expect(letters.map((letter) => letter.code)).toEqual(garbage.map(() => 'UNREADABLE_BATCH'));
    for (const letter of letters) expect(Buffer.byteLength(letter.payload)).toBeLessThanOrEqual(4096);
    await expect(ingest.deliver(delivery(batch))).resolves.toMatchObject({ upTo: 1 });
  });

  it.each(['\0', '\ud800'])('does not take a journal that calls its opening %j', async (id) => {
    const batch = batchOf([weighing(T0, 1)], { boot: { n: 1, id, base: 0 } });
    for (const _ of [1, 2]) await expect(ingest.deliver(delivery(batch))).resolves.toBeUndefined();
    expect(await deadLetters()).toMatchObject([{ code: 'UNREADABLE_BATCH', times: 2 }]);
  });

  it('raises an excursion also when the probe says a number beyond all sense', async () => {
    const beyond = Number.MAX_SAFE_INTEGER;
    for (const [minute, valueMilli] of [3_000_000_000, 12_000, 12_000, beyond, 12_000, -beyond].entries()) {
      const batch = batchOf([sample(T0 + 2 * minute * MINUTE, valueMilli)], { firstSeq: minute + 1 });
      await ingest.deliver(delivery(batch));
    }
    expect(await deadLetters()).toEqual([]);
    const whole = await dumpOfDay();
    expect(whole.episodes).toMatchObject([{ peak_milli: beyond }]);
    await ingest.rebuild();
    expect(await dump(store)).toEqual(whole);
  });

  it('reports that this database is behind what the gateway has pruned, and moves on', async () => {
    const ahead = batchOf([sample(T0, 4000)], { firstSeq: 4, lastSeq: 5 });
    await ingest.deliver(delivery(ahead));
    const later = batchOf([sample(T0 + 1, 4000)], { firstSeq: 11, prunedUpTo: 10 });
    await expect(ingest.deliver(delivery(later))).resolves.toMatchObject({ upTo: 11 });
    const raised = await store.db.selectFrom('exceptions').select(['kind', 'detail']).execute();
    expect(raised.map(({ kind, detail }) => [kind, detail.firstSeq, detail.lastSeq]).sort()).toEqual([
      ['LEDGER_BEHIND', 1, 3],
      ['LEDGER_BEHIND', 6, 10],
    ]);
  });

  it('takes a batch apart when the database refuses one of its events, and only that one is set aside', async () => {
    const refusing = begin({
      coldChain: async (trx, facts) => {
        if (facts.samples.some((row) => row.valueMilli === 666)) await sql`select 1 / 0`.execute(trx);
        return [];
      },
    });
    const values = [1, 2, 666, 4, 5];
    const batch = batchOf(values.map((value, index) => sample(T0 + index, value)));
    await expect(refusing.deliver(delivery(batch))).resolves.toMatchObject({ upTo: 5 });
    expect(await countEvents()).toBe(4);
    expect(await deadLetters()).toMatchObject([{ code: 'REFUSED_BY_DATABASE', seq: 3 }]);
  });

  it('tries again when it lost a race, and gives no ack when the fault stays', async () => {
    let faults = 2;
    const lose = (code: string) => Object.assign(new Error('lost'), { code });
    const unlucky = begin({
      coldChain: async () => {
        if (faults-- > 0) throw lose('40001');
        return [];
      },
    });
    const first = delivery(batchOf([sample(T0, 4000)]));
    await expect(clock.runUntilSettled(unlucky.deliver(first))).resolves.toMatchObject({ upTo: 1 });
    expect(unlucky.counters).toMatchObject({ retries: 2, transactions: 1 });

    faults = Number.POSITIVE_INFINITY;
    const second = delivery(batchOf([sample(T0, 4000)], { epoch: 'epoch-0002' }));
    await expect(clock.runUntilSettled(unlucky.deliver(second))).rejects.toThrow('lost');
    expect(unlucky.counters).toMatchObject({ rejected: 1 });
    expect(await countEvents()).toBe(1);
  });

  it('gives the same from several ingests side by side, also while one rebuilds', async () => {
    const lanes = ['gw-1', 'gw-2'].map((gateway) => ({
      gateway,
      epoch: 'epoch-0001',
      events: Array.from({ length: 60 }, (_, index) =>
        pass(
          index % 3 === 0 ? 'receipt' : 'passage',
          index % 3 === 0 ? 'dock-1' : 'cold-door',
          T0 + index * 1000,
          [EPCS[index % EPCS.length] ?? '', EPCS[(index * 7) % EPCS.length] ?? ''],
        ),
      ),
    }));
    const samples = {
      gateway: 'gw-1',
      epoch: 'epoch-0001',
      events: Array.from({ length: 40 }, (_, index) =>
        sample(T0 + index * MINUTE, 6000 + (index % 9) * 1000),
      ),
    };
    for (const lane of [...lanes, samples])
      for (const batch of cut(lane, [100])) await ingest.deliver(delivery(batch));
    const alone = await dumpOfDay();

    await clear(store);
    const crowd = [begin(), begin(), begin()];
    const pieces = [...lanes, samples].flatMap((lane) => [...cut(lane, [7]), ...cut(lane, [11])]);
    const running = pieces.map((piece, index) => crowd[index % crowd.length]?.deliver(delivery(piece)));
    await clock.runUntilSettled(Promise.all([...running, ingest.rebuild()]));
    expect(await dumpOfDay()).toEqual(alone);
  });
});
