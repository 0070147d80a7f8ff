import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromMilligrams, toMilligrams } from '../shared/mass.ts';
import { decodeCommand, encodeCommand, SICS_COMMANDS } from './command.ts';
import { decodeReply, encodeReply, type SicsReply } from './reply.ts';

const weight = fc
  .record({
    milligrams: fc.integer({ min: -60_000_000, max: 60_000_000 }),
    unit: fc.constantFrom('g', 'kg', 'mg', 'lb', 'oz', 't', 'pcs'),
    head: fc.constantFrom(['S', 'S'], ['S', 'D'], ['T', 'S'], ['TI', 'D'], ['TA', 'A'] as const),
  })
  .map(({ milligrams, unit, head }): SicsReply => {
    const value = fromMilligrams(milligrams, unit === 'pcs' ? 'kg' : unit, 2);
    const netMilligrams = toMilligrams(value, unit);
    const [command, status] = head as readonly ['S', 'S'];
    const mass = netMilligrams === undefined ? {} : { netMilligrams };
    return { kind: 'weight', command, status, value, unit, fieldWidth: Math.max(10, value.length), ...mass };
  });

const text = fc.string({ unit: 'grapheme-ascii', maxLength: 30 }).map((raw) => raw.replaceAll('"', ''));

const anyReply: fc.Arbitrary<SicsReply> = fc.oneof(
  weight,
  fc.record({
    kind: fc.constant('refusal' as const),
    command: fc.constantFrom('S', 'SI', 'SIR', 'SR', 'Z', 'ZI', 'T', 'TI', 'TA', 'TAC', 'I0', 'I4', '@'),
    reason: fc.constantFrom('I', 'L', '+', '-'),
  }),
  fc.constantFrom<SicsReply>(
    { kind: 'done', command: 'Z', status: 'A' },
    { kind: 'done', command: 'ZI', status: 'S' },
    { kind: 'done', command: 'ZI', status: 'D' },
    { kind: 'done', command: 'TAC', status: 'A' },
  ),
  fc.record({
    kind: fc.constant('text' as const),
    command: fc.constantFrom('I1', 'I2', 'I3', 'I4'),
    status: fc.constant('A' as const),
    texts: fc.array(text, { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('text' as const),
    command: fc.constant('I0' as const),
    status: fc.constantFrom('A', 'B'),
    level: fc.integer({ min: 0, max: 3 }),
    texts: fc.tuple(text).map((texts): string[] => texts),
  }),
  fc.record({ kind: fc.constant('error' as const), code: fc.constantFrom('ES', 'ET', 'EL') }),
);

describe('MT-SICS replies', () => {
  test('every reply reads back as it was written', () => {
    fc.assert(
      fc.property(anyReply, (reply) => {
        expect(decodeReply(encodeReply(reply))).toEqual(reply);
      }),
    );
  });

  test('any text is a reply or none, and never throws', () => {
    fc.assert(fc.property(fc.string(), (line) => void decodeReply(line)));
  });

  test.each([
    'S S',
    'S X 100.00 g',
    'Z S',
    'ZI A',
    'I4',
    'S  S     1.00 g',
    'TAC S',
    'S S     1.0.0 g',
    'ESX',
    'S A     100.00 g',
  ])('"%s" is no reply', (line) => {
    expect(decodeReply(line)).toBeUndefined();
  });

  test('the examples of the manual', () => {
    expect(decodeReply('S S     100.00 g')).toMatchObject({
      status: 'S',
      netMilligrams: 100_000,
      fieldWidth: 10,
    });
    expect(decodeReply('S D     129.07 g')).toMatchObject({ status: 'D', netMilligrams: 129_070 });
    expect(decodeReply('I0 B 0 "I0"')).toEqual({
      kind: 'text',
      command: 'I0',
      status: 'B',
      level: 0,
      texts: ['I0'],
    });
    expect(decodeReply('I2 A "ICS469 OU 60.18 kg"')).toMatchObject({ texts: ['ICS469 OU 60.18 kg'] });
    expect(decodeReply('S +')).toEqual({ kind: 'refusal', command: 'S', reason: '+' });
  });
});

describe('MT-SICS commands', () => {
  test('every command reads back as it was written', () => {
    for (const name of SICS_COMMANDS) {
      const line = new TextDecoder().decode(encodeCommand({ name }));
      expect(line.endsWith('\r\n')).toBe(true);
      expect(decodeCommand(line)).toEqual({ name });
    }
    expect(decodeCommand('TA 12.50 kg')).toEqual({ name: 'TA', argument: '12.50 kg' });
  });

  test('an unknown word is no command', () => {
    expect(decodeCommand('SX')).toBeUndefined();
    expect(decodeCommand('')).toBeUndefined();
  });
});
