import { afterEach, describe, expect, test } from 'vitest';
import { LineLog } from '../../test/support/line-log.ts';
import { openPtyPair, type PtyPair } from '../../test/support/pty.ts';
import { parseTransportAddress, type SerialAddress } from './address.ts';
import { createSerialLine } from './serial-line.ts';

const pairs: PtyPair[] = [];
const encode = (text: string) => new TextEncoder().encode(text);

function plugIn(): PtyPair {
  const pair = openPtyPair();
  pairs.push(pair);
  return pair;
}

function addressOf(path: string, options = ''): SerialAddress {
  const address = parseTransportAddress(`serial:${path}${options}`);
  if (address.kind !== 'serial') throw new Error('not a serial address');
  return address;
}

afterEach(() => {
  for (const pair of pairs.splice(0)) pair.close();
});

describe('a serial line on a real tty', () => {
  test('bytes go both ways, all 256 of them', async () => {
    const pair = plugIn();
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const atDevice = new LineLog();
    pair.onBytes(atDevice.onBytes);
    const log = new LineLog();
    const line = await createSerialLine(addressOf(pair.path)).open(log);
    line.write(every);
    pair.write(every);
    await Promise.all([log.hears(256), atDevice.hears(256)]);
    expect(log.text).toBe(Buffer.from(every).toString('latin1'));
    expect(atDevice.text).toBe(log.text);
    line.close();
    expect(log.closeReasons).toEqual(['closed by the gateway']);
  });

  test('modem lines a port does not have are a notice, not a failure', async () => {
    const pair = plugIn();
    const notice = Promise.withResolvers<string>();
    const address = addressOf(pair.path, '?dtr=on&rts=on');
    const line = await createSerialLine(address, { onNotice: notice.resolve }).open(new LineLog());
    expect(await notice.promise).toContain('modem lines');
    line.close();
  });

  test('a second opener learns that another program has the port', async () => {
    const pair = plugIn();
    const line = await createSerialLine(addressOf(pair.path)).open(new LineLog());
    await expect(createSerialLine(addressOf(pair.path)).open(new LineLog())).rejects.toThrow(
      `locked by another program; find it with: fuser ${pair.path}`,
    );
    line.close();
  });

  test('unplugging, even in the very moment of opening, ends the line once; the new port can be opened', async () => {
    const pair = plugIn();
    const log = new LineLog();
    const line = await createSerialLine(addressOf(pair.path), { presenceCheckMs: 20 }).open(log);
    pair.close();
    await log.ends();
    line.write(encode('into the void'));
    line.close();
    expect(log.closeReasons).toHaveLength(1);
    const next = await createSerialLine(addressOf(plugIn().path)).open(new LineLog());
    next.close();
  });

  test('a port that does not exist says so and where to look', async () => {
    await expect(createSerialLine(addressOf('/dev/tty-nowhere')).open(new LineLog())).rejects.toThrow(
      /serial:\/dev\/tty-nowhere 9600 8N1: port not found.*by-id/,
    );
  });

  test('a file that is no serial port says so', async () => {
    await expect(createSerialLine(addressOf('/dev/null')).open(new LineLog())).rejects.toThrow(
      'not a serial port',
    );
  });
});
