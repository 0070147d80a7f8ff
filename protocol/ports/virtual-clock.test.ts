import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

const flush = () => new Promise<void>((resolve) => setImmediate(resolve));
const create = () => new VirtualClock({ startAt: 1000, flush });

describe('virtual time', () => {
  it('fires timers by due time, then by creation, and is at each due time when it does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 40 }), async (delays) => {
        const clock = create();
        const fired: { index: number; at: number }[] = [];
        for (const [index, delay] of delays.entries()) {
          clock.setTimer(delay, `t${index}`, () => fired.push({ index, at: clock.now() }));
        }
        await clock.runFor(60);
        const expected = delays
          .map((delay, index) => ({ index, at: 1000 + delay }))
          .toSorted((a, b) => a.at - b.at || a.index - b.index);
        expect(fired).toEqual(expected);
        expect(clock.now()).toBe(1060);
      }),
      { numRuns: 50 },
    );
  });

  it('lets at least a whole millisecond pass for part of one: a timer set again and again must not stand still', async () => {
    const clock = create();
    clock.setTimer(0.25, 'part', () => {});
    await clock.runFor(0);
    expect(clock.pendingTimers()).toEqual(['part @1ms']);
  });

  it('does not fire what was cancelled, also from within another timer of the same moment', async () => {
    const clock = create();
    const fired: string[] = [];
    const second = clock.setTimer(5, 'second', () => fired.push('second'));
    clock.setTimer(4, 'first', () => {
      fired.push('first');
      second.cancel();
    });
    await clock.runFor(10);
    expect(fired).toEqual(['first']);
  });

  it('stands still while tracked work is under way', async () => {
    const clock = create();
    let finish: () => void = () => {};
    let fired = false;
    clock.setTimer(1, 'work', () => {
      void clock.track(
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
      );
    });
    clock.setTimer(2, 'after', () => {
      fired = true;
    });
    const run = clock.runFor(10);
    await flush();
    await flush();
    expect([clock.now(), fired]).toEqual([1001, false]);
    finish();
    await run;
    expect(fired).toBe(true);
  });

  it('says which timers wait when the goal is never reached', async () => {
    const clock = create();
    const again = () => clock.setTimer(1_000_000, 'heartbeat', again);
    again();
    await expect(clock.runUntilSettled(new Promise(() => {}))).rejects.toThrow(
      /virtual time ran out; timers: heartbeat @4000000ms/,
    );
  });
});
