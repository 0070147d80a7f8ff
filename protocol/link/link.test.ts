import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LANES } from '../events/lanes.ts';
import { type Batch, decodeBatch, encodeBatch, MAX_BATCH_BYTES, MAX_BATCH_EVENTS } from './batch.ts';
import { ackTopic, isGatewayId, parseTopic, stateTopic, upTopic } from './topics.ts';

const batch = (over: Partial<Batch> = {}): Batch => ({
  v: 1,
  gateway: 'gw-1',
  epoch: 'epoch-0001',
  lane: 'condition',
  firstSeq: 1,
  lastSeq: 2,
  prunedUpTo: 0,
  events: [
    {
      seq: 1,
      recordedAt: 10,
      bootId: 'b',
      monotonicMs: 5.5,
      clock: 'synced',
      event: {
        type: 'sample',
        readPoint: 'cold-1',
        device: 'bus',
        occurredAt: 9,
        metric: 'temperature',
        valueMilli: 4100,
        reason: 'first',
      },
    },
  ],
  ...over,
});
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const reasonOf = (payload: Uint8Array) => {
  const decoded = decodeBatch(payload);
  return decoded.ok ? 'accepted' : decoded.reason;
};

describe('a batch on the link', () => {
  it('comes back as it was sent, small and plain or large and gzipped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const first = batch().events[0];
        const events = Array.from({ length: count }, (_, index) => ({
          ...first,
          seq: index + 1,
        })) as Batch['events'];
        const sent = batch({ lastSeq: count, events });
        const payload = encodeBatch(sent);
        expect(payload[0] === 0x1f).toBe(JSON.stringify(sent).length > 1024);
        expect(decodeBatch(payload)).toEqual({ ok: true, batch: sent });
      }),
    );
  });

  it('keeps fields it does not know, for a cloud older than its gateway', () => {
    const sent = batch();
    const withMore = { ...sent, events: [{ ...sent.events[0], future: true }] };
    expect(decodeBatch(bytes(withMore))).toMatchObject({ ok: true, batch: { events: [{ future: true }] } });
  });

  it.each([
    ['nothing', Buffer.alloc(0), /not readable/],
    ['no JSON', Buffer.from('hello'), /not readable/],
    ['half a gzip', gzipSync('{}').subarray(0, 12), /not readable/],
    ['another version', bytes({ ...batch(), v: 2 }), /v/],
    ['a lane that is none', bytes({ ...batch(), lane: 'secrets' }), /lane/],
    [
      'a range that runs backwards',
      bytes({ ...batch(), firstSeq: 5, lastSeq: 4 }),
      /lastSeq is below firstSeq/,
    ],
    ['too many events', bytes({ ...batch(), events: Array(MAX_BATCH_EVENTS + 1).fill({}) }), /events/],
    ['too many bytes', Buffer.alloc(MAX_BATCH_BYTES + 1, 0x20), /over the limit/],
    ['a gzip bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)), /not readable|over the limit/],
  ])('is refused with a reason: %s', (_name, payload, reason) => {
    expect(reasonOf(payload)).toMatch(reason);
  });

  it('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (payload) => typeof reasonOf(payload) === 'string'),
    );
  });
});

describe('topics', () => {
  const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,47}$/);

  it('come apart as they were put together', () => {
    fc.assert(
      fc.property(id, fc.constantFrom(...LANES), (gateway, lane) => {
        expect(isGatewayId(gateway)).toBe(true);
        expect(parseTopic(upTopic(gateway, lane))).toEqual({ kind: 'up', gateway, lane });
        expect(parseTopic(ackTopic(gateway))).toEqual({ kind: 'ack', gateway });
        expect(parseTopic(stateTopic(gateway))).toEqual({ kind: 'state', gateway });
      }),
    );
  });

  it.each([
    'tallyport/v1/gw/up',
    'tallyport/v1/gw/up/other',
    'tallyport/v1/gw/up/stock/more',
    'tallyport/v1/GW/ack',
    'tallyport/v1/+/ack',
    'tallyport/v2/gw/ack',
    'other/v1/gw/ack',
    'tallyport/v1/gw/ack/more',
    '',
  ])('of anyone else are not ours: "%s"', (topic) => {
    expect(parseTopic(topic)).toBeUndefined();
  });
});
