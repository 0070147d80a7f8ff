import { describe, expect, test } from 'vitest';
import { OriginJudge } from './message-origin.ts';

const PLAIN = { retain: false, dup: false, subscriptionIds: [] };

test('the flags of MQTT stand above everything else', () => {
  const judge = new OriginJudge({ resumed: false, subscriptionId: 7 });
  expect(judge.judge({ ...PLAIN, retain: true })).toBe('retained');
  expect(judge.judge({ ...PLAIN, dup: true, subscriptionIds: [7] })).toBe('replayed');
});

test('in a new session nothing can have been held back', () => {
  expect(new OriginJudge({ resumed: false, subscriptionId: undefined }).judge(PLAIN)).toBe('live');
});

test('MQTT 5: what was queued bears the subscription identifier of an older connection', () => {
  const judge = new OriginJudge({ resumed: true, subscriptionId: 7 });
  expect(judge.judge({ ...PLAIN, subscriptionIds: [6] })).toBe('replayed');
  expect(judge.judge({ ...PLAIN, subscriptionIds: [6, 7] })).toBe('live');
  judge.subscribed();
  expect(judge.judge(PLAIN)).toBe('unknown');
});

describe('MQTT 3.1.1, a session taken up again', () => {
  const resumed = () => new OriginJudge({ resumed: true, subscriptionId: undefined });
  /** What comes while the queue is being handed over in windows of two. */
  function arrive(judge: OriginJudge, count: number) {
    for (let index = 0; index < count; index++) judge.arrived(true);
  }

  test('what comes before the SUBACK was held; after it nobody knows', () => {
    const judge = resumed();
    expect(judge.judge(PLAIN)).toBe('replayed');
    judge.subscribed();
    expect(judge.judge(PLAIN)).toBe('unknown');
  });

  test('a ping with nothing between it and its answer, while the broker had room, finds the queue empty', () => {
    const judge = resumed();
    judge.subscribed();
    arrive(judge, 2);
    judge.answered();
    judge.pingSent();
    judge.pingAnswered();
    expect(judge.judge(PLAIN)).toBe('live');
  });

  test.each<[string, ('ping' | 'pong' | 'message' | 'answer')[]]>([
    ['a message came meanwhile', ['ping', 'message', 'pong']],
    ['the broker’s window was full', ['message', 'message', 'ping', 'answer', 'pong']],
    ['it was not answered', ['ping']],
  ])('%s: it proves nothing', (_what, story) => {
    const judge = resumed();
    const happen = {
      ping: () => judge.pingSent(),
      pong: () => judge.pingAnswered(),
      message: () => judge.arrived(true),
      answer: () => judge.answered(),
    };
    judge.subscribed();
    for (const happening of story) happen[happening]();
    expect(judge.judge(PLAIN)).toBe('unknown');
  });

  test('each ping is judged by its own answer', () => {
    const judge = resumed();
    judge.subscribed();
    judge.pingSent();
    arrive(judge, 1);
    judge.answered();
    judge.pingSent();
    judge.pingAnswered();
    expect(judge.mayBeQueued).toBe(true);
    judge.pingAnswered();
    expect(judge.mayBeQueued).toBe(false);
  });
});
