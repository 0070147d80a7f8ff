import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SicsLineEvent, SicsLineParser } from './line-parser.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const WEIGHT = 'S S     100.00 g';

function parse(chunks: readonly Uint8Array[], maxLineBytes = 256): SicsLineEvent[] {
  const parser = new SicsLineParser({ maxLineBytes });
  return chunks.flatMap((chunk) => parser.push(chunk));
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.map((at) => at % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

function withParity(bytes: Uint8Array, odd: boolean): Uint8Array {
  return bytes.map((byte) => {
    const ones = byte.toString(2).replaceAll('0', '').length % 2 === 1;
    return ones === odd ? byte : byte | 0x80;
  });
}

const replies = (events: readonly SicsLineEvent[]) => events.filter((event) => event.kind === 'reply');

const noisyStream = fc
  .array(
    fc.oneof(
      fc
        .constantFrom(`${WEIGHT}\r\n`, 'S D      -0.01 kg\r\n', 'S +\r\n', 'I4 A "1"\r\n', 'ES\r\n')
        .map(bytesOf),
      fc.uint8Array({ maxLength: 40 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

describe('MT-SICS lines', () => {
  test('any chunking gives the same events', () => {
    fc.assert(
      fc.property(noisyStream, fc.array(fc.nat(), { maxLength: 20 }), (stream, cuts) => {
        expect(parse(cut(stream, cuts), 64)).toEqual(parse([stream], 64));
      }),
    );
  });

  test('every byte is accounted for: part of a reply, an end of line, lost, or still held', () => {
    fc.assert(
      fc.property(noisyStream, (stream) => {
        const parser = new SicsLineParser({ maxLineBytes: 64 });
        const events = parser.push(stream);
        const counted = events.map((event) => (event.kind === 'reply' ? event.raw.length : event.bytes));
        const ends = stream.filter((byte) => [0x0d, 0x0a].includes(byte & 0x7f)).length;
        const sum = counted.reduce((total, bytes) => total + bytes, 0);
        expect(sum + ends + parser.pendingBytes).toBe(stream.length);
      }),
    );
  });

  test('a weight is read whatever noise stands before it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const events = parse([noise, bytesOf(`${WEIGHT}\r\n`)], 64);
        expect(replies(events).at(-1)).toMatchObject({ reply: { netMilligrams: 100_000 }, raw: WEIGHT });
      }),
    );
  });

  test('a line without end never holds more than the cap', () => {
    const parser = new SicsLineParser({ maxLineBytes: 64 });
    for (let index = 0; index < 100; index++) {
      parser.push(new Uint8Array(1_000).fill(0x41));
      expect(parser.pendingBytes).toBeLessThanOrEqual(64);
    }
  });

  test.each([false, true])('a 7-bit scale on an 8-bit port is read, odd parity: %s', (odd) => {
    const events = parse([withParity(bytesOf(`${WEIGHT}\r\n`), odd)]);
    expect(events).toEqual([expect.objectContaining({ kind: 'reply', raw: WEIGHT })]);
  });

  test('one flipped high bit is noise, not parity', () => {
    const bytes = bytesOf(`${WEIGHT}\r\n`);
    bytes[10] = (bytes[10] ?? 0) | 0x80;
    expect(parse([bytes])).toEqual([{ kind: 'garbage', reason: 'BAD_PARITY', bytes: WEIGHT.length }]);
  });

  test('a lost line end costs the first weight, not the second', () => {
    const events = parse([bytesOf(`${WEIGHT}S D     129.07 g\r\n`)]);
    expect(events.map((event) => event.kind)).toEqual(['garbage', 'reply']);
    expect(replies(events)[0]).toMatchObject({ raw: 'S D     129.07 g' });
  });

  test('the tail of a line that was cut off at the front is not taken for a weight', () => {
    for (let start = 1; start < WEIGHT.length; start++) {
      expect(replies(parse([bytesOf(`${WEIGHT.slice(start)}\r\n`)]))).toEqual([]);
    }
  });
});
