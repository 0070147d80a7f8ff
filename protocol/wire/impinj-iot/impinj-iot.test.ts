/** The reader's JSON both ways: its published example, what older and odd readers send, and garbage. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, MAX_MESSAGE_BYTES } from './decode.ts';
import { encodeEvent, encodeEvents } from './encode.ts';
import type { ImpinjEvent } from './event.ts';
import { fromBase64Field, fromHexField, MAX_EPC_BYTES, toBase64Field } from './tag-bytes.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const hexText = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((list) => Buffer.from(list).toString('hex'));

const EXAMPLE = {
  timestamp: '2026-01-01T12:00:00.123456789Z',
  hostname: 'impinj-01-23-45',
  eventType: 'tagInventory',
  tagInventoryEvent: {
    epc: 'ftqQOAUQAnEAAsCu',
    epcHex: '7EDA9038051002710002C0AE',
    tid: '4oARcCAAFM2bWgjs',
    tidHex: 'E2801170200014CD9B5A08EC',
    pc: 'NAA=',
    antennaPort: 1,
    antennaName: 'DOCK-1-IN',
    peakRssiCdbm: -5834,
    frequency: 927_250,
    transmitPowerCdbm: 3000,
    lastSeenTime: '2026-01-01T12:00:00.1Z',
    phaseAngle: 69.0,
  },
};

const EXAMPLE_EVENT: ImpinjEvent = {
  type: 'tagInventory',
  timestampMs: Date.UTC(2026, 0, 1, 12, 0, 0, 123),
  hostname: 'impinj-01-23-45',
  epc: '7eda9038051002710002c0ae',
  tid: 'e2801170200014cd9b5a08ec',
  pc: '3400',
  antennaPort: 1,
  antennaName: 'DOCK-1-IN',
  peakRssiCdbm: -5834,
  frequencyKilohertz: 927_250,
  transmitPowerCdbm: 3000,
  lastSeenMs: Date.UTC(2026, 0, 1, 12, 0, 0, 100),
  phaseAngle: 69,
};

describe('decoding', () => {
  it('reads the documented tag inventory event', () => {
    expect(decodeMessage(bytes(EXAMPLE))).toEqual({ events: [EXAMPLE_EVENT], refused: [] });
  });

  it('reads the same event without its type and without hex notation, as version 1 readers send it', () => {
    const { eventType: _, ...old } = EXAMPLE;
    const { epcHex: __, tidHex: ___, ...body } = EXAMPLE.tagInventoryEvent;
    expect(decodeMessage(bytes({ ...old, tagInventoryEvent: body })).events).toEqual([EXAMPLE_EVENT]);
  });

  it('reads arrays in order and keeps the good events next to bad ones', () => {
    const { events, refused } = decodeMessage(
      bytes([
        EXAMPLE,
        17,
        { eventType: 'gpiTransition', gpiTransitionEvent: { gpi: 2, transition: 'high-to-low' } },
      ]),
    );
    expect(events.map((event) => event.type)).toEqual(['tagInventory', 'gpiTransition']);
    expect(refused.map((refusal) => refusal.reason)).toEqual(['UNKNOWN_MESSAGE']);
  });

  it('a field of the wrong type counts as absent', () => {
    const odd = {
      tagInventoryEvent: { epcHex: 'E280', antennaPort: 'one', peakRssiCdbm: null, lastSeenTime: 5 },
    };
    expect(decodeMessage(bytes(odd)).events).toEqual([{ type: 'tagInventory', epc: 'e280' }]);
  });

  it.each([
    [
      'antennaConnected',
      { antennaConnectedEvent: { antennaPort: 3 } },
      { type: 'antennaConnected', antennaPort: 3 },
    ],
    [
      'antennaDisconnected',
      { antennaDisconnectedEvent: { antennaPort: 3 } },
      { type: 'antennaDisconnected', antennaPort: 3 },
    ],
    [
      'inventoryStatus',
      { inventoryStatusEvent: { inventoryStatus: 'idle' } },
      { type: 'inventoryStatus', inventoryStatus: 'idle' },
    ],
  ])('reads %s with and without its type', (eventType, body, expected) => {
    expect(decodeMessage(bytes({ eventType, ...body })).events).toEqual([expected]);
    expect(decodeMessage(bytes(body)).events).toEqual([expected]);
  });

  it('knows a well-formed event of another type from nonsense', () => {
    expect(decodeMessage(bytes({ eventType: 'diagnostic', diagnosticEvent: {} })).events).toEqual([
      { type: 'other', eventType: 'diagnostic' },
    ]);
    expect(decodeMessage(bytes({ temperature: 21 })).refused).toEqual([
      { reason: 'UNKNOWN_MESSAGE', bytes: 18 },
    ]);
  });

  it.each([
    ['not JSON', '{"eventType"', 'BAD_JSON'],
    ['an empty message', '', 'BAD_JSON'],
    [
      'a tag event without a tag',
      { eventType: 'tagInventory', tagInventoryEvent: { antennaPort: 1 } },
      'BAD_EVENT',
    ],
    ['a tag event without a body', { eventType: 'tagInventory' }, 'BAD_EVENT'],
    ['an EPC that is neither hex nor base64', { tagInventoryEvent: { epc: 'not an epc!' } }, 'BAD_EPC'],
    ['an EPC longer than any tag has', { tagInventoryEvent: { epcHex: 'ab'.repeat(63) } }, 'BAD_EPC'],
    ['a GPI event without a port', { gpiTransitionEvent: { transition: 'high-to-low' } }, 'BAD_EVENT'],
  ])('%s is refused and counted', (_, message, reason) => {
    const payload = bytes(message);
    expect(decodeMessage(payload)).toEqual({ events: [], refused: [{ reason, bytes: payload.length }] });
  });

  it('a message over the limit is refused unread, one at the limit is read', () => {
    const atLimit = bytes(EXAMPLE).length;
    const pad = ' '.repeat(MAX_MESSAGE_BYTES - atLimit);
    expect(decodeMessage(bytes(JSON.stringify(EXAMPLE) + pad)).events).toHaveLength(1);
    expect(decodeMessage(bytes(`${JSON.stringify(EXAMPLE)}${pad} `))).toEqual({
      events: [],
      refused: [{ reason: 'OVERSIZED_MESSAGE', bytes: MAX_MESSAGE_BYTES + 1 }],
    });
  });
});

describe('tag memory in JSON', () => {
  it('hex and base64 of an EPC of whole words come back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 31 }).chain((words) => hexText(2 * words, 2 * words)),
        (hex) => {
          expect(fromHexField(hex.toUpperCase())).toBe(hex);
          fc.pre(!/^(?:[0-9A-Fa-f]{4}){5,}$/.test(toBase64Field(hex)));
          expect(fromBase64Field(toBase64Field(hex))).toBe(hex);
        },
      ),
    );
  });

  it('an EPC written as hex in the base64 field is taken for what it is', () => {
    expect(fromBase64Field('3074257BF7194E4000001A85')).toBe('3074257bf7194e4000001a85');
    expect(fromBase64Field('AAAAAAAAAAAAAAAA')).toBe('00'.repeat(12));
    expect(fromBase64Field('ftqQOAUQAnEAAsCu')).toBe('7eda9038051002710002c0ae');
    expect(fromHexField('30:74-25 7B')).toBe('3074257b');
    expect(fromHexField('ab'.repeat(MAX_EPC_BYTES))).toHaveLength(2 * MAX_EPC_BYTES);
  });

  it('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        fromHexField(text);
        fromBase64Field(text);
        parseTimestamp(text);
      }),
    );
  });
});

describe('timestamps', () => {
  it('any millisecond with any nanoseconds comes back as that millisecond', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_102_444_799_999 }),
        fc.integer({ min: 0, max: 999_999 }),
        (ms, nanoseconds) => {
          expect(parseTimestamp(formatTimestamp(ms, nanoseconds))).toBe(ms);
        },
      ),
    );
  });

  it.each([
    ['2026-01-01T12:00:00Z', Date.UTC(2026, 0, 1, 12)],
    ['2026-01-01T12:00:00.5Z', Date.UTC(2026, 0, 1, 12, 0, 0, 500)],
    ['2026-01-01T12:00:00.000+0130', Date.UTC(2026, 0, 1, 10, 30)],
    ['2026-01-01T12:00:00-02:00', Date.UTC(2026, 0, 1, 14)],
    ['2026-02-30T12:00:00Z', undefined],
    ['2026-13-01T12:00:00Z', undefined],
    ['2026-01-01 12:00', undefined],
  ])('%s', (text, expected) => {
    expect(parseTimestamp(text)).toBe(expected);
  });
});

describe('round trip', () => {
  const envelope = {
    timestampMs: fc.integer({ min: 0, max: 4_102_444_799_999 }),
    hostname: fc.stringMatching(/^impinj-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}$/),
  };
  const port = fc.integer({ min: 1, max: 32 });
  const tag = fc.record(
    {
      type: fc.constant('tagInventory' as const),
      ...envelope,
      epc: hexText(1, MAX_EPC_BYTES),
      tid: hexText(12, 12),
      pc: hexText(2, 2),
      antennaPort: port,
      antennaName: fc.string({ maxLength: 40 }),
      peakRssiCdbm: fc.integer({ min: -9000, max: 0 }),
      transmitPowerCdbm: fc.integer({ min: 1000, max: 3300 }),
      frequencyKilohertz: fc.integer({ min: 860_000, max: 960_000 }),
      phaseAngle: fc.integer({ min: 0, max: 359 }),
      lastSeenMs: envelope.timestampMs,
    },
    { requiredKeys: ['type', 'epc'] },
  );
  const other = fc.oneof(
    fc.record({
      type: fc.constant('gpiTransition' as const),
      ...envelope,
      gpi: port,
      transition: fc.constantFrom('high-to-low' as const, 'low-to-high' as const),
    }),
    fc.record({
      type: fc.constantFrom('antennaConnected' as const, 'antennaDisconnected' as const),
      ...envelope,
      antennaPort: port,
    }),
    fc.record({
      type: fc.constant('inventoryStatus' as const),
      ...envelope,
      inventoryStatus: fc.constantFrom('running' as const, 'idle' as const),
    }),
    fc.record({ type: fc.constant('other' as const), ...envelope, eventType: fc.constant('diagnostic') }),
  );
  const anyEvent: fc.Arbitrary<ImpinjEvent> = fc.oneof(tag, other);

  it('every event comes back as it was, alone and in an array', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 5 }),
        fc.integer({ min: 0, max: 999_999 }),
        (events, nanoseconds) => {
          expect(decodeMessage(encodeEvents(events, nanoseconds))).toEqual({ events, refused: [] });
          for (const event of events) {
            expect(decodeMessage(encodeEvent(event, nanoseconds)).events).toEqual([event]);
          }
        },
      ),
    );
  });
});

describe('garbage', () => {
  it('random bytes and random JSON never throw, and every byte of them is accounted for', () => {
    const keys = fc.constantFrom(
      'eventType',
      'tagInventoryEvent',
      'gpiTransitionEvent',
      'epc',
      'epcHex',
      'timestamp',
    );
    const json = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(keys, fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue()))),
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), json.map(bytes)), (payload) => {
        const { events, refused } = decodeMessage(payload);
        expect(events.length + refused.length).toBeLessThanOrEqual(Math.max(1, payload.length));
        const lost = refused.reduce((sum, refusal) => sum + refusal.bytes, 0);
        expect(lost).toBeLessThanOrEqual(payload.length);
        if (events.length === 0 && refused.length === 0)
          expect(new TextDecoder().decode(payload)).toMatch(/^\s*\[\s*\]\s*$/);
      }),
      { numRuns: 500 },
    );
  });

  it('hundred thousands of brackets or numbers is one refusal', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const wide = `[${'1,'.repeat(100_000)}1]`;
    for (const text of [deep, wide]) {
      expect(decodeMessage(bytes(text)).refused.map((refusal) => refusal.reason)).toEqual([
        'UNKNOWN_MESSAGE',
      ]);
    }
  });
});
