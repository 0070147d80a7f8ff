import { describe, expect, test } from 'vitest';
import { LineLog } from '../../test/support/line-log.ts';
import type { Line } from './line.ts';
import { createMemoryLine } from './memory-line.ts';

const encode = (text: string) => new TextEncoder().encode(text);

function pair() {
  const peer = new LineLog();
  const lines: Line[] = [];
  const opener = createMemoryLine('memory:scale', (toGateway) => {
    lines.push(toGateway);
    return peer;
  });
  const toGateway = () => lines.at(-1) as Line;
  return { opener, peer, toGateway };
}

describe('a line in memory', () => {
  test('bytes go both ways in order, never inside the call that sends them', async () => {
    const { opener, peer, toGateway } = pair();
    const log = new LineLog();
    const line = await opener.open(log);
    line.write(encode('a'));
    toGateway().write(encode('1'));
    toGateway().write(encode('2'));
    expect(peer.text + log.text).toBe('');
    await Promise.all([peer.hears(1), log.hears(2)]);
    expect([peer.text, log.text]).toEqual(['a', '12']);
  });

  test('a sender may reuse its buffer', async () => {
    const { opener, toGateway } = pair();
    const log = new LineLog();
    await opener.open(log);
    const buffer = encode('x');
    toGateway().write(buffer);
    buffer[0] = 0;
    await log.hears(1);
    expect(log.text).toBe('x');
  });

  test('the peer hangs up after what it has said has arrived; each side hears the end once', async () => {
    const { opener, peer, toGateway } = pair();
    const log = new LineLog();
    const line = await opener.open(log);
    toGateway().write(encode('last words'));
    toGateway().close();
    await log.ends();
    line.close();
    toGateway().close();
    expect(log.text).toBe('last words');
    expect(log.closeReasons).toHaveLength(1);
    expect(peer.closeReasons).toHaveLength(1);
  });

  test('a peer that refuses fails the opening', async () => {
    const opener = createMemoryLine('memory:scale', () => {
      throw new Error('switched off');
    });
    await expect(opener.open(new LineLog())).rejects.toThrow('switched off');
  });
});
