import { expect, test } from 'vitest';
import type { Ack } from '../../../protocol/link/ack.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import { ShadowAcks } from './shadow-acks.ts';

function rig() {
  const clock = clockAt(Date.UTC(2026, 8, 1));
  const world = { document: undefined as string | undefined, waits: true, fails: false };
  const reads: number[] = [];
  const received: Ack[] = [];
  const trouble = { malformed: 0, failed: 0 };
  const acks = new ShadowAcks({
    gateway: 'dc-1',
    clock,
    read: async () => {
      reads.push(clock.monotonicMs());
      if (world.fails) throw new Error('throttled');
      return world.document;
    },
    onAck: (ack) => received.push(ack),
    onMalformed: () => trouble.malformed++,
    onFailed: () => trouble.failed++,
    awaitsAck: () => world.waits,
  });
  return { clock, world, reads, received, trouble, acks };
}
const document = (upTo: number) =>
  JSON.stringify({ state: { desired: { at: 5, acks: { stock: { epoch: 'epoch-0001', upTo } } } } });

test('it asks only while something waits, passes each ack on once, and asks ever more seldom while there is none', async () => {
  const { clock, world, reads, received, acks } = rig();
  await clock.runFor(60_000);
  expect(reads).toEqual([]);
  acks.expect();
  await clock.runFor(600_000);
  expect(reads.length).toBeLessThan(35);
  expect((reads.at(-1) ?? 0) - (reads.at(-2) ?? 0)).toBeGreaterThanOrEqual(30_000);
  world.document = document(7);
  acks.expect();
  await clock.runFor(10_000);
  expect(received).toEqual([{ v: 1, gateway: 'dc-1', epoch: 'epoch-0001', lane: 'stock', upTo: 7, at: 5 }]);
  world.waits = false;
  await clock.runFor(60_000);
  const { length } = reads;
  await clock.runFor(600_000);
  expect(reads).toHaveLength(length);
  acks.close();
});

test('the quota of 20 requests a second is far away, however many batches go', async () => {
  const { clock, reads, acks } = rig();
  for (let n = 0; n < 1000; n++) {
    acks.expect();
    await clock.runFor(20);
  }
  expect(reads.length).toBeLessThanOrEqual(20);
  acks.close();
});

test('failures slow it down, nonsense is counted, and neither ends it', async () => {
  const { clock, world, received, trouble, acks } = rig();
  world.fails = true;
  acks.expect();
  await clock.runFor(60_000);
  expect(trouble.failed).toBeGreaterThan(2);
  expect(trouble.failed).toBeLessThan(10);
  world.fails = false;
  for (const nonsense of ['', '[]', '{"state":{"desired":{"acks":{"stock":{"upTo":-1}}}}}']) {
    world.document = nonsense;
    await clock.runFor(40_000);
  }
  expect(trouble.malformed).toBeGreaterThanOrEqual(3);
  world.document = document(9);
  await clock.runFor(60_000);
  expect(received.map(({ upTo }) => upTo)).toEqual([9]);
  acks.close();
});
