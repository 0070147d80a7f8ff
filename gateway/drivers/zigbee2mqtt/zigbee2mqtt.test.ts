/** The driver's options, and what no message may do to it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeState } from '../../../protocol/wire/zigbee2mqtt/payload.ts';
import { propertyRuns } from '../../../test/support/property-runs.ts';
import { MESSAGE_ORIGINS, type MessageDriver } from '../driver.ts';
import { zigbee2Mqtt } from './driver.ts';
import { MAX_SENSORS } from './sensor-health.ts';

const payloadOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

function createDriver(options: object = {}): MessageDriver {
  const driver = zigbee2Mqtt.create('zigbee', zigbee2Mqtt.options.parse(options));
  if (driver.transport !== 'messages') throw new Error('zigbee2mqtt runs on messages');
  return driver;
}

const anyOrigin = fc.constantFrom(...MESSAGE_ORIGINS);

describe('options', () => {
  it('takes the base topic, by default the one of Zigbee2MQTT', () => {
    expect(createDriver().subscriptions).toEqual(['zigbee2mqtt/#']);
    expect(createDriver({ baseTopic: 'site/z2m' }).subscriptions).toEqual(['site/z2m/#']);
  });

  it.each([{ baseTopic: '' }, { baseTopic: 'a/' }, { baseTopic: 'a/#' }, { baseTopic: '+' }, { topic: 'a' }])(
    '%j is refused',
    (options) => {
      expect(() => zigbee2Mqtt.options.parse(options)).toThrow();
    },
  );
});

describe('whatever arrives', () => {
  const good = encodeState({ temperatureMilliCelsius: 3500 });

  it('garbage never throws, and the next good message is read', () => {
    const driver = createDriver();
    const keys = fc.constantFrom(
      'temperature',
      'humidity',
      'contact',
      'battery',
      'battery_low',
      'last_seen',
      'state',
    );
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(payloadOf),
      fc.dictionary(keys, fc.jsonValue()).map(payloadOf),
    );
    const topic = fc.oneof(
      fc.string(),
      fc.string().map((tail) => `zigbee2mqtt/${tail}`),
      fc.constantFrom(
        'zigbee2mqtt/p',
        'zigbee2mqtt/p/availability',
        'zigbee2mqtt/bridge/state',
        'zigbee2mqtt/p/set',
      ),
    );
    fc.assert(
      fc.property(topic, payload, anyOrigin, fc.integer(), (topic, payload, origin, now) => {
        const output = driver.onMessage({ topic, payload, origin }, now);
        for (const reading of output.readings) {
          expect(reading.at).toBe(now);
          if (reading.kind !== 'condition') continue;
          expect(reading.sampledAt).toBeLessThanOrEqual(now);
          if (reading.valueMilli !== undefined) expect(Number.isSafeInteger(reading.valueMilli)).toBe(true);
        }
        const next = driver.onMessage({ topic: 'zigbee2mqtt/other', payload: good, origin: 'live' }, now);
        expect(next.readings).toHaveLength(1);
        expect(driver.onTick(now).readings).toEqual([]);
        expect(driver.nextTickAt()).toBeUndefined();
      }),
      { numRuns: propertyRuns(500) },
    );
  });

  it('remembers no more sensors than its limit, and reads on beyond it', () => {
    const driver = createDriver();
    const low = encodeState({ temperatureMilliCelsius: 3500, batteryMilliPercent: 5000 });
    const kinds = (sensor: number) =>
      driver
        .onMessage({ topic: `zigbee2mqtt/s${sensor}`, payload: low, origin: 'live' }, 1)
        .readings.map((reading) => reading.kind);
    for (let sensor = 0; sensor < MAX_SENSORS; sensor++)
      expect(kinds(sensor)).toEqual(['condition', 'health']);
    expect(kinds(MAX_SENSORS)).toEqual(['condition']);
    expect(kinds(0)).toEqual(['condition']);
  });
});
