import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, isStockEventType } from './event-kinds.ts';
import { stockEvents } from './events.fixture.ts';
import { MAX_UNKNOWN_EVENT_WEIGHT, parseEvent, parseEventRecord } from './parse-event.ts';

const envelope = { seq: 3, recordedAt: 10, bootId: 'b', monotonicMs: 5.5, clock: 'synced' } as const;
const unknownTypes = fc.stringMatching(/^[a-z][a-z0-9-]{0,63}$/).filter((type) => !isStockEventType(type));
/** As JSON.parse makes them. */
const bodies = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 })
  .map((body) => JSON.parse(JSON.stringify(body)) as Record<string, unknown>);
const toCome = {
  type: 'kind-to-come',
  occurredAt: 1_780_293_600_000,
  readPoint: 'aisle-1',
  tags: [{ epc: '30' }],
};

describe('an event as JSON', () => {
  it('of a known kind comes back whole, with what this version does not know of it', () => {
    fc.assert(
      fc.property(stockEvents, (event) => {
        const sent = { ...event, future: [1, { deep: true }] };
        expect(parseEvent(sent)).toEqual({ outcome: 'known', event: sent });
        const record = { ...envelope, event: sent };
        expect(parseEventRecord(record)).toEqual({ outcome: 'known', record });
      }),
    );
  });

  it('of a kind that is not known here is kept as it came', () => {
    fc.assert(
      fc.property(unknownTypes, bodies, (type, body) => {
        const raw = { ...body, type };
        const copy = structuredClone(raw);
        const parsed = parseEvent(raw);
        expect(parsed).toMatchObject({ outcome: 'unknown', event: { type } });
        expect(parsed.outcome === 'unknown' && parsed.event.raw).toEqual(copy);
      }),
    );
    expect(parseEvent(toCome)).toEqual({
      outcome: 'unknown',
      event: { type: 'kind-to-come', occurredAt: toCome.occurredAt, raw: toCome },
    });
    const origin = { epoch: 'epoch-0001', seq: 9 };
    expect(parseEventRecord({ ...envelope, origin, event: toCome })).toEqual({
      outcome: 'unknown',
      record: {
        ...envelope,
        origin,
        event: { type: 'kind-to-come', occurredAt: toCome.occurredAt, raw: toCome },
      },
    });
  });

  it.each(['constructor', 'tostring', 'valueof'])(
    'of the kind "%s" is an unknown one like any other',
    (type) => {
      expect(parseEvent({ type })).toEqual({ outcome: 'unknown', event: { type, raw: { type } } });
    },
  );

  it.each([9e15, -9e15, 1.5, '2026-01-01', null, Number.MAX_SAFE_INTEGER, {}])(
    'of an unknown kind is kept without a time that is none: %s',
    (occurredAt) => {
      const raw = { ...toCome, occurredAt };
      expect(parseEvent(raw)).toEqual({ outcome: 'unknown', event: { type: 'kind-to-come', raw } });
    },
  );

  it.each(['', 'Kind', '1kind', '-kind', 'kind_1', 'a'.repeat(65), 'swéep', 5, null, undefined, ['kind']])(
    'with a type that no kind has is none: %s',
    (type) => {
      expect(parseEvent({ ...toCome, type })).toMatchObject({ outcome: 'invalid' });
      const record = { ...envelope, event: { ...toCome, type } };
      expect(parseEventRecord(record)).toEqual({
        outcome: 'invalid',
        reason: expect.stringMatching(/event/),
      });
    },
  );

  it.each(Object.values(EVENT_KINDS).map((kind) => [kind.type, kind] as const))(
    'of the kind %s with a body that does not fit is none, and never an unknown one',
    (type, { example }) => {
      expect(parseEvent({ type })).toMatchObject({ outcome: 'invalid' });
      const late = { ...example, occurredAt: 9e15 };
      expect(parseEvent(late)).toEqual({ outcome: 'invalid', reason: 'no such time: 9000000000000000' });
      expect(parseEventRecord({ ...envelope, event: late })).toEqual({
        outcome: 'invalid',
        reason: 'no such time: 9000000000000000',
      });
      const wrong = { ...envelope, event: { ...example, occurredAt: 'noon' } };
      expect(parseEventRecord(wrong)).toEqual({
        outcome: 'invalid',
        reason: expect.stringMatching(/^event\.occurredAt: /),
      });
    },
  );

  it('of an unknown kind in an envelope that does not fit is none', () => {
    expect(parseEventRecord({ ...envelope, seq: 0, event: toCome })).toEqual({
      outcome: 'invalid',
      reason: expect.stringMatching(/^seq: /),
    });
  });

  it('of an unknown kind is bounded in size and depth', () => {
    const text = (length: number) => parseEvent({ type: 'kind-to-come', text: 'x'.repeat(length) }).outcome;
    expect(text(MAX_UNKNOWN_EVENT_WEIGHT - 100)).toBe('unknown');
    expect(text(MAX_UNKNOWN_EVENT_WEIGHT)).toBe('invalid');
    const list = (length: number) =>
      parseEvent({ type: 'kind-to-come', list: Array(length).fill(0) }).outcome;
    expect([list(10_000), list(MAX_UNKNOWN_EVENT_WEIGHT)]).toEqual(['unknown', 'invalid']);
    const nested = (levels: number) =>
      parseEvent({ type: 'kind-to-come', deep: JSON.parse('['.repeat(levels) + ']'.repeat(levels)) }).outcome;
    expect([nested(31), nested(32), nested(20_000)]).toEqual(['unknown', 'invalid', 'invalid']);
    const keys = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`key-${index}`, {}]));
    expect(parseEvent({ type: 'kind-to-come', keys }).outcome).toBe('invalid');
  });

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (value, more) => {
        const outcomes = ['known', 'unknown', 'invalid'];
        expect(outcomes).toContain(parseEvent(value).outcome);
        expect(outcomes).toContain(parseEventRecord({ ...envelope, event: value, more }).outcome);
        expect(outcomes).toContain(parseEventRecord(value).outcome);
      }),
    );
  });
});
