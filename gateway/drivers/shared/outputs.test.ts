import { expect, test } from 'vitest';
import { Outputs } from './outputs.ts';

test('nothing said is nothing', () => {
  expect(new Outputs().finish()).toEqual({ readings: [], send: [], discarded: [] });
});

test('things thrown away count one by one, bytes of a stream once for each reason, and none not at all', () => {
  const out = new Outputs();
  out.discardBytes('GARBAGE', 2);
  out.discard('BAD_CRC', 0);
  out.discardBytes('CUT_OFF', 0);
  out.discard('BAD_CRC', 8);
  out.discardBytes('GARBAGE', 3);
  expect(out.finish().discarded).toEqual([
    { reason: 'BAD_CRC', bytes: 0 },
    { reason: 'BAD_CRC', bytes: 8 },
    { reason: 'GARBAGE', bytes: 5 },
  ]);
});

test('the first reason to open anew stands, and the last state', () => {
  const out = new Outputs();
  out.reconnect('silent');
  out.reconnect('refused');
  out.state('asking');
  out.state('lost');
  expect(out.finish()).toMatchObject({ reconnect: 'silent', state: 'lost' });
});
