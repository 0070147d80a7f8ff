/** The simulated sensor, read back through the protocol's own decoder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAvailability, decodeState } from '../../../protocol/wire/zigbee2mqtt/payload.ts';
import { parseTopic } from '../../../protocol/wire/zigbee2mqtt/topic.ts';
import type { DeviceOutput } from '../device.ts';
import { ZigbeeSensor, type ZigbeeSensorOptions } from './zigbee-sensor.ts';

const START = Date.UTC(2026, 5, 1, 6);

function createSensor(options: Partial<ZigbeeSensorOptions> = {}): ZigbeeSensor {
  return new ZigbeeSensor({ friendlyName: 'cold-room/probe-1', ...options });
}

function said(output: DeviceOutput): unknown[] {
  return output.publish.map(({ topic, payload, retain }) => {
    expect(retain).toBe(true);
    const parsed = parseTopic('zigbee2mqtt', topic);
    if (parsed?.kind !== 'state') return [parsed?.kind, decodeAvailability(payload)];
    expect(parsed.friendlyName).toBe('cold-room/probe-1');
    const decoded = decodeState(payload);
    expect(decoded).toMatchObject({ ok: true, unreadable: [] });
    return decoded.ok ? decoded.state : undefined;
  });
}

/** Lets it run as a host does, with a change of the world before each second. */
function run(
  sensor: ZigbeeSensor,
  seconds: number,
  world: (second: number) => void,
): { second: number; said: unknown }[] {
  const trace: { second: number; said: unknown }[] = [];
  for (let second = 0; second < seconds; second++) {
    world(second);
    const next = sensor.nextTickAt();
    const now = START + second * 1000;
    if (next === undefined || next > now) continue;
    for (const message of said(sensor.onTick(now))) trace.push({ second, said: message });
  }
  return trace;
}

describe('the simulated Zigbee sensor', () => {
  it('greets with bridge and availability, then sends its first measurement', () => {
    const sensor = createSensor();
    expect(said(sensor.onTick(START))).toEqual([
      ['bridgeState', 'online'],
      ['availability', 'online'],
    ]);
    expect(sensor.nextTickAt()).toBeUndefined();
    sensor.setTemperatureMilliCelsius(4_123);
    sensor.setHumidityMilliPercent(61_007);
    expect(said(sensor.onTick(START))).toEqual([
      { temperatureMilliCelsius: 4_120, humidityMilliPercent: 61_010, batteryMilliPercent: 100_000 },
    ]);
  });

  it('sends small changes at the maximum interval, large ones no faster than the minimum', () => {
    const sensor = createSensor({ minIntervalMs: 10_000, maxIntervalMs: 60_000 });
    const trace = run(sensor, 200, (second) => {
      sensor.setTemperatureMilliCelsius(second < 100 ? 4_000 + (second % 2) * 50 : 4_000 + second * 100);
    });
    expect(trace.slice(2).map(({ second }) => second)).toEqual([
      0, 60, 100, 110, 120, 130, 140, 150, 160, 170, 180, 190,
    ]);
  });

  it('sends every contact edge at once and in order', () => {
    const sensor = createSensor();
    sensor.setContact(true);
    sensor.onTick(START);
    sensor.setContact(false);
    sensor.setContact(false);
    sensor.setOpen(false);
    expect(sensor.nextTickAt()).toBe(0);
    expect(said(sensor.onTick(START + 100))).toMatchObject([{ contact: false }, { contact: true }]);
  });

  it('out of reach says nothing but that it is offline; back again it reports the door state it has', () => {
    const sensor = createSensor();
    sensor.setContact(true);
    sensor.onTick(START);
    sensor.setReachable(false);
    sensor.setContact(false);
    expect(said(sensor.onTick(START + 5_000_000))).toEqual([['availability', 'offline']]);
    expect(sensor.nextTickAt()).toBeUndefined();
    sensor.setReachable(true);
    expect(said(sensor.onTick(START + 6_000_000))).toMatchObject([
      ['availability', 'online'],
      { contact: false },
    ]);
  });

  it('a broken probe reports that it has no measurement', () => {
    const sensor = createSensor();
    sensor.setTemperatureMilliCelsius(4_000);
    sensor.onTick(START);
    sensor.setFault('open');
    expect(said(sensor.onTick(START + 60_000))).toMatchObject([{ temperatureMilliCelsius: 'invalid' }]);
    sensor.setFault(undefined);
    expect(said(sensor.onTick(START + 120_000))).toMatchObject([{ temperatureMilliCelsius: 4_000 }]);
  });

  describe('asked for a measurement', () => {
    const ask = (topic: string, text: string) => ({
      topic: `zigbee2mqtt/cold-room/probe-1/${topic}`,
      payload: new TextEncoder().encode(text),
      retained: false,
    });
    /** It has sent 4 °C, and sleeps at 4.05 °C: not moved enough to be worth a message. */
    const asleep = () => {
      const sensor = createSensor();
      sensor.setTemperatureMilliCelsius(4_000);
      sensor.onTick(START);
      sensor.setTemperatureMilliCelsius(4_050);
      return sensor;
    };
    const LATER = START + 20_000;

    it.each([
      ['get', '{"temperature":""}'],
      ['get/temperature', ''],
    ])('by %s %s it sends what it measures now, once', (topic, text) => {
      const sensor = asleep();
      expect(sensor.nextTickAt()).toBeGreaterThan(LATER);
      expect(said(sensor.onMessage(ask(topic, text), LATER))).toMatchObject([
        { temperatureMilliCelsius: 4_050 },
      ]);
      expect(said(sensor.onTick(LATER))).toEqual([]);
      expect(sensor.nextTickAt()).toBeGreaterThan(LATER);
    });

    it.each([
      ['get', '{"contact":""}'],
      ['get', '{"humidity":""}'],
      ['get', 'temperature'],
      ['set', '{"temperature":""}'],
    ])('by %s %s it sleeps on: it has none', (topic, text) => {
      expect(said(asleep().onMessage(ask(topic, text), LATER))).toEqual([]);
    });

    it('out of reach it does not hear it, also not later', () => {
      const sensor = asleep();
      sensor.setReachable(false);
      sensor.onTick(LATER);
      expect(said(sensor.onMessage(ask('get/temperature', ''), LATER))).toEqual([]);
      sensor.setReachable(true);
      expect(said(sensor.onTick(LATER))).toEqual([['availability', 'online']]);
    });
  });

  it('sends its time when configured to', () => {
    const sensor = createSensor({ sendsLastSeen: true });
    sensor.setTemperatureMilliCelsius(4_000);
    expect(said(sensor.onTick(START)).at(-1)).toMatchObject({ lastSeenMs: START });
  });

  it('whatever the world does to it, it says only what can be decoded, and stays calm', () => {
    const action = fc.oneof(
      fc.record({ milli: fc.integer({ min: -60_000, max: 60_000 }) }),
      fc.record({ percent: fc.double({ min: 0, max: 100, noNaN: true }) }),
      fc.record({ closed: fc.boolean() }),
      fc.record({ reachable: fc.boolean() }),
      fc.record({ fault: fc.option(fc.string(), { nil: undefined }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 20 }), (actions) => {
        const sensor = createSensor();
        const trace = run(sensor, actions.length, (second) => {
          const step = actions[second] ?? { milli: 0 };
          if ('milli' in step) sensor.setTemperatureMilliCelsius(step.milli);
          else if ('percent' in step) sensor.setBatteryPercent(step.percent);
          else if ('closed' in step) sensor.setContact(step.closed);
          else if ('reachable' in step) sensor.setReachable(step.reachable);
          else sensor.setFault(step.fault);
        });
        expect(trace.length).toBeLessThanOrEqual(2 * actions.length + 2);
      }),
    );
  });
});
