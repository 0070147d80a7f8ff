import { expect, test } from 'vitest';
import { TakenMessages } from './taken-messages.ts';

const message = (messageId: number, text = 'x') => ({ messageId, topic: 't', payload: Buffer.from(text) });

test('the same message under the same id is known, any other is not', () => {
  const taken = new TakenMessages();
  const done = Promise.resolve();
  taken.add(message(1), done);
  expect(taken.find(message(1))).toBe(done);
  expect(taken.find(message(2))).toBeUndefined();
  expect(taken.find(message(1, 'y'))).toBeUndefined();
  expect(taken.find({ ...message(1), topic: 'u' })).toBeUndefined();
});

test('an id that is used again means the newer message; a new session means none', () => {
  const taken = new TakenMessages();
  taken.add(message(1), Promise.resolve());
  taken.add(message(1, 'newer'), Promise.resolve());
  expect(taken.find(message(1))).toBeUndefined();
  taken.clear();
  expect(taken.find(message(1, 'newer'))).toBeUndefined();
});

test('what could not be taken is handled when it comes again', async () => {
  const taken = new TakenMessages();
  const failed = Promise.reject(new Error('full'));
  taken.add(message(1), failed);
  await failed.catch(() => undefined);
  expect(taken.find(message(1))).toBeUndefined();
});

test('only the latest are known', () => {
  const taken = new TakenMessages();
  for (let id = 1; id <= 1_100; id++) taken.add(message(id), Promise.resolve());
  expect(taken.find(message(1))).toBeUndefined();
  expect(taken.find(message(1_100))).toBeDefined();
});
