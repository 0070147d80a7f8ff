import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';

const OXLINT = join(import.meta.dirname, '../../node_modules/.bin/oxlint');
const RULES = join(import.meta.dirname, '../../.oxlintrc.json');

const WORK = 'async function work(): Promise<void> {}\n';
/** What each file is refused for; undefined: for nothing. */
const PROBES: Readonly<Record<string, { readonly text: string; readonly rule: string | undefined }>> = {
  'default-for-a-member': {
    text: "export function f(x: 'a' | 'b'): number {\n switch (x) {\n case 'a': return 1;\n default: return 2;\n }\n}\n",
    rule: 'switch-exhaustiveness-check',
  },
  'member-without-a-case': {
    text: "export function f(x: 'a' | 'b', g: () => void): void {\n switch (x) {\n case 'a': g();\n }\n}\n",
    rule: 'switch-exhaustiveness-check',
  },
  'undefined-without-a-case': {
    text: "export function f(x?: 'a'): number {\n switch (x) {\n case 'a': return 1;\n default: return 2;\n }\n}\n",
    rule: 'switch-exhaustiveness-check',
  },
  'open-list-without-a-default': {
    text: "export function f(x: string): number {\n switch (x) {\n case 'a': return 1;\n }\n return 2;\n}\n",
    rule: 'switch-exhaustiveness-check',
  },
  'open-list-with-a-default': {
    text: "export function f(x: string): number {\n switch (x) {\n case 'a': return 1;\n default: return 2;\n }\n}\n",
    rule: undefined,
  },
  'every-member': {
    text: "export function f(x: 'a' | 'b'): number {\n switch (x) {\n case 'a': return 1;\n case 'b': return 2;\n }\n}\n",
    rule: undefined,
  },
  'floating-promise': {
    text: `${WORK}export function f(): void {\n work();\n}\n`,
    rule: 'no-floating-promises',
  },
  'promise-for-nothing': {
    text: `${WORK}export function f(on: (call: () => void) => void): void {\n on(work);\n}\n`,
    rule: 'no-misused-promises',
  },
};

it('the linter refuses what depends on types, and only that', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-lint-'));
  try {
    for (const [name, { text }] of Object.entries(PROBES)) writeFileSync(join(folder, `${name}.ts`), text);
    const run = spawnSync(OXLINT, ['--type-aware', '-c', RULES, '--format', 'unix', folder], {
      encoding: 'utf8',
    });
    const found = Object.fromEntries(
      Object.keys(PROBES).map((name) => [name, undefined as string | undefined]),
    );
    for (const [, file = '', rule] of run.stdout.matchAll(/^(.+?)\.ts:.*\[Error\/typescript\((.+)\)\]$/gm)) {
      found[basename(file)] = rule;
    }
    expect(found).toEqual(Object.fromEntries(Object.entries(PROBES).map(([name, { rule }]) => [name, rule])));
    expect(run.status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 30_000);
