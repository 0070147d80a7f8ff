import { expect, test } from 'vitest';
import { seededRandom } from '../../protocol/ports/random.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { createFallbackUplink } from './fallback-uplink.ts';
import { MadeUpJournal, START } from './forwarder/forwarder.fixture.ts';
import { createForwarder } from './forwarder/forwarder.ts';
import { createMemoryUplink } from './memory-uplink.ts';

function rig() {
  const clock = clockAt(START);
  const carried: string[] = [];
  /** While true the first lets connections up and nothing through. */
  const wall = { up: false };
  const first = createMemoryUplink({
    gateway: 'dc-1',
    deliver: async (lane) => {
      if (wall.up) {
        first.cut('nothing passes');
        clock.setTimer(2000, 'dial', () => first.restore());
        throw new Error('nothing passes');
      }
      carried.push(`first ${lane}`);
    },
  });
  const second = createMemoryUplink({
    gateway: 'dc-1',
    deliver: async (lane) => void carried.push(`second ${lane}`),
  });
  const uplink = createFallbackUplink({ first, second, clock });
  const log: string[] = [];
  const acks: number[] = [];
  const start = () =>
    uplink.start({
      onConnected: () => log.push(`up ${clock.monotonicMs()}`),
      onDisconnected: () => log.push(`down ${clock.monotonicMs()}`),
      onAck: (ack) => acks.push(ack.upTo),
    });
  return { clock, first, second, uplink, carried, log, acks, wall, start };
}

test('it switches after a minute without the first, and back once that has stood for ten seconds', async () => {
  const { clock, first, uplink, carried, log, start } = rig();
  first.cut('blocked');
  start();
  await clock.runFor(59_000);
  expect([uplink.connected, log]).toEqual([false, []]);
  await clock.runFor(2000);
  expect(uplink.connected).toBe(true);
  expect(uplink.state).toBe('fallback: connected in process as dc-1 (first choice: not connected: blocked)');
  await uplink.publish('stock', new Uint8Array(1));
  first.restore();
  await clock.runFor(9000);
  await uplink.publish('stock', new Uint8Array(1));
  await clock.runFor(2000);
  await uplink.publish('stock', new Uint8Array(1));
  expect(carried).toEqual(['second stock', 'second stock', 'first stock']);
  expect(log).toEqual(['up 60000', 'down 71000', 'up 71000']);
  await uplink.close();
});

test('a short outage of the first is sat out; acks are heard from both at any time', async () => {
  const { clock, first, second, uplink, acks, start } = rig();
  start();
  const ack = { v: 1 as const, gateway: 'dc-1', epoch: 'epoch-0001', lane: 'stock' as const };
  first.ack({ ...ack, upTo: 1 });
  first.cut();
  await clock.runFor(30_000);
  first.restore();
  await clock.runFor(60_000);
  expect(uplink.fallbacks).toBe(0);
  first.cut();
  await clock.runFor(70_000);
  second.ack({ ...ack, upTo: 2 });
  first.restore();
  first.ack({ ...ack, upTo: 3 });
  expect(acks).toEqual([1, 2, 3]);
  await uplink.close();
});

test('enough attempts in vain switch at once', async () => {
  const { clock, first, uplink, start } = rig();
  first.cut();
  start();
  const counted = Object.assign(first, { failures: 0 });
  await clock.runFor(5000);
  expect(uplink.fallbacks).toBe(0);
  counted.failures = 5;
  await clock.runFor(1000);
  expect(uplink.fallbacks).toBe(1);
  await uplink.close();
});

test('a first that comes up and carries nothing does not make the uplink swing: each try is later than the one before', async () => {
  const { clock, first, uplink, wall } = rig();
  const journal = new MadeUpJournal();
  const forwarder = createForwarder({
    gateway: 'dc-1',
    journal,
    uplink,
    clock,
    random: seededRandom(1, 'forwarder'),
  });
  wall.up = true;
  const counted = Object.assign(first, { failures: 9 });
  forwarder.start();
  for (let n = 0; n < 360; n++) {
    journal.grow('stock', 1);
    await clock.runFor(10_000);
  }
  expect(uplink.fallbacks).toBeGreaterThan(3);
  expect(uplink.fallbacks).toBeLessThan(15);
  wall.up = false;
  counted.failures = 0;
  await clock.runFor(1_200_000);
  expect(uplink.state).toBe('connected in process as dc-1');
  await forwarder.close();
});
