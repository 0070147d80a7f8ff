/** Breaches that only the whole graph shows: purity, circles, what is not used; and faults of the table. */

import type { WallProbe } from './probe.fixture.ts';
import type { CodeRoom } from './room.ts';
import { WALLS } from './walls.ts';

const withRow = (room: string, change: Partial<CodeRoom>): readonly CodeRoom[] =>
  WALLS.map((row) => (row.room === room ? { ...row, ...change } : row));

export const GRAPH_PROBES: readonly WallProbe[] = [
  {
    what: 'impurity behind a neighbour that the row allows',
    rule: 'pure',
    files: {
      'cloud/coldchain/engine/probe.ts': `import { id } from '../../ledger/probe-id.ts'; export const x = id;`,
      'cloud/ledger/probe-id.ts': `import { later } from './probe-later.ts'; export const id = later;`,
      'cloud/ledger/probe-later.ts': `import { sql } from 'kysely'; export const later = sql;`,
    },
    says: 'cloud/ledger/probe-id.ts → cloud/ledger/probe-later.ts, which imports kysely',
  },
  {
    what: 'impurity that the row would grant',
    rule: 'pure',
    files: { 'protocol/link/probe.ts': `const now = Date.now();` },
    table: withRow('protocol/link', { powers: ['clock'] }),
  },
  {
    what: 'product on a fixture',
    rule: 'test-material',
    files: { 'gateway/sensing/probe.ts': `import './sensor.fixture.ts';` },
  },
  {
    what: 'product on a rig of the tests',
    rule: 'test-material',
    files: { 'firmware-sim/app/probe.ts': `import { wait } from '../../test/support/small-site.ts';` },
  },
  {
    what: 'a circle of files, by types alone',
    rule: 'file-circle',
    files: {
      'protocol/epc/probe-a.ts': `import type { B } from './probe-b.ts'; export type A = B | 1;`,
      'protocol/epc/probe-b.ts': `import type { A } from './probe-c.ts'; export type B = A | 2;`,
      'protocol/epc/probe-c.ts': `export type { A } from './probe-a.ts';`,
    },
    says: 'probe-a.ts → protocol/epc/probe-b.ts → protocol/epc/probe-c.ts → protocol/epc/probe-a.ts',
  },
  {
    what: 'a circle of files through a worker',
    rule: 'file-circle',
    files: {
      'gateway/journal/worker/probe-a.ts': `new Worker(new URL('./probe-b.ts', import.meta.url)); export const a = 1;`,
      'gateway/journal/worker/probe-b.ts': `import { a } from './probe-a.ts'; a;`,
    },
  },
  {
    what: 'a circle of rooms without a circle of files',
    rule: 'room-circle',
    files: {
      'protocol/epc/probe.ts': `import '../readings/probe-below.ts';`,
      'protocol/epc/probe-other.ts': ``,
      'protocol/readings/probe-below.ts': ``,
      'protocol/readings/probe.ts': `import '../epc/probe-other.ts';`,
    },
  },
  {
    what: 'a circle that the table allows',
    rule: 'room-circle',
    files: {},
    at: 'test/walls/walls.ts',
    table: withRow('protocol/ports', { imports: ['gateway/sensing'] }),
    says: 'gateway/sensing → protocol/ports',
  },
  {
    what: 'an import that is computed',
    rule: 'unknown-import',
    files: { 'cloud/app/probe.ts': `const name = './config.ts'; await import(name);` },
  },
  {
    what: 'a file of 401 lines',
    rule: 'file-length',
    files: { 'cloud/answers/probe.ts': '// line\n'.repeat(401) },
  },
  {
    what: 'an export that nobody takes',
    rule: 'unused-export',
    files: { 'cloud/answers/probe.ts': `export const nobody = 1;` },
    says: 'is used nowhere',
  },
  {
    what: 'an export that only its own file takes',
    rule: 'unused-export',
    files: { 'cloud/answers/probe.ts': `export type Mine = 1; const mine: Mine = 1; mine;` },
    says: 'Mine is used in this file alone',
  },
  {
    what: 'an export that only a test takes',
    rule: 'unused-export',
    files: {
      'cloud/answers/probe.ts': `export const dead = 1;`,
      'cloud/answers/probe.test.ts': `import { dead } from './probe.ts'; dead;`,
    },
    says: 'is used by tests alone',
  },
  {
    what: 'an export that is only passed on',
    rule: 'unused-export',
    files: {
      'cloud/answers/probe.ts': `export { a } from './probe-a.ts';`,
      'cloud/answers/probe-a.ts': `export const a = 1;`,
    },
  },
  {
    what: 'a method that nobody calls',
    rule: 'unused-member',
    // Put together here, so that its name does not stand in this file.
    files: {
      'gateway/drivers/probe.ts': `class Kept { get ${['by', 'Nobody'].join('')}() { return 1; } } new Kept();`,
    },
    says: 'is called by nobody',
  },
  {
    what: 'a file that nothing reaches',
    rule: 'unused-file',
    files: { 'gateway/transports/probe.ts': `` },
  },
  {
    what: 'a row without files',
    rule: 'table',
    files: {},
    at: 'test/walls/walls.ts',
    table: [...WALLS, { room: 'gateway/attic', owns: 'nothing', imports: [] }],
    says: 'gateway/attic has no files',
  },
  {
    what: 'an entry that names no room',
    rule: 'table',
    files: {},
    at: 'test/walls/walls.ts',
    table: withRow('protocol/link', { imports: ['protocol/event'] }),
    says: 'protocol/event, which is no room',
  },
];
