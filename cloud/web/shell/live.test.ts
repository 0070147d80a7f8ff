import { describe, expect, it } from 'vitest';
import { clockAt } from '../../../test/support/clock-at.ts';
import type { LiveMessage } from '../../contract/live.ts';
import { followLive, type LiveSource, type LiveState, parseMessage } from './live.ts';

class FakeSource implements LiveSource {
  onopen: LiveSource['onopen'] = null;
  onmessage: LiveSource['onmessage'] = null;
  onerror: LiveSource['onerror'] = null;
  readyState = 0;

  close() {
    this.readyState = 2;
  }

  opens() {
    this.readyState = 1;
    this.onopen?.(new Event('open'));
  }

  says(data: string) {
    this.onmessage?.(new MessageEvent('message', { data }));
  }

  /** As a browser: a broken connection is tried again by itself, a refused one is given up. */
  fails(isRefused: boolean) {
    this.readyState = isRefused ? 2 : 0;
    this.onerror?.(new Event('error'));
  }
}

function follow() {
  const clock = clockAt(0);
  const sources: FakeSource[] = [];
  const states: LiveState[] = [];
  const messages: LiveMessage[] = [];
  const called = { connected: 0, refused: 0 };
  const stop = followLive({
    clock,
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
    onMessage: (message) => messages.push(message),
    onState: (state) => states.push(state),
    onConnected: () => {
      called.connected += 1;
    },
    onRefused: () => {
      called.refused += 1;
    },
  });
  return { clock, sources, states, messages, called, stop };
}

describe('following the live stream', () => {
  it('says that it is live once connected, and passes messages on', () => {
    const { sources, states, messages, called } = follow();
    sources[0]?.opens();
    sources[0]?.says('{"topic":"pass","at":"2026-03-02T06:00:00Z","readPoint":"dock-1"}');
    expect(states).toEqual(['connecting', 'live']);
    expect(called.connected).toBe(1);
    expect(messages).toEqual([{ topic: 'pass', at: '2026-03-02T06:00:00Z', readPoint: 'dock-1' }]);
  });

  it('asks for everything anew after each interruption that the browser mended', () => {
    const { sources, states, called } = follow();
    sources[0]?.opens();
    sources[0]?.fails(false);
    sources[0]?.opens();
    expect(states).toEqual(['connecting', 'live', 'reconnecting', 'live']);
    expect(called).toEqual({ connected: 2, refused: 0 });
    expect(sources).toHaveLength(1);
  });

  it('tries a refused stream again at growing intervals, and quickly again after a success', async () => {
    const { clock, sources, called } = follow();
    const openedAfter: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const before = clock.monotonicMs();
      const count = sources.length;
      sources.at(-1)?.fails(true);
      while (sources.length === count) await clock.runFor(500);
      openedAfter.push(clock.monotonicMs() - before);
    }
    expect(openedAfter).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(called.refused).toBe(6);
    sources.at(-1)?.opens();
    sources.at(-1)?.fails(true);
    await clock.runFor(1000);
    expect(sources).toHaveLength(8);
  });

  it('stays away once it was stopped', async () => {
    const { clock, sources, stop } = follow();
    sources[0]?.fails(true);
    stop();
    await clock.runFor(60_000);
    expect(sources).toHaveLength(1);
  });
});

describe('a live message', () => {
  it.each(['', 'not json', '{"topic":"weather","at":"2026-03-02T06:00:00Z"}', '{"topic":"pass"}', 'null'])(
    'is nothing when it is %j',
    (text) => {
      expect(parseMessage(text)).toBeUndefined();
    },
  );
});
