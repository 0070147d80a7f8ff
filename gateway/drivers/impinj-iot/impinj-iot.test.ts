/** The driver's options, and what no message may do to it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeEvents } from '../../../protocol/wire/impinj-iot/encode.ts';
import { propertyRuns } from '../../../test/support/property-runs.ts';
import { MESSAGE_ORIGINS, type MessageDriver } from '../driver.ts';
import { impinjIot } from './driver.ts';

const payloadOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

function createDriver(options: object = { topic: 'events' }): MessageDriver {
  const driver = impinjIot.create('reader-1', impinjIot.options.parse(options));
  if (driver.transport !== 'messages') throw new Error('impinj-iot runs on messages');
  return driver;
}

const anyOrigin = fc.constantFrom(...MESSAGE_ORIGINS);

describe('options', () => {
  it.each(['dock/+/events', '#', 'dock/#', '+', 'a/+/b/#', '/leading'])('%s is a topic filter', (topic) => {
    expect(impinjIot.options.parse({ topic })).toEqual({ topic, adjustClock: true, gpiActive: 'high' });
    expect(createDriver({ topic }).subscriptions).toEqual([topic]);
  });

  it.each([
    {},
    { topic: '' },
    { topic: 'a/#/b' },
    { topic: 'a+/b' },
    { topic: 'a#' },
    { topic: 'a', antennas: 4 },
    { topic: 'a', adjustClock: 'yes' },
  ])('%j is refused', (options) => {
    expect(() => impinjIot.options.parse(options)).toThrow();
  });
});

describe('whatever arrives', () => {
  it('reads do not depend on whether events come one by one or together, but for their arrival', () => {
    const epc = fc
      .uint8Array({ minLength: 12, maxLength: 12 })
      .map((list) => Buffer.from(list).toString('hex'));
    const event = fc.record({
      type: fc.constant('tagInventory' as const),
      epc,
      antennaPort: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.nat({ max: 20 }), (events, cut) => {
        const read = (parts: (typeof events)[]) => {
          const driver = createDriver();
          return parts.flatMap((part) => {
            const payload = encodeEvents(part);
            return driver.onMessage({ topic: 'events', payload, origin: 'live' }, 5000).readings;
          });
        };
        expect(read([events.slice(0, cut), events.slice(cut)])).toEqual(read([events]));
      }),
      { numRuns: propertyRuns(100) },
    );
  });

  it('garbage never throws, and the next good message is read', () => {
    const driver = createDriver();
    const good = encodeEvents([{ type: 'tagInventory', epc: 'e2000001' }]);
    const times = fc.record({
      tagInventoryEvent: fc.record({ epcHex: fc.constant('E2'), lastSeenTime: fc.anything() }),
      timestamp: fc.anything(),
    });
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(payloadOf),
      times.map((value) =>
        payloadOf(JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? 1 : item))),
      ),
    );
    fc.assert(
      fc.property(garbage, fc.string(), fc.integer(), anyOrigin, (payload, topic, now, origin) => {
        const output = driver.onMessage({ topic, payload, origin }, now);
        for (const reading of output.readings) {
          expect(reading.at).toBe(now);
          if (reading.kind === 'tag') expect(reading.lastSeenAt).toBeLessThanOrEqual(now);
        }
        const next = driver.onMessage({ topic: 'events', payload: good, origin: 'live' }, now);
        expect(next.readings).toHaveLength(1);
        expect(driver.onTick(now).readings).toEqual([]);
        expect(driver.nextTickAt()).toBeUndefined();
      }),
      { numRuns: propertyRuns(100) },
    );
  });
});
