import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digestOf, MAX_JSON_DEPTH, whyNotStorable } from './canonical.ts';

function shuffleKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffleKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, child]) => [key, shuffleKeys(child)]),
  );
}

const json = fc.jsonValue({ maxDepth: 5 });

describe('canonical JSON', () => {
  it('means the same value and does not depend on the order of keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        const text = canonicalJson(plain);
        expect(JSON.parse(text)).toEqual(plain);
        expect(canonicalJson(shuffleKeys(plain))).toBe(text);
      }),
    );
  });

  it('distinguishes two different values by their digest', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const texts = [one, other].map((value) => canonicalJson(JSON.parse(JSON.stringify(value))));
        expect(digestOf(texts[0] ?? '') === digestOf(texts[1] ?? '')).toBe(texts[0] === texts[1]);
      }),
    );
  });

  it('knows what is nested too deeply without running out of stack', () => {
    const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(whyNotStorable(nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(whyNotStorable(nested(MAX_JSON_DEPTH + 1))).toBe('nested too deeply');
    expect(whyNotStorable(nested(100_000))).toBe('nested too deeply');
  });

  it('knows the texts that the database cannot keep', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const reason = /\0|\p{Surrogate}/u.test(text)
          ? 'a text holds NUL or an unpaired surrogate'
          : undefined;
        for (const value of [text, { text }, { [text]: 1 }, [{ tags: [text] }]]) {
          expect(whyNotStorable(JSON.parse(JSON.stringify(value)))).toBe(reason);
        }
      }),
    );
    for (const text of ['\0', '\\\0', '\ud800', 'a\udc00b']) expect(whyNotStorable(text)).toBeDefined();
    for (const text of ['a\\u0000', '\\ud800', '😀', '']) expect(whyNotStorable(text)).toBeUndefined();
  });
});
