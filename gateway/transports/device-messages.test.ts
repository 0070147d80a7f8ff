import { expect, test } from 'vitest';
import { createDeviceMessageHub } from './device-messages.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

test('what is published reaches devices that listen there, until they stop, and no driver', async () => {
  const hub = createDeviceMessageHub('memory:broker');
  const heard: string[] = [];
  hub.subscribe(['#'], { onOpen() {}, onClose() {}, onMessage: () => void heard.push('driver') });
  const end = hub.listen(['reader/+'], ({ topic, payload }) =>
    heard.push(`${topic} ${new TextDecoder().decode(payload)}`),
  );
  const start = { topic: 'reader/cmd', payload: bytesOf('start'), qos: 1, retain: false } as const;
  await hub.publish(start);
  await hub.publish({ ...start, topic: 'elsewhere' });
  end();
  await hub.publish(start);
  expect(heard).toEqual(['reader/cmd start']);
});

test('a subscription is open before it returns, and hears nothing after its end', async () => {
  const hub = createDeviceMessageHub('memory:broker');
  const calls: string[] = [];
  const end = hub.subscribe(['a', '#'], {
    onOpen: () => calls.push('open'),
    onClose: () => calls.push('close'),
    onMessage: ({ topic }) => void calls.push(topic),
  });
  expect(calls).toEqual(['open']);
  await hub.deliver({ topic: 'a', payload: bytesOf(''), origin: 'live' });
  end();
  expect(hub.deliver({ topic: 'a', payload: bytesOf(''), origin: 'live' })).toBeUndefined();
  expect(calls).toEqual(['open', 'a']);
});

test.each(['', 'a#', 'a/#/b'])('%j is no filter', (filter) => {
  const hub = createDeviceMessageHub('memory:broker');
  expect(() => hub.listen([filter], () => {})).toThrow(RangeError);
});
