/** Versioning, merging and delta, as properties of any sequence of updates. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyUpdate,
  deltaOf,
  isObject,
  type Json,
  type JsonObject,
  type ShadowDocument,
  type ShadowUpdate,
} from './shadow-document.ts';

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const { tree } = fc.letrec<{ tree: JsonObject; value: Json }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.constantFrom<Json>(null, true, 1, 2, 'x', [], [1, 2]), tie('tree')),
  tree: fc
    .array(fc.tuple(key, tie('value')), { maxLength: 3 })
    .map((entries): JsonObject => Object.fromEntries(entries)),
}));
const update = fc.record(
  { desired: fc.option(tree), reported: fc.option(tree) },
  { requiredKeys: [] },
) as fc.Arbitrary<ShadowUpdate>;

function fold(updates: readonly ShadowUpdate[]): ShadowDocument | undefined {
  let document: ShadowDocument | undefined;
  for (const [index, one] of updates.entries()) {
    document = applyUpdate(document, one, { version: index + 1, seconds: 100 + index });
  }
  return document;
}

const leaves = (value: Json, path = ''): string[] =>
  isObject(value)
    ? Object.entries(value).flatMap(([name, child]) => leaves(child, `${path}/${name}`))
    : [path];

describe('a shadow document', () => {
  it('has no null in it, whatever was sent', () => {
    fc.assert(
      fc.property(fc.array(update, { maxLength: 5 }), (updates) => {
        expect(JSON.stringify(fold(updates)?.state ?? {})).not.toContain(':null');
      }),
    );
  });

  it('shows each value of desired that reported lacks, and becomes quiet when the delta is reported', () => {
    fc.assert(
      fc.property(fc.array(update, { maxLength: 5 }), (updates) => {
        const document = fold(updates);
        if (document === undefined) return;
        const delta = deltaOf(document.state);
        if (delta === undefined) return;
        const wanted = new Set(leaves(document.state.desired ?? {}));
        for (const path of leaves(delta)) expect(wanted).toContain(path);
        // Where reported holds an object and desired does not, or the other way round, reporting replaces it.
        const settled = applyUpdate(document, { reported: null }, { version: 98, seconds: 1 });
        const reported = applyUpdate(
          settled,
          { reported: document.state.desired ?? {} },
          { version: 99, seconds: 2 },
        );
        expect(deltaOf(reported.state)).toBeUndefined();
      }),
    );
  });

  it('says the same when an update comes twice', () => {
    fc.assert(
      fc.property(fc.array(update, { maxLength: 4 }), update, (before, last) => {
        expect(fold([...before, last, last])?.state).toEqual(fold([...before, last])?.state);
      }),
    );
  });

  it('has a time for each value and for nothing else', () => {
    fc.assert(
      fc.property(fc.array(update, { maxLength: 5 }), (updates) => {
        const document = fold(updates);
        for (const section of ['desired', 'reported'] as const) {
          const state = document?.state[section];
          const times = document?.metadata[section];
          expect(times === undefined).toBe(state === undefined);
          if (state === undefined || times === undefined) continue;
          const paths = leaves(state).filter((path) => !Array.isArray(at(state, path)));
          expect(leaves(times).filter((path) => path.endsWith('/timestamp'))).toEqual(
            paths.map((path) => `${path}/timestamp`),
          );
        }
      }),
    );
  });

  it('keeps the time of what an update did not touch', () => {
    const document = fold([{ desired: { a: 1, b: { c: 2 } } }, { desired: { b: { d: 3 } } }]);
    expect(document?.metadata.desired).toEqual({
      a: { timestamp: 100 },
      b: { c: { timestamp: 100 }, d: { timestamp: 101 } },
    });
  });
});

function at(value: JsonObject, path: string): Json | undefined {
  let found: Json | undefined = value;
  for (const name of path.split('/').slice(1)) {
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}
