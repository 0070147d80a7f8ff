import { describe, expect, it } from 'vitest';
import { failureOf } from './database-error.ts';

const withCode = (code: string) => Object.assign(new Error('failed'), { code });

describe('a database error', () => {
  it.each([
    ['a lost race', withCode('40001'), 'transient'],
    ['a deadlock', withCode('40P01'), 'transient'],
    ['a server that shuts down', withCode('57P01'), 'transient'],
    ['a server that starts', withCode('57P03'), 'transient'],
    ['a broken connection', withCode('08006'), 'transient'],
    ['nobody listening', withCode('ECONNREFUSED'), 'transient'],
    ['a connection cut in a query', new Error('Connection terminated unexpectedly'), 'transient'],
    ['a race wrapped in another error', new Error('outer', { cause: withCode('40001') }), 'transient'],
    ['a value out of range', withCode('22003'), 'data'],
    ['text that jsonb does not take', withCode('22P05'), 'data'],
    ['nesting beyond the stack', withCode('54001'), 'data'],
    ['a missing table', withCode('42P01'), 'other'],
    ['a full disk', withCode('53100'), 'other'],
    ['a fault of our own', new TypeError('x is undefined'), 'other'],
    ['no error at all', 'text', 'other'],
  ])('of %s', (_title, error, failure) => {
    expect(failureOf(error)).toBe(failure);
  });
});
