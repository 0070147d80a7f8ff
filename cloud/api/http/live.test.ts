import { describe, expect, it } from 'vitest';
import type { LiveMessage } from '../../contract/live.ts';
import { LiveBus, MAX_QUEUED_MESSAGES, MAX_SUBSCRIBERS } from './live.ts';

const message = (id: string): LiveMessage => ({ topic: 'stock', at: '2026-06-01T06:00:00.000Z', id });

function sink(writable = () => true) {
  const written: string[] = [];
  let destroyed = false;
  return {
    written,
    get destroyed() {
      return destroyed;
    },
    write(text: string) {
      written.push(text);
      return writable();
    },
    destroy() {
      destroyed = true;
    },
  };
}

describe('the live bus', () => {
  it('publishes to every subscriber, in order, as one event each', () => {
    const bus = new LiveBus();
    const [a, b] = [sink(), sink()];
    bus.subscribe(a);
    bus.subscribe(b);
    bus.publish([message('1'), message('2')]);
    expect(a.written).toEqual([
      `data: ${JSON.stringify(message('1'))}\n\n`,
      `data: ${JSON.stringify(message('2'))}\n\n`,
    ]);
    expect(b.written).toEqual(a.written);
  });

  it('keeps messages for a slow subscriber and gives them when it drains', () => {
    const bus = new LiveBus();
    let room = false;
    const slow = sink(() => room);
    const subscription = bus.subscribe(slow);
    bus.publish([message('1'), message('2'), message('3')]);
    subscription?.heartbeat();
    expect(slow.written).toHaveLength(1);
    room = true;
    subscription?.drained();
    expect(slow.written.join('')).toBe(
      ['1', '2', '3'].map((id) => `data: ${JSON.stringify(message(id))}\n\n`).join(''),
    );
  });

  it('drops and counts a subscriber whose queue is full; the others go on', () => {
    const bus = new LiveBus();
    const [stuck, fast] = [sink(() => false), sink()];
    bus.subscribe(stuck);
    bus.subscribe(fast);
    const total = MAX_QUEUED_MESSAGES + 2;
    for (let i = 0; i < total; i++) bus.publish([message(String(i))]);
    expect({
      destroyed: stuck.destroyed,
      size: bus.size,
      counters: bus.counters,
      written: fast.written.length,
    }).toEqual({
      destroyed: true,
      size: 1,
      counters: { liveMessages: total, liveSlowClientsDropped: 1 },
      written: total,
    });
  });

  it('takes no more subscribers than its limit', () => {
    const bus = new LiveBus();
    const subscriptions = Array.from({ length: MAX_SUBSCRIBERS }, () => bus.subscribe(sink()));
    expect(bus.subscribe(sink())).toBeUndefined();
    subscriptions[0]?.close();
    expect(bus.subscribe(sink())).toBeDefined();
  });

  it('ends every stream when it closes', () => {
    const bus = new LiveBus();
    const one = sink();
    bus.subscribe(one);
    bus.close();
    expect({ destroyed: one.destroyed, size: bus.size }).toEqual({ destroyed: true, size: 0 });
  });
});
