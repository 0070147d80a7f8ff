/**
 * The golden cases of every driver in the registry (test/support/driver-golden.ts says what they look like): all that
 * a driver says is compared with expected.json. `npm run golden` writes that file anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { goldenNames, parseInput, readGolden, writeExpected } from '../../test/support/driver-golden.ts';
import { playDriver } from '../../test/support/driver-script.ts';
import { DRIVERS } from './registry.ts';

const isWriting = process.env.TALLYPORT_GOLDEN === 'write';

describe.each(DRIVERS)('$kind', ({ kind }) => {
  const names = goldenNames(kind);

  test('has golden cases, and among them a plain one', () => {
    expect(names).toContain('plain');
  });

  test.each(names)('%s', (name) => {
    const golden = readGolden(kind, name);
    expect(golden.kind).toBe(kind);
    const said = writeExpected(playDriver(golden.createDriver(), golden.steps), golden.notation);
    if (isWriting) writeFileSync(golden.expectedFile, said);
    else expect(said).toBe(readFileSync(golden.expectedFile, 'utf8'));
  });
});

test('every folder here is a driver, or what they share', () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const kinds = DRIVERS.map(({ kind }) => kind);
  expect(folders.map(({ name }) => name).toSorted()).toEqual(['shared', ...kinds].toSorted());
});

test('what is sent is written as bytes or as messages', () => {
  const payload = new TextEncoder().encode('{"command":"start"}');
  const result = {
    readings: [],
    sent: [
      { at: 5, sent: Uint8Array.of(0x53, 0x0d) },
      { at: 6, sent: { topic: 'reader/cmd', payload, qos: 1 as const, retain: false } },
    ],
    discarded: [],
    reconnects: [],
    states: [],
  };
  const message = { at: 6, topic: 'reader/cmd', payload: '{"command":"start"}', qos: 1, retain: false };
  expect(JSON.parse(writeExpected(result, 'txt')).sent).toEqual([{ at: 5, text: 'S\r' }, message]);
  expect(JSON.parse(writeExpected(result, 'hex')).sent).toEqual([{ at: 5, hex: '530d' }, message]);
});

describe('the notation of what happens', () => {
  const bytesOf = (line: string, notation: 'hex' | 'txt') => {
    const [step] = parseInput(line, notation);
    return step?.does === 'bytes' ? [...step.bytes] : step;
  };

  test('bytes in hex and in text, with comments', () => {
    expect(bytesOf('# first\n5 < 0a Ff   # LF\n', 'hex')).toEqual([0x0a, 0xff]);
    expect(bytesOf('5 < #\\x02a\\r\\n\\\\', 'txt')).toEqual([0x23, 0x02, 0x61, 0x0d, 0x0a, 0x5c]);
    expect(parseInput('0 open\n7 wait\n7 close', 'txt')).toEqual([
      { at: 0, does: 'open' },
      { at: 7, does: 'wait' },
      { at: 7, does: 'close' },
    ]);
  });

  test('messages, live unless they say otherwise', () => {
    const text = '1 < {"topic":"a","payload":{"b":1}}\n2 < {"topic":"a","payload":"x","origin":"replayed"}';
    const messages = parseInput(text, 'jsonl').map((step) => step.does === 'message' && step.message);
    expect(messages).toEqual([
      { topic: 'a', origin: 'live', payload: new TextEncoder().encode('{"b":1}') },
      { topic: 'a', origin: 'replayed', payload: new TextEncoder().encode('x') },
    ]);
  });

  test.each([
    ['5 open\n4 close', 'hex'],
    ['open', 'hex'],
    ['5 opened', 'txt'],
    ['5 < 0', 'hex'],
    ['5 < zz', 'hex'],
    ['5 < \\q', 'txt'],
    ['5 < {"topic":"a","payload":1,"retained":true}', 'jsonl'],
  ] as const)('%j in %s is refused', (text, notation) => {
    expect(() => parseInput(text, notation)).toThrow();
  });
});
