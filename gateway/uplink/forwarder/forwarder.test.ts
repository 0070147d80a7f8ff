import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { effort } from '../../../test/support/effort.ts';
import { noise } from '../../journal/worker/journal.fixture.ts';
import { linkRig, MadeUpJournal } from './forwarder.fixture.ts';
import { append, bench, folders, MAKE, SOUND, START } from './lossy-link.fixture.ts';

afterEach(() => {
  for (const folder of folders.splice(0)) folder[Symbol.dispose]();
});

test('events reach the cloud in batches and are pruned once the cloud has acked them', async () => {
  const { clock, journal, forwarder, cloud, close } = await bench();
  const appended = append(journal, 'stock', 1, 1200);
  await clock.runFor(20_000);
  await appended;
  expect(cloud.bodies('stock')).toEqual(Array.from({ length: 1200 }, (_, n) => MAKE.stock(n + 1)));
  expect((await journal.status()).lanes.stock).toEqual({ lastSeq: 1200, prunedUpTo: 1200, waiting: 0 });
  const status = forwarder.status();
  expect(status.lanes.stock).toEqual({ lastSeq: 1200, ackedUpTo: 1200, backlog: 0, inFlightBatches: 0 });
  expect(status.counters).toMatchObject({ batchesResent: 0, eventsSent: 1200 });
  await close();
});

test('what is appended while the journal says how far it is, is sent without waiting for more', async () => {
  class OutOfDateJournal extends MadeUpJournal {
    override async status() {
      const status = await super.status();
      if (this.lastSeq.stock === 0) this.grow('stock', 5);
      return status;
    }
  }
  const rig = linkRig({ bytesPerSecond: 1_000_000, wayMs: 10 }, { journal: new OutOfDateJournal() });
  rig.forwarder.start();
  await rig.clock.runFor(5000);
  expect(rig.upTo.stock).toBe(5);
  await rig.close();
});

test('without an ack nothing is pruned, and the batch is sent again with growing pauses', async () => {
  const { clock, journal, uplink, forwarder, cloud, close } = await bench({ faults: { ...SOUND, loss: 1 } });
  const appended = append(journal, 'stock', 1, 5);
  await clock.runFor(100_000);
  await appended;
  const { counters } = forwarder.status();
  // 10 s, 20 s, 40 s … give or take the jitter.
  expect(counters.batchesSent).toBeGreaterThanOrEqual(3);
  expect(counters.batchesSent).toBeLessThanOrEqual(5);
  expect((await journal.status()).lanes.stock).toMatchObject({ prunedUpTo: 0, waiting: 5 });
  uplink.ack({ v: 1, gateway: 'dc-1', epoch: journal.epoch, lane: 'stock', upTo: 3 });
  await clock.runFor(10_000);
  expect((await journal.status()).lanes.stock).toMatchObject({ prunedUpTo: 3, waiting: 2 });
  expect(cloud.events.size).toBe(0);
  await close();
});

test('acks of other gateways, epochs and openings, repeated ones and those beyond the lane are counted and change nothing', async () => {
  const { clock, journal, uplink, forwarder, close } = await bench({ faults: { ...SOUND, loss: 1 } });
  const appended = append(journal, 'stock', 1, 5);
  await clock.runFor(1000);
  await appended;
  const good = { v: 1 as const, gateway: 'dc-1', epoch: journal.epoch, lane: 'stock' as const };
  uplink.ack({ ...good, gateway: 'dc-2', upTo: 5 });
  uplink.ack({ ...good, epoch: 'another-epoch', upTo: 5 });
  // Of a copy of this journal that runs elsewhere.
  uplink.ack({ ...good, boot: 'another-opening', upTo: 5 });
  uplink.ack({ ...good, upTo: 6 });
  uplink.ack({ ...good, upTo: 0 });
  await clock.runFor(10_000);
  expect(forwarder.status().counters).toMatchObject({
    foreignAcks: 3,
    outOfRangeAcks: 1,
    repeatedAcks: 1,
    acks: 0,
  });
  expect((await journal.status()).lanes.stock.waiting).toBe(5);
  await close();
});

test('nothing is published while the link is down, and all that is unacked goes again when it is back', async () => {
  const { clock, journal, uplink, forwarder, cloud, close } = await bench();
  uplink.cut();
  const appended = append(journal, 'stock', 1, 2500);
  await clock.runFor(60_000);
  await appended;
  expect(forwarder.status().counters.batchesSent).toBe(0);
  uplink.restore();
  await clock.runFor(20_000);
  expect(cloud.events.size).toBe(2500);
  expect(forwarder.status().lanes.stock.backlog).toBe(0);
  await close();
});

test('batches that were under way when the link broke all go again as soon as it is back', async () => {
  const site = await bench({ faults: { ...SOUND, loss: 1 }, forwarder: { flushEvents: 10, maxEvents: 10 } });
  const { clock, journal, uplink, forwarder, cloud, close } = site;
  const appended = append(journal, 'stock', 1, 50);
  await clock.runFor(1000);
  await appended;
  expect(forwarder.status().lanes.stock.inFlightBatches).toBe(5);
  uplink.cut();
  site.faults = SOUND;
  await clock.runFor(1000);
  expect(cloud.events.size).toBe(0);
  uplink.restore();
  await clock.runFor(500);
  expect(cloud.events.size).toBe(50);
  expect(forwarder.status().lanes.stock).toMatchObject({ backlog: 0, inFlightBatches: 0 });
  await close();
});

test('a stock event overtakes a condition backlog within two seconds, and the backlog still drains', async () => {
  const { clock, journal, cloud, forwarder, uplink, close } = await bench({
    forwarder: { bytesPerSecond: 40_000 },
  });
  uplink.cut();
  const backlog = Promise.all(
    Array.from({ length: 40 }, (_, n) => append(journal, 'condition', n * 500, 500)),
  );
  await clock.runUntilSettled(backlog);
  uplink.restore();
  await clock.runFor(1000);
  expect(forwarder.status().lanes.condition.backlog).toBeGreaterThan(5000);
  const appended = append(journal, 'stock', 1, 1);
  const before = clock.now();
  await clock.runFor(2000);
  await appended;
  expect(cloud.bodies('stock')).toHaveLength(1);
  expect(clock.now() - before).toBe(2000);
  await clock.runFor(120_000);
  expect(forwarder.status().lanes.condition.backlog).toBe(0);
  await close();
});

test('no second of a large backlog holds more publishes or bytes than the carrier allows', async () => {
  const { clock, journal, uplink, forwarder, close } = await bench({
    forwarder: { maxEvents: 10, flushEvents: 10, window: 50, publishesPerSecond: 80 },
  });
  uplink.cut();
  const backlog = Promise.all(Array.from({ length: 10 }, (_, n) => append(journal, 'stock', n * 500, 500)));
  await clock.runUntilSettled(backlog);
  uplink.restore();
  const perSecond: number[] = [];
  let last = 0;
  while (forwarder.status().lanes.stock.backlog > 0 && perSecond.length < 100) {
    await clock.runFor(1000);
    const { batchesSent } = forwarder.status().counters;
    perSecond.push(batchesSent - last);
    last = batchesSent;
  }
  expect(Math.max(...perSecond)).toBeLessThanOrEqual(100);
  expect(perSecond.length).toBeLessThan(10);
  await close();
});

test('an event too large for any batch becomes a gap event and the lane goes on', async () => {
  const { clock, journal, cloud, forwarder, close } = await bench();
  const random = seededRandom(7, 'noise');
  // Random text does not compress below the batch limit.
  const noise = Array.from({ length: 300_000 }, () => String.fromCharCode(random.integer(33, 126))).join('');
  const huge: StockEvent = { ...MAKE.stock(2), noise };
  const appended = journal.append({ events: [MAKE.stock(1), huge, MAKE.stock(3)], put: [], drop: [] });
  await clock.runFor(30_000);
  await appended;
  expect(cloud.bodies('stock')).toEqual([MAKE.stock(1), MAKE.stock(3)]);
  expect(cloud.bodies('health')).toMatchObject([{ type: 'gap', lane: 'stock', lost: 1, from: START + 2 }]);
  expect(forwarder.status().lanes.stock.backlog).toBe(0);
  expect(forwarder.status().counters.deadLettered).toBe(1);
  await close();
});

test('after a restart what was not acked is sent again under the same names', async () => {
  const first = await bench({ faults: { ...SOUND, loss: 1 } });
  const file = folders.at(-1)?.file ?? '';
  const appended = append(first.journal, 'stock', 1, 10);
  await first.clock.runFor(1000);
  await appended;
  await first.forwarder.close();
  await first.journal.abandon();
  const second = await bench({ file, cloud: first.cloud });
  await second.clock.runFor(10_000);
  expect(first.cloud.bodies('stock')).toHaveLength(10);
  expect(first.cloud.conflicts).toBe(0);
  expect((await second.journal.status()).lanes.stock.prunedUpTo).toBe(10);
  await second.close();
});

test('when the journal is salvaged while running, what it carried over is sent under the new epoch', async () => {
  const { clock, journal, uplink, cloud, forwarder, close } = await bench();
  const { epoch } = journal;
  uplink.cut();
  for (let n = 0; n < 60; n++) {
    // Larger than the page cache, so that the damage is met on reading.
    const events = Array.from({ length: 500 }, (_, i) => ({
      ...MAKE.stock(n * 500 + i + 1),
      note: noise(i),
    }));
    await clock.runUntilSettled(journal.append({ events, put: [], drop: [] }));
  }
  const file = folders.at(-1)?.file ?? '';
  const bytes = readFileSync(file);
  const quarter = Math.floor(bytes.length / 4 / 2048) * 2048;
  writeFileSync(file, bytes.fill(0xff, quarter, 2 * quarter));
  uplink.restore();
  await clock.runFor(120_000);
  expect(journal.epoch).not.toBe(epoch);
  expect(forwarder.status()).toMatchObject({ epoch: journal.epoch, lanes: { stock: { backlog: 0 } } });
  expect(cloud.bodies('health')).toMatchObject([{ type: 'gap', lane: 'stock' }]);
  const fresh = [...cloud.events.keys()].filter((key) => key.startsWith(`${journal.epoch}/stock/`));
  expect(fresh.length).toBeGreaterThan(15_000);
  expect((await journal.status()).lanes.stock).toMatchObject({ waiting: 0, prunedUpTo: fresh.length });
  await close();
});

const storyArbitrary = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('append' as const),
      lane: fc.constantFrom(...LANES),
      count: fc.integer({ min: 1, max: 700 }),
    }),
    fc.record({ do: fc.constant('cut' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5000 }) }),
  ),
  { minLength: 1, maxLength: 12 },
);

test('over a link that loses, doubles, delays and refuses, every event arrives and only acked ones are pruned', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), storyArbitrary, async (seed, story) => {
      const faults = { loss: 0.2, duplication: 0.2, maxDelayMs: 3000, refusal: 0.1 };
      const site = await bench({ seed, faults });
      const { clock, journal, uplink, cloud } = site;
      const sent: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
      const prunedOnlyWhatWasAcked = async () => {
        const { lanes } = await journal.status();
        for (const lane of LANES) {
          expect(lanes[lane].prunedUpTo).toBeLessThanOrEqual(
            cloud.acked.get(`${journal.epoch}/${lane}`) ?? 0,
          );
          expect(lanes[lane].waiting).toBe(lanes[lane].lastSeq - lanes[lane].prunedUpTo);
        }
      };
      for (const step of story) {
        if (step.do === 'append') {
          const appended = append(journal, step.lane, sent[step.lane] + 1, step.count);
          sent[step.lane] += step.count;
          await clock.runUntilSettled(appended);
        } else if (step.do === 'cut') {
          uplink.cut();
          await clock.runFor(step.ms);
          uplink.restore();
        } else {
          await clock.runFor(step.ms);
        }
        await prunedOnlyWhatWasAcked();
      }
      site.faults = SOUND;
      await clock.runFor(600_000);
      await prunedOnlyWhatWasAcked();
      for (const lane of LANES) {
        const expected = Array.from({ length: sent[lane] }, (_, n) => MAKE[lane](n + 1));
        const arrived = cloud.bodies(lane);
        expect(arrived).toHaveLength(expected.length);
        expect(new Set(arrived.map((event) => JSON.stringify(event)))).toEqual(
          new Set(expected.map((event) => JSON.stringify(event))),
        );
        expect(site.forwarder.status().lanes[lane].backlog).toBe(0);
      }
      expect(cloud.conflicts).toBe(0);
      await site.close();
    }),
    { numRuns: effort(8, 25), endOnFailure: true },
  );
});
