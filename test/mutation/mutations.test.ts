/** The list must fit the source at any time: a mutation whose text is gone proves nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { applyEdit } from './mutation.ts';
import { MUTATIONS } from './mutations/all.ts';

test.each(MUTATIONS)('$name can be made, and its judge is there', ({ edits, judge }) => {
  const changed = new Map<string, string>();
  for (const edit of edits) {
    const source = changed.get(edit.file) ?? readFileSync(edit.file, 'utf8');
    changed.set(edit.file, applyEdit(source, edit));
  }
  for (const [file, text] of changed) expect(text).not.toBe(readFileSync(file, 'utf8'));
  expect(existsSync(judge)).toBe(true);
});

test('each has a name of its own', () => {
  const names = MUTATIONS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
