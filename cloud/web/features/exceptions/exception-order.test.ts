import { describe, expect, it } from 'vitest';
import type { Exception } from '../../../contract/exceptions.ts';
import { orderExceptions } from './exception-order.ts';

const exception = (changes: Partial<Exception>): Exception => ({
  id: 'x',
  kind: 'TEMP_HIGH',
  severity: 'critical',
  title: 't',
  advice: 'a',
  subject: 's',
  location: 'cold-1',
  readPoint: null,
  raisedAt: '2026-03-02T06:00:00.000Z',
  clearedAt: null,
  status: 'raised',
  revision: 1,
  detail: {},
  holds: { active: 0, released: 0 },
  decisions: [],
  ...changes,
});

describe('exceptions', () => {
  it('stand in the order of need, and stay open while they hold stock', () => {
    const { open, done } = orderExceptions([
      exception({ id: 'resolved', status: 'resolved' }),
      exception({ id: 'holding', status: 'resolved', holds: { active: 2, released: 0 } }),
      exception({ id: 'acknowledged', status: 'acknowledged' }),
      exception({ id: 'warning', severity: 'warning' }),
      exception({ id: 'older' }),
      exception({ id: 'newer', raisedAt: '2026-03-02T07:00:00.000Z' }),
    ]);
    expect(open.map(({ id }) => id)).toEqual(['newer', 'older', 'warning', 'acknowledged', 'holding']);
    expect(done.map(({ id }) => id)).toEqual(['resolved']);
  });
});
