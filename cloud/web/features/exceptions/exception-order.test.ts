import { describe, expect, it } from 'vitest';
import { exception } from '../../shell/exception.fixture.ts';
import { orderExceptions } from './exception-order.ts';

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
