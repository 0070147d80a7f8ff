import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import { effort } from '../../../test/support/effort.ts';
import { type LinkShape, leftAtMs, linkRig, MadeUpJournal } from './forwarder.fixture.ts';
import { AWS_IOT_OPTIONS } from './forwarder-options.ts';

const FAT: LinkShape = { bytesPerSecond: 10_000_000, wayMs: 20 };
const LINGER_MS: Record<Lane, number> = { stock: 50, health: 50, condition: 250 };

/** Each lane has something to send at the same moment. */
const ALL_AT_ONCE = [
  { lane: 'stock', afterMs: 1 },
  { lane: 'condition', afterMs: 17 },
  { lane: 'health', afterMs: 197 },
  { lane: 'stock', afterMs: 1 },
  { lane: 'stock', afterMs: 1 },
] as const;

test('while a million events of any lane drain, what happens now leaves within its linger', async () => {
  const live = fc.record({ lane: fc.constantFrom(...LANES), afterMs: fc.integer({ min: 1, max: 300 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.subarray([...LANES], { minLength: 1 }),
      fc.array(live, { minLength: 5, maxLength: 15 }),
      async (behind, happenings) => {
        const rig = linkRig(FAT);
        for (const lane of behind) rig.journal.grow(lane, 1_000_000);
        rig.forwarder.start();
        await rig.clock.runFor(1000);
        const waits: { lane: Lane; seq: number; atMs: number }[] = [];
        for (const { lane, afterMs } of happenings) {
          await rig.clock.runFor(afterMs);
          rig.journal.grow(lane, 1);
          waits.push({ lane, seq: rig.journal.lastSeq[lane], atMs: rig.clock.monotonicMs() });
        }
        await rig.clock.runFor(1000);
        for (const { lane, seq, atMs } of waits) {
          const left = leftAtMs(rig.sent, lane, seq);
          expect(left, `${lane} ${seq}`).toBeDefined();
          expect((left ?? 0) - atMs).toBeLessThanOrEqual(LINGER_MS[lane]);
        }
        for (const lane of behind)
          expect(rig.forwarder.status().lanes[lane].backlog).toBeGreaterThan(100_000);
        await rig.close();
      },
    ),
    { numRuns: effort(2, 5), examples: [[['health'], [...ALL_AT_ONCE]]] },
  );
});

test('what went ahead of a backlog is in the cloud once the backlog is, and all is acked and pruned', async () => {
  const rig = linkRig(FAT);
  rig.journal.grow('stock', 20_000);
  rig.forwarder.start();
  for (let n = 0; n < 40; n++) {
    await rig.clock.runFor(60);
    rig.journal.grow('stock', 3);
  }
  await rig.clock.runFor(30_000);
  expect(rig.forwarder.status().counters.eventsSentAhead).toBeGreaterThan(0);
  expect(rig.upTo.stock).toBe(20_120);
  expect(rig.journal.prunedUpTo.stock).toBe(20_120);
  expect(rig.forwarder.status().lanes.stock).toMatchObject({ backlog: 0, inFlightBatches: 0 });
  await rig.close();
});

test('a fat link drains ten thousand events a second and more, within the quotas of AWS in every second', async () => {
  const rig = linkRig(FAT, { options: AWS_IOT_OPTIONS });
  for (const lane of LANES) rig.journal.grow(lane, 100_000);
  rig.forwarder.start();
  for (let n = 0; n < 200; n++) {
    await rig.clock.runFor(50);
    rig.journal.grow('stock', 3);
  }
  const done = LANES.reduce((sum, lane) => sum + rig.upTo[lane], 0);
  expect(done).toBeGreaterThan(100_000);
  for (const { atMs } of rig.sent) {
    const second = rig.sent.filter((one) => one.atMs <= atMs && one.atMs > atMs - 1000);
    // Each has an ack, which counts as well.
    expect(second.length * 2).toBeLessThanOrEqual(100);
    expect(second.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(480 * 1024);
  }
  await rig.close();
});

test.each([
  { bytesPerSecond: 2500, what: '20 kbit/s' },
  { bytesPerSecond: 1000, what: '8 kbit/s' },
])(
  'a line of $what that breaks under large batches gets small ones, and carries at its speed',
  async ({ bytesPerSecond }) => {
    const noise = 1000;
    const rig = linkRig({ bytesPerSecond, wayMs: 150, patienceMs: 20_000 }, { noise });
    const events = 200;
    rig.journal.grow('condition', events);
    rig.forwarder.start();
    const ideal = (events * noise * 1000) / bytesPerSecond;
    await rig.clock.runFor(60_000);
    const from = rig.clock.monotonicMs();
    rig.journal.grow('stock', 1);
    await rig.clock.runFor(2 * ideal);
    expect(rig.upTo.condition).toBe(events);
    expect((leftAtMs(rig.sent, 'stock', 1) ?? Number.POSITIVE_INFINITY) - from).toBeLessThan(10_000);
    expect(Math.max(...rig.sent.slice(-5).map(({ bytes }) => bytes))).toBeLessThan(16_000);
    await rig.close();
  },
);

test('a batch that the carrier turns out not to take is cut to what it takes', async () => {
  const rig = linkRig(FAT, { noise: 500 });
  const limited = Object.assign(rig.uplink, { maxBatchBytes: 120_000 });
  const publish = limited.publish.bind(limited);
  limited.publish = (lane, payload) => {
    if (payload.length <= 5000) return publish(lane, payload);
    limited.maxBatchBytes = 5000;
    return Promise.reject(new Error('packet too large'));
  };
  rig.journal.grow('stock', 300);
  rig.forwarder.start();
  await rig.clock.runFor(60_000);
  expect(rig.upTo.stock).toBe(300);
  expect(Math.max(...rig.sent.map(({ bytes }) => bytes))).toBeLessThanOrEqual(5000);
  await rig.close();
});

test('an event that only this carrier cannot take is not given up: its lane waits, says why, and goes on elsewhere', async () => {
  const rig = linkRig(FAT, { noise: 9000 });
  const limited = Object.assign(rig.uplink, { maxBatchBytes: 4000 });
  rig.journal.grow('stock', 2);
  rig.forwarder.start();
  await rig.clock.runFor(20_000);
  const { problem, counters } = rig.forwarder.status();
  expect(problem).toMatch(/raise its maximum packet size/);
  expect(counters.deadLettered).toBe(0);
  limited.maxBatchBytes = 100_000;
  await rig.clock.runFor(20_000);
  expect(rig.upTo.stock).toBe(2);
  expect(rig.forwarder.status().problem).toBeUndefined();
  await rig.close();
});

test('every batch names the opening of the journal, with the base of its lane', async () => {
  const rig = linkRig(FAT);
  rig.journal.grow('condition', 5);
  rig.forwarder.start();
  await rig.clock.runFor(1000);
  expect(rig.sent[0]?.batch.boot).toEqual({ n: 3, id: 'opening-3', base: 12 });
  await rig.close();
});

test('the cloud’s time is reported for batches sent once only, with the moment they left', async () => {
  const reported: { at: number; sentMs: number }[] = [];
  const rig = linkRig(FAT, { onAckAt: (at, sentMs) => reported.push({ at, sentMs }) });
  rig.journal.grow('stock', 5);
  rig.forwarder.start();
  await rig.clock.runFor(1000);
  expect(reported).toHaveLength(1);
  const [first] = reported;
  expect(first?.sentMs).toBe(rig.sent[0]?.atMs);
  expect((first?.at ?? 0) - rig.clock.now() + rig.clock.monotonicMs()).toBe((first?.sentMs ?? 0) + 21);
  rig.link = { ...FAT, cloudSilent: true };
  rig.journal.grow('stock', 5);
  await rig.clock.runFor(1000);
  rig.uplink.cut();
  rig.link = FAT;
  rig.uplink.restore();
  await rig.clock.runFor(60_000);
  expect(rig.upTo.stock).toBe(10);
  expect(reported).toHaveLength(1);
  await rig.close();
});

test('a refused journal is not sent or pruned any more, keeps the mark, goes on recording and says what to do', async () => {
  const refused = { code: 'journal-forked' as const, detail: 'opening 3 has another id' };
  const rig = linkRig({ ...FAT, answer: (ack) => ({ ...ack, upTo: 4, refused }) });
  rig.journal.grow('stock', 5);
  rig.journal.grow('health', 5);
  rig.forwarder.start();
  await rig.clock.runFor(5000);
  const { length } = rig.sent;
  rig.journal.grow('stock', 5);
  await rig.clock.runFor(600_000);
  expect(rig.sent).toHaveLength(length);
  expect(rig.journal.prunedUpTo).toEqual({ stock: 0, condition: 0, health: 0 });
  expect(rig.journal.marks).toEqual([refused.detail]);
  const status = rig.forwarder.status();
  expect(status).toMatchObject({
    refused: true,
    counters: { uplinkRestarts: 0 },
    lanes: { stock: { backlog: 10 } },
  });
  expect(status.problem).toMatch(/copy.*opening 3 has another id.*adopt/s);
  // A late ack of before changes nothing either.
  rig.uplink.ack({ v: 1, gateway: 'dc-1', epoch: rig.journal.epoch, lane: 'stock', upTo: 5 });
  expect(rig.forwarder.status().lanes.stock.ackedUpTo).toBe(0);
  await rig.close();
  // A restart knows it, too.
  const again = linkRig(FAT, { journal: rig.journal });
  again.forwarder.start();
  await again.clock.runFor(60_000);
  expect(again.sent).toHaveLength(0);
  // A new epoch may be sent.
  rig.journal.epoch = 'epoch-0002';
  rig.journal.forked = undefined;
  rig.journal.grow('stock', 1);
  await again.clock.runFor(60_000);
  expect(again.upTo.stock).toBe(11);
  expect(again.forwarder.status().refused).toBe(false);
  await again.close();
});

test('a carrier that takes batches and answers none is rebuilt, ever more seldom, and the events go out after it', async () => {
  const rig = linkRig({ ...FAT, carrierSilent: true }, { options: { carrierSilenceMs: 60_000 } });
  const restarts: number[] = [];
  const { restart } = rig.uplink;
  rig.uplink.restart = (reason) => {
    restarts.push(Math.round(rig.clock.monotonicMs() / 1000));
    restart.call(rig.uplink, reason);
  };
  rig.journal.grow('stock', 5);
  rig.forwarder.start();
  await rig.clock.runFor(500_000);
  expect(restarts).toEqual([60, 180, 420]);
  expect(rig.forwarder.status().counters.uplinkRestarts).toBe(3);
  rig.link = FAT;
  await rig.clock.runFor(600_000);
  expect(rig.upTo.stock).toBe(5);
  await rig.close();
});

test('a dead cloud behind a living carrier: one batch per lane is tried, seldom; the status says it; then all goes on', async () => {
  const rig = linkRig({ ...FAT, cloudSilent: true });
  rig.journal.grow('stock', 50_000);
  rig.forwarder.start();
  await rig.clock.runFor(40_000);
  expect(rig.forwarder.status().problem).toMatch(/acked none for \d+ s/);
  const { batchesSent } = rig.forwarder.status().counters;
  await rig.clock.runFor(3_600_000);
  const after = rig.forwarder.status();
  // Doubling up to two minutes, and a rebuilt carrier now and then.
  expect(after.counters.batchesSent - batchesSent).toBeLessThan(100);
  expect(after.counters.uplinkRestarts).toBeGreaterThan(1);
  expect(after.counters.uplinkRestarts).toBeLessThan(6);
  expect(rig.journal.prunedUpTo.stock).toBe(0);
  rig.link = FAT;
  await rig.clock.runFor(300_000);
  expect(rig.upTo.stock).toBe(50_000);
  expect(rig.forwarder.status().problem).toBeUndefined();
  await rig.close();
});

test('an idle forwarder never rebuilds its carrier, and neither does one whose link is down', async () => {
  const rig = linkRig(FAT);
  rig.journal.grow('stock', 5);
  rig.forwarder.start();
  await rig.clock.runFor(3_600_000);
  rig.uplink.cut();
  rig.journal.grow('stock', 5);
  await rig.clock.runFor(3_600_000);
  expect(rig.forwarder.status().counters.uplinkRestarts).toBe(0);
  await rig.close();
});

test('a slow cloud gets its time: once known to be slow, its batches are not sent twice', async () => {
  const rig = linkRig({ bytesPerSecond: 10_000_000, wayMs: 7_000 });
  rig.forwarder.start();
  for (let n = 0; n < 40; n++) {
    rig.journal.grow('stock', 5);
    await rig.clock.runFor(20_000);
  }
  expect(rig.upTo.stock).toBe(200);
  expect(rig.forwarder.status().counters.batchesResent).toBe(0);
  await rig.close();
});

test('fairness: with all lanes far behind, each gets a share of every few seconds', async () => {
  const rig = linkRig(FAT, { journal: new MadeUpJournal() });
  for (const lane of LANES) rig.journal.grow(lane, 500_000);
  rig.forwarder.start();
  let before: Record<Lane, number> = { ...rig.upTo };
  for (let n = 0; n < 3; n++) {
    await rig.clock.runFor(2000);
    for (const lane of LANES) expect(rig.upTo[lane] - before[lane]).toBeGreaterThan(1000);
    before = { ...rig.upTo };
  }
  await rig.close();
});

test('batches in the hands of a cloud that died go again as soon as acks of later ones show it, not after a silence', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 4, max: 19 }), { minLength: 1, maxLength: 6 }),
      async (places) => {
        const rig = linkRig(FAT);
        const inHand = new Set(places);
        const sentOnce = new Set<number>();
        const isFirst = (seq: number) => !sentOnce.has(seq) && sentOnce.add(seq) && true;
        rig.link = { ...FAT, loses: ({ firstSeq }) => isFirst(firstSeq) && inHand.delete(sentOnce.size) };
        rig.journal.grow('stock', 15_000);
        rig.forwarder.start();
        await rig.clock.runFor(8000);
        expect(inHand.size).toBe(0);
        expect(rig.upTo.stock).toBe(15_000);
        expect(rig.forwarder.status().counters.batchesResent).toBeLessThanOrEqual(3 * places.length);
        await rig.close();
      },
    ),
    { numRuns: effort(6, 20) },
  );
});
