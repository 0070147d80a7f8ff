/** Each checker, seen to go red: a part that breaks one promise, and the violations it must lead to. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { effort } from '../support/effort.ts';
import { type FaultKind, NO_FAULTS } from './faults/fault-kinds.ts';
import type { Plan } from './plan.ts';
import { runSeed, type SeedOptions } from './run-seed.ts';
import {
  acksBeforeCommit,
  appliesTwice,
  dropsAnEvent,
  hidesGaps,
  movesGoods,
  prunesOnPuback,
  reordersAppends,
  reportsDurableEarly,
  syncsNormally,
} from './sabotage/wrong-parts.ts';
import type { ViolationKind } from './violations.ts';
import { withPragmaFilter } from './world/connections.ts';
import { openEngine, type SimulationEngine } from './world/engine.ts';

let engine: SimulationEngine;
beforeAll(async () => {
  engine = await openEngine(undefined);
});
afterAll(() => engine.close());
afterEach(() => withPragmaFilter(undefined));

/** One gateway, and these faults alone, at full strength. */
const suffering =
  (...kinds: FaultKind[]) =>
  (plan: Plan): Plan => ({
    ...plan,
    gateways: ['gw-1'],
    acts: 50,
    faults: { ...NO_FAULTS, ...Object.fromEntries(kinds.map((kind) => [kind, 1])) },
  });

/** What kinds of violations the seeds from 1 on lead to, until the wanted one is among them. */
async function broken(
  wanted: ViolationKind,
  options: Omit<SeedOptions, 'engine'>,
  seeds = 16,
): Promise<ViolationKind[]> {
  const found = new Set<ViolationKind>();
  for (let seed = 1; seed <= seeds && !found.has(wanted); seed++) {
    const { violations } = await runSeed(seed, { engine, ...options });
    for (const { kind } of violations) found.add(kind);
  }
  return [...found];
}

const WRONG: readonly [what: string, ViolationKind, Omit<SeedOptions, 'engine'>][] = [
  [
    'an ingest that acks before the commit',
    'ackedEarly',
    { adapt: suffering('slow-database', 'statement-fails'), sabotage: { ingest: acksBeforeCommit } },
  ],
  ['an event that is acked and dropped', 'lost', { adapt: suffering(), sabotage: { ingest: dropsAnEvent } }],
  ['an event that is applied twice', 'doubled', { adapt: suffering(), sabotage: { ingest: appliesTwice } }],
  [
    'losses that nobody declares',
    'lost',
    { adapt: suffering('small-journal', 'link-cut'), sabotage: { ingest: hidesGaps } },
  ],
  [
    'a projection that follows from no event',
    'projectionMismatches',
    { adapt: suffering(), sabotage: { ingest: movesGoods } },
  ],
  [
    'a forwarder that prunes on PUBACK',
    'prunedEarly',
    {
      adapt: suffering('database-restart', 'cloud-crash', 'kill'),
      sabotage: { gateway: { uplink: prunesOnPuback } },
    },
  ],
  [
    'a forwarder that prunes on PUBACK, with a broker that forgets',
    'lost',
    {
      adapt: suffering('forgotten-after-puback', 'kill', 'ack-lost'),
      sabotage: { gateway: { uplink: prunesOnPuback } },
    },
  ],
  [
    'appends that overtake each other',
    'outOfOrder',
    { adapt: suffering(), sabotage: { gateway: { journal: reordersAppends } } },
  ],
  [
    'a journal that says "durable" before it is',
    'lost',
    {
      adapt: suffering('kill-at-await', 'power-cut-at-await', 'kill'),
      sabotage: { gateway: { journal: reportsDurableEarly } },
    },
  ],
];

describe('the checkers see', () => {
  it.each(WRONG)('%s', async (_what, kind, options) => {
    expect(await broken(kind, options)).toContain(kind);
    // The same world with the right parts keeps every promise.
    const { sabotage: _wrong, ...honest } = options;
    expect((await runSeed(1, { engine, ...honest })).violations).toEqual([]);
  });

  it('a journal that does not sync its commits, once the power goes', async () => {
    const adapt = suffering('power-cut', 'power-cut-at-await');
    expect(await broken('stuck', { adapt }, effort(4, 16))).toEqual([]);
    withPragmaFilter(syncsNormally);
    expect(await broken('lost', { adapt })).toContain('lost');
  });
});
