import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LANES } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { DeliveryQueue, MAX_QUEUED_DELIVERIES } from './delivery-queue.ts';
import type { Delivery } from './intake.ts';

const delivery = (gateway: string, number: number, lane: Delivery['lane'] = 'stock'): Delivery => ({
  gateway,
  lane,
  payload: Uint8Array.of(number),
});
const nameOf = (one: Delivery) => `${one.gateway}/${one.lane}/${one.payload[0]}`;

/** A handler that finishes only when the test lets it. */
function gate() {
  const started: Delivery[] = [];
  const open: (() => void)[] = [];
  return {
    started,
    handler: (one: Delivery) => {
      started.push(one);
      return new Promise<undefined>((resolve) => open.push(() => resolve(undefined)));
    },
    async finishOne() {
      open.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    get running() {
      return open.length;
    },
  };
}

const silent = { onAck: () => {}, onFailure: () => {} };

describe('the delivery queue', () => {
  it('holds an offer back when it is full, and lets it in when there is room', async () => {
    const slow = gate();
    const queue = new DeliveryQueue({ handler: slow.handler, ...silent });
    for (let i = 0; i < MAX_QUEUED_DELIVERIES; i++) await queue.offer(delivery('a', i % 256));
    let let_in = false;
    const late = queue.offer(delivery('b', 1)).then(() => {
      let_in = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect({ let_in, size: queue.size, held: queue.counters.held }).toEqual({
      let_in: false,
      size: MAX_QUEUED_DELIVERIES,
      held: 1,
    });
    await slow.finishOne();
    await late;
    expect(queue.size).toBe(MAX_QUEUED_DELIVERIES);
  });

  it('gives each gateway its turn, however long the backlog of one', async () => {
    const slow = gate();
    const queue = new DeliveryQueue({ handler: slow.handler, ...silent, handlers: 1 });
    for (let i = 0; i < 20; i++) await queue.offer(delivery('greedy', i));
    await queue.offer(delivery('modest', 0));
    await slow.finishOne();
    await slow.finishOne();
    expect(slow.started.map((one) => one.gateway)).toContain('modest');
  });

  it('goes on after a handler that failed, counts it and sends no ack for it', async () => {
    const acked: string[] = [];
    const failed: string[] = [];
    const queue = new DeliveryQueue({
      handler: async (one) => {
        if (one.payload[0] === 1) throw new Error('no database');
        return { v: 1, gateway: one.gateway, epoch: 'epoch-00', lane: one.lane, upTo: 1 };
      },
      onAck: (one) => acked.push(nameOf(one)),
      onFailure: (one) => failed.push(nameOf(one)),
    });
    for (const number of [0, 1, 2]) await queue.offer(delivery('a', number));
    await new Promise((resolve) => setImmediate(resolve));
    expect({ acked, failed, counters: queue.counters }).toEqual({
      acked: ['a/stock/0', 'a/stock/2'],
      failed: ['a/stock/1'],
      counters: { delivered: 2, failed: 1, held: 0 },
    });
  });

  it('forgets what waits when it closes, and waits for what runs', async () => {
    const slow = gate();
    const queue = new DeliveryQueue({ handler: slow.handler, ...silent, handlers: 1, limit: 2 });
    await queue.offer(delivery('a', 0));
    await queue.offer(delivery('a', 1));
    const held = queue.offer(delivery('a', 2));
    const closed = queue.close();
    expect(await held).toBe(false);
    await slow.finishOne();
    await closed;
    expect(slow.started.map(nameOf)).toEqual(['a/stock/0']);
  });

  it('keeps the order of each lane and no more handlers busy than its limit, for any mix', async () => {
    const offers = fc.array(
      fc.record({ gateway: fc.constantFrom('a', 'b', 'c'), lane: fc.constantFrom(...LANES) }),
      {
        maxLength: 60,
      },
    );
    await fc.assert(
      fc.asyncProperty(
        offers,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 5 }),
        async (mix, limit, handlers) => {
          const seen = new Map<string, number[]>();
          let running = 0;
          let most = 0;
          const queue = new DeliveryQueue({
            handler: async (one) => {
              const key = `${one.gateway}/${one.lane}`;
              seen.set(key, [...(seen.get(key) ?? []), one.payload[0] ?? -1]);
              running += 1;
              most = Math.max(most, running);
              await Promise.resolve();
              running -= 1;
              return undefined;
            },
            ...silent,
            limit,
            handlers,
          });
          for (const [number, { gateway, lane }] of mix.entries())
            await queue.offer(delivery(gateway, number, lane));
          while (queue.size > 0) await new Promise((resolve) => setImmediate(resolve));
          const sorted = [...seen.values()].every((numbers) =>
            numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? -1)),
          );
          expect({ sorted, total: [...seen.values()].flat().length }).toEqual({
            sorted: true,
            total: mix.length,
          });
          expect(most).toBeLessThanOrEqual(handlers);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses at once what has no place, for those who can answer the sender', async () => {
    const slow = gate();
    const queue = new DeliveryQueue({ handler: slow.handler, ...silent, limit: 3, handlers: 1 });
    const placed = [1, 2, 3].map((number) => queue.submit(delivery('a', number)));
    expect(placed.map((one) => one !== undefined)).toEqual([true, true, true]);
    expect(queue.submit(delivery('a', 4))).toBeUndefined();
    expect(queue.counters.held).toBe(1);
    await slow.finishOne();
    expect(await placed[0]).toEqual({ kind: 'refused' });
    expect(queue.submit(delivery('a', 5))).toBeDefined();
  });

  it('answers each how it ended: committed, refused, failed, or forgotten when it closes', async () => {
    const ack: Ack = { v: 1, gateway: 'a', epoch: 'epoch-01', lane: 'stock', upTo: 1 };
    const queue = new DeliveryQueue({
      handler: async ({ payload: [number] }) => {
        if (number === 3) throw new Error('the database is away');
        return number === 1 ? ack : undefined;
      },
      ...silent,
    });
    const outcomes = await Promise.all([1, 2, 3].map((number) => queue.submit(delivery('a', number))));
    expect(outcomes).toEqual([
      { kind: 'taken', ack },
      { kind: 'refused' },
      { kind: 'not-taken', reason: 'the database is away' },
    ]);
    const slow = gate();
    const closing = new DeliveryQueue({ handler: slow.handler, ...silent, handlers: 1 });
    const running = closing.submit(delivery('a', 1));
    const waiting = closing.submit(delivery('a', 2));
    const closed = closing.close();
    expect(await waiting).toEqual({ kind: 'not-taken', reason: 'the intake is closing' });
    await slow.finishOne();
    expect(await running).toEqual({ kind: 'refused' });
    await closed;
    expect(await closing.submit(delivery('a', 3))).toMatchObject({ kind: 'not-taken' });
  });
});
