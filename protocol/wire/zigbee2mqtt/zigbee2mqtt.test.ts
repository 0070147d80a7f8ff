/** Topics, payloads and decimals of Zigbee2MQTT, both ways, and garbage. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMilli, toMilli } from '../shared/decimal.ts';
import {
  decodeAvailability,
  decodeState,
  encodeAvailability,
  encodeState,
  MAX_STATE_BYTES,
  type SensorState,
} from './payload.ts';
import { availabilityTopic, bridgeStateTopic, parseTopic, stateTopic } from './topic.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('thousandths', () => {
  it('every whole thousandth comes back from its JSON number', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), (milli) => {
        expect(toMilli(fromMilli(milli))).toBe(milli);
        expect(toMilli(JSON.parse(JSON.stringify(fromMilli(milli))))).toBe(milli);
        expect(toMilli(String(fromMilli(milli)))).toBe(milli);
      }),
    );
  });

  it.each([
    [1.005, 1005],
    [0.0005, 1],
    [-0.0005, -1],
    [0.00049999, 0],
    [-0.0001, 0],
    [1e-7, 0],
    [1.5e3, 1_500_000],
    ['100.00', 100_000],
    ['.5', 500],
    [' 21 ', 21_000],
    ['', undefined],
    ['.', undefined],
    ['1,5', undefined],
    [true, undefined],
    [1e300, undefined],
    [Number.NaN, undefined],
    ['9'.repeat(50), undefined],
    ['0e99', 0],
  ])('%j is %j', (value, milli) => {
    expect(toMilli(value)).toBe(milli);
  });

  it('nothing makes it throw, and what it gives is a safe integer', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.double(), fc.stringMatching(/^[-+.e0-9]{0,12}$/)), (value) => {
        const milli = toMilli(value);
        if (milli !== undefined) expect(Number.isSafeInteger(milli)).toBe(true);
      }),
    );
  });
});

describe('topics', () => {
  it('a friendly name with slashes comes back', () => {
    const level = fc
      .stringMatching(/^[a-zA-Z0-9 _-]{1,8}$/)
      .filter((text) => !['set', 'get', 'availability'].includes(text));
    const name = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
    fc.assert(
      fc.property(fc.constantFrom('zigbee2mqtt', 'site/z2m'), name, (base, friendlyName) => {
        fc.pre(!/^bridge(\/|$)/.test(friendlyName));
        expect(parseTopic(base, stateTopic(base, friendlyName))).toEqual({ kind: 'state', friendlyName });
        expect(parseTopic(base, availabilityTopic(base, friendlyName))).toEqual({
          kind: 'availability',
          friendlyName,
        });
        for (const verb of ['set', 'get', 'set/state', 'get/temperature']) {
          expect(parseTopic(base, `${base}/${friendlyName}/${verb}`)).toEqual({ kind: 'command' });
        }
      }),
    );
    expect(parseTopic('z', bridgeStateTopic('z'))).toEqual({ kind: 'bridgeState' });
    expect(parseTopic('z', 'z/bridge/devices')).toEqual({ kind: 'bridge' });
  });

  it.each(['zigbee2mqtt', 'zigbee2mqtt/', 'zigbee2mqttx/a', 'other/zigbee2mqtt/a', ''])(
    '%j is not ours',
    (topic) => {
      expect(parseTopic('zigbee2mqtt', topic)).toBeUndefined();
    },
  );

  it('no topic makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (base, topic) => {
        parseTopic(base, topic);
        parseTopic(base, `${base}/${topic}`);
      }),
    );
  });
});

describe('payloads', () => {
  const measured = (max: number) =>
    fc.oneof(fc.integer({ min: -100_000, max }), fc.constant('invalid' as const));
  const state: fc.Arbitrary<SensorState> = fc.record(
    {
      temperatureMilliCelsius: measured(100_000),
      humidityMilliPercent: measured(100_000),
      contact: fc.boolean(),
      batteryMilliPercent: fc.integer({ min: 0, max: 100_000 }),
      batteryLow: fc.boolean(),
      lastSeenMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    },
    { requiredKeys: [] },
  );

  it('every state comes back as it was', () => {
    fc.assert(
      fc.property(state, (state) => {
        expect(decodeState(encodeState(state))).toEqual({ ok: true, state, unreadable: [] });
      }),
    );
  });

  it('availability comes back, and the bare word of older versions is understood', () => {
    expect(decodeAvailability(encodeAvailability('online'))).toBe('online');
    expect(decodeAvailability(encodeAvailability('offline'))).toBe('offline');
    expect(decodeAvailability(bytes('offline'))).toBe('offline');
    expect(decodeAvailability(bytes('"online"'))).toBe('online');
    expect(decodeAvailability(bytes('{"state":"asleep"}'))).toBeUndefined();
    expect(decodeAvailability(bytes(''))).toBeUndefined();
  });

  it('a state over the limit is refused unread, one at the limit is read', () => {
    const text = '{"temperature":4}';
    expect(decodeState(bytes(text.padEnd(MAX_STATE_BYTES)))).toMatchObject({ ok: true });
    expect(decodeState(bytes(text.padEnd(MAX_STATE_BYTES + 1)))).toEqual({
      ok: false,
      reason: 'OVERSIZED_MESSAGE',
    });
    expect(decodeAvailability(bytes('online'.padEnd(MAX_STATE_BYTES + 1)))).toBeUndefined();
  });

  it('random bytes and random JSON never throw', () => {
    const keys = fc.constantFrom('temperature', 'humidity', 'contact', 'battery', 'last_seen', 'state');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(bytes),
          fc.dictionary(keys, fc.jsonValue()).map((value) => bytes(JSON.stringify(value))),
        ),
        (payload) => {
          decodeState(payload);
          decodeAvailability(payload);
        },
      ),
      { numRuns: 500 },
    );
  });
});
