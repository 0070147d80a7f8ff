/**
 * What a kind must bring with it, and what may only be said of a kind on record, the compiler asks for: a copy of the
 * product in which each of these is done wrong, compiled once.
 */
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SENSOR_KINDS } from '../../gateway/sensing/sensor-kinds.ts';
import { applyEdit, type Edit } from '../mutation/mutation.ts';
import { runBounded } from '../mutation/run-bounded.ts';

const ROOT = join(import.meta.dirname, '../..');
const COMPILED = ['protocol', 'gateway', 'cloud', 'firmware-sim', 'package.json', 'tsconfig.json'];
const IS_PRODUCT = (path: string) => !/\.(?:test|fixture)\.tsx?$|\.md$|\/golden$|\/dist$/.test(path);

interface Wrong {
  readonly what: string;
  readonly edits: readonly Edit[];
  /** Stands in each complaint about it, and in no other. */
  readonly says: RegExp;
  /** The files that must answer. */
  readonly asked: readonly string[];
}

/** A name that no kind will have. */
const TO_COME = 'kind-to-come';
const EVENT_TO_COME = `defineEventKind({
  type: '${TO_COME}',
  lane: 'stock',
  meaning: 'Something new.',
  fields: { occurredAt: time },
  example: { type: '${TO_COME}', occurredAt: 0 },
})`;

const EVENTS = 'protocol/events/event-kinds.ts';
const ALL_KINDS = 'export const EVENT_KINDS = {';
const WRONG: readonly Wrong[] = [
  {
    what: 'an event kind that no projection answers for',
    edits: [
      {
        file: EVENTS,
        from: "import { clock } from './kinds/clock.ts';",
        to: "import { defineEventKind } from './event-kind.ts';\nimport { time } from './fields.ts';\nimport { clock } from './kinds/clock.ts';",
      },
      { file: EVENTS, from: ALL_KINDS, to: `${ALL_KINDS}\n  '${TO_COME}': ${EVENT_TO_COME},` },
    ],
    says: /missing.*kind-to-come/,
    asked: ['cloud/projections/registry.ts'],
  },
  {
    what: 'an event kind under another name than its own',
    edits: [{ file: EVENTS, from: ALL_KINDS, to: `${ALL_KINDS}\n  misnamed: receipt,` }],
    says: /misnamed/,
    asked: ['cloud/projections/registry.ts', EVENTS],
  },
  {
    what: 'an event of a kind that is not on record',
    edits: [
      {
        file: 'gateway/sensing/contact/contact-sensor.ts',
        from: "type: 'contact',",
        to: "type: 'door-contact',",
      },
    ],
    says: /door-contact/,
    asked: ['gateway/sensing/contact/contact-sensor.ts'],
  },
  {
    what: 'a device condition that is not on record',
    edits: [
      {
        file: 'gateway/drivers/impinj-iot/driver.ts',
        from: "condition: 'ANTENNA_DISCONNECTED'",
        to: "condition: 'ANTENNA_LOOSE'",
      },
    ],
    says: /ANTENNA_LOOSE/,
    asked: ['gateway/drivers/impinj-iot/driver.ts'],
  },
  {
    what: 'an exception that the fold raises, and a rebuild would not take back',
    edits: [
      {
        file: 'cloud/exceptions/kinds.ts',
        from: "what may have moved.',\n    until: 'person',\n    raisedBy: 'events',",
        to: "what may have moved.',\n    until: 'person',\n    raisedBy: 'deliveries',",
      },
    ],
    says: /Type '"DATA_GAP"'/,
    asked: ['cloud/projections/gap/gap.ts'],
  },
  {
    what: 'a kind of reading that no sensor answers for',
    edits: [
      {
        file: 'protocol/readings/reading.ts',
        from: 'export type Reading = TagRead',
        to: "interface ReadingToCome extends ReadingOrigin {\n  readonly kind: 'reading-to-come';\n}\nexport type Reading = ReadingToCome | TagRead",
      },
    ],
    says: /reading-?to-?come/i,
    asked: [
      ...Object.keys(SENSOR_KINDS).map((kind) => `gateway/sensing/${kind}/${kind}-sensor.ts`),
      'gateway/sensing/reading-handlers.ts',
      'protocol/readings/reading.ts',
    ],
  },
  {
    what: 'a metric whose excursions are no exceptions',
    edits: [
      {
        file: 'protocol/events/metrics.ts',
        from: 'export const METRICS = {',
        to: "export const METRICS = {\n  metricToCome: { name: 'New', code: 'TO_COME', unit: '1', sign: '', decimals: 0 },",
      },
    ],
    says: /TO_COME_HIGH/,
    asked: ['cloud/coldchain/rules/kinds.ts'],
  },
];

interface Complaint {
  readonly file: string;
  readonly text: string;
}

/** tsc names each place as `path(line,column): error …`; what it adds to that is indented. */
function complaintsIn(output: string): Complaint[] {
  return output
    .split(/\n(?! )/)
    .filter((text) => text.trim() !== '')
    .map((text) => ({ file: /^(.+)\(\d+,\d+\): error /.exec(text)?.[1] ?? '', text }));
}

let folder = '';
let complaints: Complaint[] = [];

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tallyport-kinds-')));
  for (const name of COMPILED) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: IS_PRODUCT });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const edit of WRONG.flatMap(({ edits }) => edits)) {
    const file = join(folder, edit.file);
    writeFileSync(file, applyEdit(readFileSync(file, 'utf8'), edit));
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { code, output } = await runBounded([tsc, '--noEmit', '--pretty', 'false'], {
    cwd: folder,
    limitMs: 300_000,
    env: process.env,
  });
  if (code === undefined) throw new Error('tsc does not end');
  complaints = complaintsIn(output);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(WRONG)('$what does not compile', ({ says, asked }) => {
  const found = complaints.filter(({ text }) => says.test(text)).map(({ file }) => file);
  expect([...new Set(found)].toSorted()).toEqual(asked.toSorted());
});

it('and nothing else is asked', () => {
  expect(complaints.filter(({ text }) => !WRONG.some(({ says }) => says.test(text)))).toEqual([]);
});
