import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseConfig } from './yaml-config.ts';

const schema = z.strictObject({
  port: z.int(),
  rules: z.array(z.strictObject({ id: z.string(), limitMilli: z.int() })).default([]),
  door: z
    .discriminatedUnion('mode', [
      z.strictObject({ mode: z.literal('assigned'), as: z.enum(['IN', 'OUT']) }),
      z.strictObject({ mode: z.literal('photo-eye') }),
    ])
    .optional(),
});

describe('a configuration file', () => {
  it('comes back as the schema types it', () => {
    const result = parseConfig(schema, 'port: 1883\nrules:\n  - {id: a, limitMilli: 8000}\n', 'x.yaml');
    expect(result).toEqual({ ok: true, value: { port: 1883, rules: [{ id: 'a', limitMilli: 8000 }] } });
  });

  it.each([
    [
      'wrong type deep inside',
      'port: 1\nrules:\n  - id: a\n    limitMilli: 8C\n',
      /^x\.yaml:4: rules\[0\]\.limitMilli: .*number.*, got "8C"$/,
    ],
    ['misspelt key', 'port: 1\nrulez: []\n', /^x\.yaml:2: rulez: there is no such setting/],
    ['missing key', 'rules: []\n', /^x\.yaml: port: .*expected/],
    [
      'wrong choice in a union',
      'port: 1\ndoor:\n  mode: assigned\n  as: INN\n',
      /^x\.yaml:4: door\.as: .*IN.*got "INN"$/,
    ],
    ['not YAML', 'port: [1\n', /^x\.yaml:\d+:\d+: /],
  ])('says file, line, path and expectation: %s', (_name, text, complaint) => {
    const result = parseConfig(schema, text, 'x.yaml');
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.problems[0]).toMatch(complaint);
  });

  it('refuses an empty file with what is missing', () => {
    const result = parseConfig(schema, '', 'x.yaml');
    expect(result.ok).toBe(false);
  });
});
