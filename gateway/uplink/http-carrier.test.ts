import { expect, test } from 'vitest';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { HttpCarrier, type HttpExchange, type SendOutcome } from './http-carrier.ts';

const TAKEN: SendOutcome = { kind: 'taken', acks: [], malformed: false };
const ACK: Ack = { v: 1, gateway: 'dc-1', epoch: 'epoch-0001', lane: 'stock', upTo: 3 };

/** A server that answers each request with what stands next; `undefined`: never. */
function rig(greets = false) {
  const clock = clockAt(Date.UTC(2026, 8, 1));
  const state = { answer: (_lane: Lane): SendOutcome | undefined | Error => TAKEN, delayMs: 10 };
  const asked: { atMs: number; lane: string }[] = [];
  let most = 0;
  let under = 0;
  const answer = (lane: Lane | 'greeting', signal: AbortSignal) =>
    new Promise<SendOutcome>((resolve, reject) => {
      asked.push({ atMs: clock.monotonicMs(), lane });
      most = Math.max(most, ++under);
      const outcome = lane === 'greeting' ? TAKEN : state.answer(lane);
      const done = (settle: () => void) => {
        under--;
        settle();
      };
      signal.addEventListener('abort', () => done(() => reject(signal.reason)), { once: true });
      if (outcome === undefined) return;
      clock.setTimer(state.delayMs, 'server', () =>
        done(() => (outcome instanceof Error ? reject(outcome) : resolve(outcome))),
      );
    });
  const exchange: HttpExchange = {
    address: 'https://cloud.example',
    send: (lane, _payload, signal) => answer(lane, signal),
    reset: () => undefined,
    ...(greets ? { greet: (signal) => answer('greeting', signal) } : {}),
  };
  const carrier = new HttpCarrier(exchange, { clock, random: seededRandom(1, 'http') });
  const log: string[] = [];
  const acks: Ack[] = [];
  carrier.start({
    onConnected: () => log.push(`up ${clock.monotonicMs()}`),
    onDisconnected: (reason) => log.push(`down ${clock.monotonicMs()} ${reason}`),
    onAck: (ack) => acks.push(ack),
  });
  const publish = (lane: Lane = 'stock', bytes = 100) =>
    carrier.publish(lane, new Uint8Array(bytes)).then(
      () => 'taken',
      (error: Error) => error.message,
    );
  return { clock, carrier, state, asked, log, acks, publish, most: () => most };
}

test('one request proves the way, then a few go at a time, and acks come with the answers', async () => {
  const { clock, state, asked, acks, publish, most } = rig();
  state.answer = () => ({ kind: 'taken', acks: [ACK], malformed: false });
  const all = Promise.all(Array.from({ length: 9 }, () => publish()));
  await clock.runFor(9);
  expect(asked).toHaveLength(1);
  await clock.runFor(1000);
  expect(new Set(await all)).toEqual(new Set(['taken']));
  expect(acks).toHaveLength(9);
  expect(most()).toBe(4);
});

test('Retry-After is waited for, within bounds, and everything that waited goes back to the forwarder', async () => {
  const { clock, carrier, state, log, publish } = rig();
  state.answer = () => ({ kind: 'not-now', words: 'busy', afterMs: 30_000 });
  const both = Promise.all([publish(), publish()]);
  await clock.runFor(100);
  expect(await both).toEqual(['busy', 'link lost: busy']);
  expect(carrier.connected).toBe(false);
  expect(carrier.state).toBe('waiting 30 s: busy');
  await clock.runFor(29_000);
  expect(log).toHaveLength(2);
  state.answer = () => ({ kind: 'not-now', words: 'busy', afterMs: 1e12 });
  await clock.runFor(2000);
  const again = publish();
  await clock.runFor(100);
  await again;
  expect(carrier.state).toBe('waiting 300 s: busy');
});

test('failures in a row pause ever longer; one success forgives them', async () => {
  const { clock, carrier, state, log, publish } = rig();
  state.answer = () => Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
  for (let n = 0; n < 400; n++) {
    void publish();
    await clock.runFor(500);
  }
  const downs = log.filter((line) => line.startsWith('down'));
  expect(downs.length).toBeLessThan(9);
  expect(carrier.state).toMatch(/^waiting \d+ s: connection refused/);
  state.answer = () => TAKEN;
  await clock.runFor(100_000);
  const last = publish();
  await clock.runFor(100);
  expect(await last).toBe('taken');
  expect(carrier.failures).toBe(0);
});

test('a server that never answers is given up, longer waited for the larger the batch is', async () => {
  const { clock, carrier, state, publish } = rig();
  state.answer = () => undefined;
  const small = publish('stock', 100);
  await clock.runFor(30_099);
  expect(carrier.connected).toBe(true);
  await clock.runFor(1);
  expect(await small).toMatch(/no answer within 30100 ms/);
  await clock.runFor(2000);
  const large = publish('stock', 100_000);
  await clock.runFor(129_000);
  expect(carrier.connected).toBe(true);
  await clock.runFor(1000);
  expect(await large).toMatch(/no answer/);
});

test('too large halves what is sent from then on, a refused batch is reported and the next one goes', async () => {
  const { clock, carrier, state, publish } = rig();
  state.answer = () => ({ kind: 'too-large', words: 'HTTP 413' });
  const large = publish('stock', 100_000);
  await clock.runFor(100);
  expect([await large, carrier.maxBatchBytes, carrier.connected]).toEqual(['HTTP 413', 50_000, true]);
  state.answer = () => ({ kind: 'refused', words: 'unreadable' });
  const poison = publish();
  await clock.runFor(100);
  expect([await poison, carrier.connected]).toEqual(['unreadable', true]);
  state.answer = () => TAKEN;
  const good = publish();
  await clock.runFor(100);
  expect(await good).toBe('taken');
});

test('where there is a greeting a quiet gateway says it is there every minute, a busy one does not', async () => {
  const { clock, asked, publish } = rig(true);
  await clock.runFor(10 * 60_000);
  const greetings = () => asked.filter(({ lane }) => lane === 'greeting').length;
  expect(greetings()).toBeGreaterThanOrEqual(9);
  expect(greetings()).toBeLessThanOrEqual(11);
  const before = greetings();
  for (let n = 0; n < 60; n++) {
    void publish();
    await clock.runFor(10_000);
  }
  expect(greetings() - before).toBeLessThanOrEqual(1);
});
