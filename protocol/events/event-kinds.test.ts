import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineEventKind } from './event-kind.ts';
import { EVENT_KINDS, laneOf } from './event-kinds.ts';
import { stockEvents } from './events.fixture.ts';
import { NUMBER_MEANINGS, time } from './fields.ts';
import { LANES, laneKind, perLane } from './lanes.ts';
import { stockEventSchema } from './stock-event.ts';
import { findUnstorableTime, mapTimes, shiftTimes } from './times.ts';

const kinds = Object.values(EVENT_KINDS).map((kind) => [kind.type, kind] as const);

describe.each(kinds)('the record of %s', (type, kind) => {
  it('stands under its type, and its example is one of its kind', () => {
    expect(EVENT_KINDS[type]).toBe(kind);
    expect(stockEventSchema.parse(kind.example)).toEqual(kind.example);
    expect(kind.example.type).toBe(type);
    expect(LANES).toContain(laneOf(type));
    expect(findUnstorableTime(kind.example)).toBeUndefined();
  });

  it('says what it means, and what each field means', () => {
    expect(kind.meaning).toMatch(/\.$/);
    for (const [name, field] of fieldsOf(kind.schema)) {
      if (name !== 'type') expect(field.description, name).toMatch(/\.$/);
    }
  });

  it('has all its times moved but readings of clocks, wherever they stand, and nothing else', () => {
    const byPath = new Map(numbersIn(kind.schema, kind.example));
    const moved = new Map(numbersIn(kind.schema, shiftTimes(kind.example, 1000)));
    for (const [path, { meaning, value }] of byPath) {
      expect(moved.get(path)?.value, path).toBe(meaning === 'time' ? value + 1000 : value);
    }
    expect(byPath.size).toBeGreaterThan(0);
  });

  it('is refused for a bad time wherever it stands', () => {
    for (const [path, { meaning }] of numbersIn(kind.schema, kind.example)) {
      const broken = replaced(kind.example, path.split('/'), 9e15);
      const isTime = meaning === 'time' || meaning === 'clock-reading';
      expect(findUnstorableTime(broken), path).toBe(isTime ? 9e15 : undefined);
    }
  });
});

function fieldsOf(schema: unknown): [string, z.ZodType][] {
  if (schema instanceof z.ZodOptional) return fieldsOf(schema.unwrap());
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries<z.ZodType>(schema.shape).flatMap(([name, field]) => [
    [name, field],
    ...fieldsOf(field),
  ]);
}

/** Another walk than the one under test: along an example, with the schema beside it. */
function numbersIn(schema: unknown, value: unknown): [string, { meaning: string; value: number }][] {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (typeof value === 'number') {
    const meaning = NUMBER_MEANINGS.get(inner as z.ZodNumber)?.number ?? 'none';
    return [['', { meaning, value }]];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const next = inner instanceof z.ZodArray ? inner.element : (inner as z.ZodObject).shape[name];
    return numbersIn(next, member).map(
      ([path, found]) => [path === '' ? name : `${name}/${path}`, found] as [string, typeof found],
    );
  });
}

function replaced<Value>(value: Value, [head, ...rest]: string[], by: number): Value {
  if (head === undefined) return by as Value;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  copy[head] = replaced(copy[head], rest, by);
  return copy as Value;
}

describe('times of events', () => {
  const shift = fc.integer({ min: -1e13, max: 1e13 });

  it('moved there and back are as before', () => {
    fc.assert(
      fc.property(stockEvents, shift, (event, byMs) => {
        expect(shiftTimes(shiftTimes(event, byMs), -byMs)).toEqual(event);
      }),
    );
  });

  it('moved twice are as moved once by both', () => {
    fc.assert(
      fc.property(stockEvents, shift, shift, (event, a, b) => {
        expect(shiftTimes(shiftTimes(event, a), b)).toEqual(shiftTimes(event, a + b));
      }),
    );
  });

  it('moved make an event of the same kind, unknown fields kept, and leave the one they were in alone', () => {
    fc.assert(
      fc.property(stockEvents, shift, (event, byMs) => {
        const before = structuredClone(event);
        const moved = shiftTimes({ ...event, future: { at: 5 } }, byMs);
        expect(stockEventSchema.parse(moved)).toEqual(moved);
        expect(moved).toMatchObject({ type: event.type, future: { at: 5 } });
        expect(event).toEqual(before);
      }),
    );
  });

  it('take a pass name along, unless it is another one', () => {
    const { example } = EVENT_KINDS.receipt;
    const { startedAt } = example;
    expect(mapTimes(example, (at) => at + 7).passId).toBe(`dock-1@${startedAt + 7}`);
    expect(mapTimes({ ...example, passId: 'of-old' }, (at) => at + 7).passId).toBe('of-old');
  });
});

it('a kind with a number that does not say what it means, or without a time, cannot be defined', () => {
  const define = (fields: z.ZodRawShape) => () =>
    defineEventKind({ type: 'new', lane: 'stock', meaning: '', fields, example: { type: 'new' } as never });
  expect(define({ occurredAt: time, endedAt: z.int() })).toThrow(/new\.endedAt is a number/);
  expect(define({ occurredAt: time, at: z.array(z.looseObject({ from: z.int() })) })).toThrow(
    /new\.at\[\]\.from/,
  );
  expect(define({ occurredAt: time, at: z.union([z.string(), time]) })).toThrow(/new\.at/);
  expect(define({ device: z.string() })).toThrow(/no time/);
});

it('every lane has its own place going up and being given up', () => {
  const places = (of: (lane: (typeof LANES)[number]) => number) => LANES.map(of).toSorted();
  const all = LANES.map((_, index) => index + 1);
  expect(places((lane) => laneKind(lane).urgency)).toEqual(all);
  expect(places((lane) => laneKind(lane).givenUp.place)).toEqual(all);
  expect(perLane((lane) => lane)).toEqual({ stock: 'stock', condition: 'condition', health: 'health' });
});
