import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { upTopic } from '../../../protocol/link/topics.ts';
import { readRuleMessage } from './sqs-message.ts';

const body = (topic: string, payload: Uint8Array, client?: string) =>
  JSON.stringify({ payload: Buffer.from(payload).toString('base64'), topic, client });

describe('what a rule put into the queue', () => {
  it('is a batch of the gateway in its topic, byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.boolean(), (payload, overHttps) => {
        const client = overHttps ? 'n/a' : 'dock-1';
        const read = readRuleMessage(body(upTopic('dock-1', 'stock'), payload, client));
        expect(read).toEqual({
          kind: 'batch',
          gateway: 'dock-1',
          lane: 'stock',
          payload: Buffer.from(payload),
          overHttps,
        });
      }),
    );
  });

  it.each([
    ['tallyport/v1/dock-1/state', 'offline', { kind: 'state', state: 'offline', at: undefined }],
    ['tallyport/v1/dock-1/state', 'asleep', { kind: 'unreadable' }],
    ['$aws/events/presence/connected/dock-1', '{"timestamp":5}', { kind: 'state', state: 'online', at: 5 }],
    ['$aws/events/presence/disconnected/dock-1', '{}', { kind: 'state', state: 'offline', at: undefined }],
    ['$aws/events/presence/connected/Some Tool', '{}', { kind: 'foreign' }],
    ['tallyport/v1/dock-1/up/gossip', 'x', { kind: 'foreign' }],
    ['tallyport/v1/DOCK/up/stock', 'x', { kind: 'foreign' }],
    ['a/b', 'x', { kind: 'foreign' }],
  ])('%s %s', (topic, payload, read) => {
    expect(readRuleMessage(body(topic, Buffer.from(payload)))).toMatchObject(read);
  });

  it('is unreadable without payload, topic or base64, and never throws', () => {
    for (const text of ['', '[]', '{}', '{"topic":"a"}', '{"topic":"a","payload":"%"}', '{"payload":""}']) {
      expect(readRuleMessage(text).kind).toBe('unreadable');
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['unreadable', 'foreign']).toContain(readRuleMessage(text).kind);
      }),
    );
  });
});
