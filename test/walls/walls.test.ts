import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import { GRAPH_PROBES } from './graph-probes.fixture.ts';
import { IMPORT_PROBES } from './import-probes.fixture.ts';
import { POWER_PROBES } from './power-probes.fixture.ts';
import { readTree } from './read-tree.ts';
import { RULES, type WallRule } from './room.ts';
import { sourceFile } from './source-file.ts';
import { WALLS } from './walls.ts';

const PROBES = [...IMPORT_PROBES, ...POWER_PROBES, ...GRAPH_PROBES];
const tree = readTree(fileURLToPath(new URL('../..', import.meta.url)));

describe('a wall refuses', () => {
  it.each(PROBES)('$rule: $what', ({ files, rule, at = Object.keys(files)[0], says = '', table = WALLS }) => {
    const probes = Object.entries(files).map(([path, text]) => sourceFile(path, `${text}\n`));
    const there = check([...tree, ...probes], table).filter(({ file }) => file === at);
    const found = there.filter((breach) => breach.rule === rule && breach.message.includes(says));
    expect(found, JSON.stringify(there, null, 1)).not.toEqual([]);
  });
});

describe('a wall lets through', () => {
  const harmless: Readonly<Record<string, string>> = {
    'a date from a number': `const at = new Date(0); Date.parse('2026-01-01'); at instanceof Date;`,
    mathematics: `Math.max(1, 2);`,
    'a type, a key or a member that is called like a global': `
      interface Host { setTimeout(task: () => void): unknown; process: Date }
      const host: Host = { setTimeout: () => 0, process: new Date(1) };
      host.setTimeout(() => {}); type Fetch = typeof fetch;`,
    'a window of the domain': `const widest = (window: { from: number }) => window.from;`,
    'a hash': `import { createHash } from 'node:crypto'; createHash('sha256');`,
  };

  it.each(Object.entries(harmless))('%s', (_, text) => {
    const probe = sourceFile('protocol/events/probe.ts', text);
    expect(probe.uses).toEqual([]);
  });
});

it('every rule has a probe', () => {
  const probed = new Set(PROBES.map(({ rule }) => rule));
  expect(Object.keys(RULES).filter((rule) => !probed.has(rule as WallRule))).toEqual([]);
});
