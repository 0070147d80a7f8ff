import type { IPublishPacket } from 'mqtt';
import { describe, expect, test } from 'vitest';
import { clockAt } from '../../../test/support/clock-at.ts';
import type { DeviceMessage } from '../../drivers/driver.ts';
import { MessageIntake } from './message-intake.ts';
import { SITE_BROKER_LIMITS, type SiteBrokerLimits } from './site-broker-options.ts';
import { TakenMessages } from './taken-messages.ts';

const packetOf = (messageId: number, text: string, more: Partial<IPublishPacket> = {}): IPublishPacket => ({
  cmd: 'publish',
  topic: 'dock/reads',
  payload: Buffer.from(text),
  qos: 1,
  dup: false,
  retain: false,
  messageId,
  ...more,
});

/** One connection; several may share what has been taken. */
function connection(limits: Partial<SiteBrokerLimits> = {}, taken = new TakenMessages(), resumed = false) {
  const clock = clockAt(0);
  const heard: { message: DeviceMessage; done: PromiseWithResolvers<void> }[] = [];
  const answers: number[] = [];
  const failures: string[] = [];
  const counts: Record<string, number> = {};
  const intake = new MessageIntake({
    clock,
    limits: { ...SITE_BROKER_LIMITS, ...limits },
    taken,
    count: (counter) => {
      counts[counter] = (counts[counter] ?? 0) + 1;
    },
    onMessage: (message) => {
      const done = Promise.withResolvers<void>();
      heard.push({ message, done });
      return done.promise;
    },
    answer: (messageId) => void answers.push(messageId),
    onFailure: (reason) => void failures.push(reason),
  });
  intake.onConnected({ resumed, subscriptionId: undefined });
  let read = 0;
  const send = (packet: IPublishPacket) => intake.onPublish(packet, () => void read++);
  const settle = () => clock.settle();
  const texts = () => heard.map(({ message }) => Buffer.from(message.payload).toString());
  return { clock, intake, heard, texts, answers, failures, counts, taken, send, settle, read: () => read };
}

test('an answer waits for its message, and for those before it', async () => {
  const at = connection();
  at.send(packetOf(1, 'a'));
  at.send(packetOf(2, 'b'));
  at.heard[1]?.done.resolve();
  await at.settle();
  expect(at.answers).toEqual([]);
  at.heard[0]?.done.resolve();
  await at.settle();
  expect(at.answers).toEqual([1, 2]);
});

test('one that could not be taken is not answered; it is said why', async () => {
  const at = connection();
  at.send(packetOf(1, 'a'));
  at.heard[0]?.done.reject(new Error('the disk is full'));
  await at.settle();
  expect([at.answers, at.failures, at.counts.handlerFailures]).toEqual([[], ['the disk is full'], 1]);
});

test('at the limit nothing more is read, until one has been answered', async () => {
  const at = connection({ maxUnderWay: 2 });
  at.send(packetOf(1, 'a'));
  expect(at.read()).toBe(1);
  at.send(packetOf(2, 'b'));
  expect(at.read()).toBe(1);
  at.heard[0]?.done.resolve();
  await at.settle();
  expect(at.read()).toBe(2);
});

test('a few large ones fill it too', async () => {
  const at = connection({ maxBytesUnderWay: 10 });
  at.send(packetOf(1, 'x'.repeat(10)));
  expect(at.read()).toBe(0);
  at.heard[0]?.done.resolve();
  await at.settle();
  expect(at.read()).toBe(1);
});

test('what comes faster than the limit waits its turn', async () => {
  const at = connection({ messagesPerSecond: 10, messageBurst: 1 });
  for (const id of [1, 2, 3]) at.send(packetOf(id, `${id}`));
  expect(at.texts()).toEqual(['1']);
  await at.clock.runFor(1_000);
  expect(at.texts()).toEqual(['1', '2', '3']);
  expect(at.counts.delayed).toBe(2);
});

describe('a message that comes again', () => {
  const again = packetOf(1, 'a', { dup: true });

  test('when it had been taken: answered, not handed on', async () => {
    const first = connection();
    first.send(packetOf(1, 'a'));
    first.heard[0]?.done.resolve();
    await first.settle();
    const second = connection({}, first.taken, true);
    second.send(again);
    await second.settle();
    expect([second.texts(), second.answers, second.counts.repeated]).toEqual([[], [1], 1]);
  });

  test('when it is still under way: answered once it is taken', async () => {
    const first = connection();
    first.send(packetOf(1, 'a'));
    const second = connection({}, first.taken, true);
    second.send(again);
    await second.settle();
    expect(second.answers).toEqual([]);
    first.heard[0]?.done.resolve();
    await first.settle();
    await second.settle();
    expect([second.texts(), second.answers]).toEqual([[], [1]]);
  });

  test('when it had been refused: handed on as replayed', async () => {
    const first = connection();
    first.send(packetOf(1, 'a'));
    first.heard[0]?.done.reject(new Error('full'));
    await first.settle();
    const second = connection({}, first.taken, true);
    second.send(again);
    expect(second.heard.map(({ message }) => message.origin)).toEqual(['replayed']);
  });

  test('another one under its id is another one; so is any in a new session of the broker’s', async () => {
    const first = connection();
    first.send(packetOf(1, 'a'));
    const same = connection({}, first.taken, true);
    same.send(packetOf(1, 'b', { dup: true }));
    expect(same.texts()).toEqual(['b']);
    const anew = connection({}, first.taken, false);
    anew.send(packetOf(1, 'b', { dup: true }));
    expect(anew.texts()).toEqual(['b']);
  });
});

test('what is too large or on too long a topic is dropped and answered', async () => {
  const at = connection({ maxPayloadBytes: 3, maxTopicBytes: 10 });
  at.send(packetOf(1, 'long'));
  at.send(packetOf(2, 'a', { topic: 'dock/reads/of/long/ago' }));
  at.intake.onOversized(3);
  at.intake.onOversized(0);
  await at.settle();
  expect([at.texts(), at.answers]).toEqual([[], [1, 2, 3]]);
  expect(at.counts).toMatchObject({ oversized: 3, badTopics: 1 });
});

test('stopped, it takes nothing, reads on, and says when the last is answered', async () => {
  const at = connection();
  at.send(packetOf(1, 'a'));
  at.intake.stop();
  at.send(packetOf(2, 'b'));
  let drained = false;
  at.intake.whenDrained(() => {
    drained = true;
  });
  await at.settle();
  expect([at.texts(), at.read(), drained]).toEqual([['a'], 2, false]);
  at.heard[0]?.done.resolve();
  await at.settle();
  expect([at.answers, drained]).toEqual([[1], true]);
});
