import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drive, type TimedReading } from '../sensor.fixture.ts';
import { contactSchema } from './contact-point.ts';
import { createContactSensor } from './contact-sensor.ts';

const point = contactSchema.parse({
  id: 'lock',
  kind: 'contact',
  device: 'zigbee',
  channel: 'door',
  debounceMs: 500,
});

function story(edges: readonly (readonly [number, boolean])[]): TimedReading[] {
  return edges.map(([at, active]) => ({
    now: at,
    reading: { kind: 'input', device: 'zigbee', channel: 'door', at, active },
  }));
}

function emitted(edges: readonly (readonly [number, boolean])[], crashBefore: number[] = [], downMs = 0) {
  const done = drive(() => createContactSensor(point), story(edges), { until: 1e9, crashBefore, downMs });
  return done.events.map((event) => (event.type === 'contact' ? [event.occurredAt, event.state] : event));
}

describe('a door contact', () => {
  test('emits its first state once, however often it is repeated', () => {
    expect(
      emitted([
        [1000, false],
        [2000, false],
        [3000, false],
      ]),
    ).toEqual([[1000, 'closed']]);
  });

  test('emits an opening with the time of the edge, after it has held', () => {
    expect(
      emitted([
        [1000, false],
        [2000, true],
        [9000, false],
      ]),
    ).toEqual([
      [1000, 'closed'],
      [2000, 'open'],
      [9000, 'closed'],
    ]);
  });

  test('emits no bounce', () => {
    expect(
      emitted([
        [1000, false],
        [2000, true],
        [2300, false],
        [5000, true],
        [5100, false],
        [5200, true],
      ]),
    ).toEqual([
      [1000, 'closed'],
      [5200, 'open'],
    ]);
  });

  test('does not emit its state again after a restart, and loses no opening in a crash', () => {
    const edges = [
      [1000, false],
      [2000, true],
      [2100, true],
      [9000, false],
      [9400, false],
      [20_000, false],
    ] as const;
    const whole = emitted(edges);
    expect(whole).toHaveLength(3);
    for (let index = 0; index <= edges.length; index++) expect(emitted(edges, [index])).toEqual(whole);
  });

  test('settles an opening that became due while the gateway was down', () => {
    const before = drive(
      () => createContactSensor(point),
      story([
        [1000, false],
        [2000, true],
      ]),
      { until: 2000 },
    );
    const rows = [...before.rows].map(([key, body]) => ({ key, body }));
    expect(createContactSensor(point).restore(rows, 60_000).events).toMatchObject([
      { type: 'contact', state: 'open', occurredAt: 2000 },
    ]);
  });

  test('does not wait for a time that a stepped clock has made distant', () => {
    const sensor = createContactSensor(point);
    const say = (now: number, active: boolean) =>
      sensor.onReading({ kind: 'input', device: 'zigbee', channel: 'door', at: now, active }, now).events;
    say(1e12, false);
    say(1e12 + 5000, true);
    say(5e11, true);
    expect(sensor.nextTickAt()).toBe(5e11 + 500);
    expect(sensor.onTick(5e11 + 500).events).toMatchObject([{ state: 'open' }]);
  });

  test('alternates its states, whatever the edges and the clock do', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -3000, max: 5000 }), fc.boolean())), (steps) => {
        let now = 1e6;
        const states: string[] = [];
        const sensor = createContactSensor(point);
        const take = (events: { type: string }[]) => {
          for (const event of events) if ('state' in event) states.push(String(event.state));
        };
        for (const [step, active] of steps) {
          now = Math.max(0, now + step);
          take(
            sensor.onReading({ kind: 'input', device: 'zigbee', channel: 'door', at: now, active }, now)
              .events,
          );
        }
        const due = sensor.nextTickAt();
        if (due !== undefined) take(sensor.onTick(due).events);
        expect(sensor.nextTickAt()).toBeUndefined();
        for (let index = 1; index < states.length; index++) expect(states[index]).not.toBe(states[index - 1]);
        if (steps.length > 0) expect(states.at(-1)).toBe(steps.at(-1)?.[1] ? 'open' : 'closed');
      }),
    );
  });
});
