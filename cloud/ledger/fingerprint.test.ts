import { describe, expect, it } from 'vitest';
import { fingerprint, fnv1a64 } from './fingerprint.ts';

describe('fingerprints', () => {
  // Test vectors of the FNV reference (isthe.com/chongo/src/fnv/test_fnv.c).
  it.each([
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ])('FNV-1a of "%s" is %s', (text, hash) => {
    expect(fnv1a64(text)).toBe(hash);
  });

  it('keep the borders between parts', () => {
    expect(fingerprint('ab', 'c')).not.toBe(fingerprint('a', 'bc'));
  });
});
