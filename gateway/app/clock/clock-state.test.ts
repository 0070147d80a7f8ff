import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClockEvent } from '../../../protocol/events/stock-event.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import { type ClockWatch, createClockWatch } from './clock-state.ts';
import type { SystemSync } from './system-time.ts';

const TRUTH = Date.UTC(2026, 8, 1, 6);
const YEAR = 365 * 86_400_000;
const HOUR = 3_600_000;

/** A machine whose wall clock is `aheadMs` ahead of the truth at its start. */
function boot(aheadMs: number, sync: SystemSync = 'unknown') {
  const truth = clockAt(TRUTH);
  const machine = { aheadMs, sync };
  const clock: Clock = {
    now: () => truth.now() + machine.aheadMs,
    monotonicMs: () => truth.monotonicMs(),
    setTimer: (delayMs, name, task) => truth.setTimer(delayMs, name, task),
    track: (work) => truth.track(work),
  };
  const systemTime = { lastSync: () => machine.sync };
  const watch = createClockWatch({ clock, bootId: 'boot-1', systemTime });
  const events: ClockEvent[] = [];
  watch.onEvent((event) => events.push(event));
  /** An ack that took so long, the cloud reading its clock half-way. */
  const ack = async (roundTripMs: number) => {
    const sentAt = truth.monotonicMs();
    const at = truth.now() + Math.floor(roundTripMs / 2);
    await truth.runFor(roundTripMs);
    watch.onAckAt(at, sentAt);
    await truth.runFor(0);
  };
  return { truth, machine, clock, watch, events, ack };
}

const sources = (events: readonly ClockEvent[]) => events.map(({ source }) => source);
const state = (watch: ClockWatch) => watch.stamp().clock;

describe('the clock of a gateway', () => {
  it('is trusted once the system has synchronised, and says so upstream even when it was right', async () => {
    const { watch, machine, events, truth } = boot(0, 'none');
    expect(state(watch)).toBe('unsynced');
    expect(watch.stamp()).not.toHaveProperty('trueOffsetMs');
    machine.sync = { mark: 1 };
    await truth.runFor(5000);
    watch.check();
    await truth.runFor(0);
    expect(state(watch)).toBe('synced');
    expect(sources(events)).toEqual(['step', 'system']);
    expect(events[1]).toMatchObject({ wallBefore: TRUTH + 5000, wallAfter: TRUTH + 5000, monotonicMs: 5000 });
  });

  it('of a machine that was synchronised before the gateway started needs no waiting', async () => {
    const { watch, events, truth } = boot(0, { mark: 7 });
    await truth.runFor(0);
    expect(state(watch)).toBe('synced');
    expect(sources(events)).toEqual(['system']);
  });

  it('is not trusted from the very stamp that sees it jump, until the system has synchronised again', async () => {
    const { watch, machine, events, truth } = boot(0, { mark: 1 });
    machine.aheadMs = -10 * YEAR;
    expect(watch.stamp()).toMatchObject({ clock: 'unsynced', trueOffsetMs: 10 * YEAR });
    watch.check();
    expect(state(watch)).toBe('unsynced');
    machine.aheadMs = 0;
    machine.sync = { mark: 2 };
    await truth.runFor(5000);
    // The jump back is seen with the mark that it made.
    expect(watch.stamp()).toMatchObject({ clock: 'unsynced', trueOffsetMs: 0 });
    machine.sync = { mark: 3 };
    watch.check();
    await truth.runFor(0);
    expect(state(watch)).toBe('synced');
    expect(sources(events)).toEqual(['system', 'step', 'step', 'system']);
  });

  it('that woke in 1970 stays unsynced when the cloud gives the time, and each stamp says how far off it is', async () => {
    const { watch, events, ack, clock, truth } = boot(-TRUTH);
    expect(watch.stamp()).toEqual({ recordedAt: 0, bootId: 'boot-1', monotonicMs: 0, clock: 'unsynced' });
    await ack(400);
    expect(sources(events)).toEqual(['step', 'cloud']);
    expect(events[1]).toMatchObject({ wallBefore: 400, wallAfter: TRUTH + 400, monotonicMs: 400 });
    await truth.runFor(HOUR);
    expect(watch.stamp()).toMatchObject({
      recordedAt: clock.now(),
      clock: 'unsynced',
      trueOffsetMs: TRUTH,
    });
    expect(watch.status()).toMatchObject({ state: 'unsynced', source: 'cloud', offsetMs: TRUTH });
  });

  it('is confirmed by the cloud where it was right all along, reported once however many acks come', async () => {
    const { watch, events, ack } = boot(300);
    for (let n = 0; n < 50; n++) await ack(100);
    expect(state(watch)).toBe('synced');
    expect(sources(events)).toEqual(['step', 'cloud']);
  });

  it('does not listen to answers that took too long, to nonsense, or to the cloud while the system is sure', async () => {
    const { watch, ack, truth } = boot(HOUR);
    await ack(2500);
    watch.onAckAt(5, truth.monotonicMs());
    watch.onAckAt(TRUTH, truth.monotonicMs() + 1000);
    expect(watch.status()).toMatchObject({ state: 'unsynced', source: undefined });
    const sure = boot(0, { mark: 1 });
    sure.watch.onAckAt(TRUTH + YEAR, sure.truth.monotonicMs());
    expect(sure.watch.status()).toMatchObject({ state: 'synced', source: 'system', offsetMs: 0 });
  });

  it('is confirmed by slow answers, too, as long as they do not contradict it', async () => {
    const right = boot(400);
    await right.ack(20_000);
    expect(right.watch.status()).toMatchObject({ state: 'synced', source: 'cloud', offsetMs: 0 });
    const wrong = boot(25_000);
    await wrong.ack(20_000);
    expect(wrong.watch.status()).toMatchObject({ state: 'unsynced', source: undefined });
    const late = boot(0);
    await late.ack(31_000);
    expect(state(late.watch)).toBe('unsynced');
  });

  it('is in holdover when its confirmation is old or the system says no more, and the cloud may take over', async () => {
    const { watch, machine, truth, ack } = boot(0, { mark: 1 });
    await truth.runFor(2 * HOUR);
    machine.sync = { mark: 2 };
    watch.check();
    await truth.runFor(2 * HOUR);
    expect(state(watch)).toBe('synced');
    await truth.runFor(2 * HOUR);
    expect(state(watch)).toBe('holdover');
    await ack(100);
    expect(watch.status()).toMatchObject({ state: 'synced', source: 'cloud' });

    const silent = boot(0, { mark: 1 });
    silent.machine.sync = 'none';
    silent.watch.check();
    expect(state(silent.watch)).toBe('holdover');
  });

  it('is found off when it drifts away from the time the cloud gives', async () => {
    const { watch, machine, ack, events } = boot(0);
    await ack(100);
    for (let n = 1; n <= 30; n++) {
      machine.aheadMs = n * 50;
      await ack(100);
    }
    expect(watch.stamp()).toMatchObject({ clock: 'unsynced', trueOffsetMs: -1500 });
    expect(sources(events)).toEqual(['step', 'cloud']);
  });

  it('reports now and then that it is still not confirmed', async () => {
    const { watch, events, truth } = boot(0);
    for (let n = 0; n < 12 * 60; n++) {
      await truth.runFor(5000);
      watch.check();
    }
    await truth.runFor(0);
    expect(sources(events)).toEqual(Array.from({ length: 7 }, () => 'step'));
    expect(events.every(({ wallBefore, wallAfter }) => wallBefore === wallAfter)).toBe(true);
  });

  it('never calls a time right that is not, and never corrects one to what is not true', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: HOUR }) }),
      fc.record({
        do: fc.constant('set' as const),
        aheadMs: fc.constantFrom(-10 * YEAR, 10 * YEAR, -TRUTH, HOUR, -1500, 0),
      }),
      fc.record({ do: fc.constant('synchronise' as const) }),
      fc.record({
        do: fc.constant('ack' as const),
        // What lies between may be off by as much as it took.
        roundTripMs: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.constant(40_000)),
      }),
      fc.record({ do: fc.constant('check' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(-TRUTH, -10 * YEAR, 10 * YEAR, HOUR, 0),
        fc.array(step, { maxLength: 20 }),
        async (aheadMs, steps) => {
          const { watch, machine, truth, ack } = boot(aheadMs, 'none');
          let marks = 0;
          for (const one of steps) {
            if (one.do === 'wait') await truth.runFor(one.ms);
            else if (one.do === 'set') machine.aheadMs = one.aheadMs;
            else if (one.do === 'synchronise') {
              machine.aheadMs = 0;
              machine.sync = { mark: ++marks };
            } else if (one.do === 'ack') await ack(one.roundTripMs);
            else watch.check();
            const { recordedAt, clock, trueOffsetMs } = watch.stamp();
            const off = recordedAt + (trueOffsetMs ?? 0) - truth.now();
            if (clock !== 'unsynced' || trueOffsetMs !== undefined) expect(Math.abs(off)).toBeLessThan(2001);
            if (clock === 'unsynced' && trueOffsetMs !== undefined) expect(Math.abs(off)).toBeLessThan(1001);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
