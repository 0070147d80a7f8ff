/** Facts in any order and any batches, against the engine over all samples at once and the slow way to find holds. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../../test/support/databases.ts';
import { effort } from '../../test/support/effort.ts';
import type { Rule, Site } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import {
  emptyLedger,
  type Fact,
  highRule,
  ingest,
  ledgerOf,
  MINUTE,
  moveAt,
  replay,
  sampleAt,
  siteOf,
} from './dock-story.fixture.ts';
import { evaluate } from './engine/evaluate.fixture.ts';
import { rulesAt } from './rules/affected.ts';

const RULES: Rule[] = [
  { ...highRule, deadBandMilli: 1000, onDelayMs: 3 * MINUTE, offDelayMs: 2 * MINUTE, maxGapMs: 5 * MINUTE },
  {
    ...highRule,
    id: 'chill-low',
    comparator: 'below',
    limitMilli: 2000,
    onDelayMs: 0,
    offDelayMs: 0,
    maxGapMs: 5 * MINUTE,
  },
  { ...highRule, id: 'freezer-high', locations: ['freezer'], limitMilli: 7000, onDelayMs: MINUTE },
];

const arbitrarySample = fc
  .tuple(
    fc.integer({ min: 0, max: 40 }),
    fc.constantFrom(1, 5, 7, 8, 9, 9, 9, 10),
    fc.constantFrom('chill-probe', 'freezer-probe'),
  )
  .map(
    ([minute, degrees, point]) =>
      (seq: number) =>
        sampleAt(minute, degrees, point, seq),
  );
const arbitraryMove = fc
  .tuple(
    fc.integer({ min: -10, max: 40 }),
    fc.constantFrom('a', 'b', 'c'),
    fc.constantFrom('chill', 'chill', 'freezer', 'staging', 'customer'),
    fc.constantFrom(true, true, true, false),
  )
  .map(
    ([minute, epc, to, moved]) =>
      (seq: number) =>
        moveAt(minute, epc, 'staging', to, seq, moved),
  );
const arbitraryFacts = fc
  .array(fc.oneof({ weight: 3, arbitrary: arbitrarySample }, { weight: 1, arbitrary: arbitraryMove }), {
    minLength: 25,
    maxLength: 60,
  })
  .map((makers) => makers.map((make, index) => make(index)));

/** The ids that the engine finds in all samples at once. */
function episodeIds(facts: readonly Fact[], site: Site): string[] {
  const samples = facts.filter((fact) => fact.kind === 'sample');
  return site.probes
    .flatMap(({ readPoint }) =>
      rulesAt(site, readPoint, 'temperature').flatMap(({ rule }) =>
        evaluate(
          samples.filter((sample) => sample.readPoint === readPoint),
          rule,
          { point: readPoint },
        ),
      ),
    )
    .map(({ id }) => id)
    .sort();
}

/** Which objects should be held, found the slow way: object by object, stay by stay. */
function oracle(
  facts: readonly Fact[],
  episodes: Awaited<ReturnType<typeof ledgerOf>>['episodes'],
): string[] {
  const moves = facts.filter((fact) => fact.kind === 'movement').filter((fact) => fact.moved);
  const held = new Set<string>();
  for (const epc of new Set(moves.map((move) => move.epc))) {
    const path = moves
      .filter((move) => move.epc === epc)
      .sort((a, b) => a.occurredAt - b.occurredAt || (a.occurredKey < b.occurredKey ? -1 : 1));
    for (const [index, move] of path.entries()) {
      const leaves = path[index + 1]?.occurredAt ?? Number.POSITIVE_INFINITY;
      if (leaves === move.occurredAt) continue;
      for (const episode of episodes) {
        const ends = episode.ended_at ?? Number.POSITIVE_INFINITY;
        const wasThere = move.toLocation === episode.location;
        if (wasThere && move.occurredAt <= ends && leaves > episode.started_at) {
          held.add(`excursion-${episode.id} ${epc}`);
        }
      }
    }
  }
  return [...held].sort();
}

describe.each(databases())('order does not matter, on $name', ({ open }) => {
  let store: Store;
  const site: Site = siteOf(RULES);
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  it('facts in any order, batches and repetition give what one sorted batch gives', async () => {
    let episodesSeen = 0;
    let holdsSeen = 0;
    await fc.assert(
      fc.asyncProperty(
        arbitraryFacts,
        fc.array(fc.nat(1000), { minLength: 120, maxLength: 120 }),
        fc.integer({ min: 2, max: 12 }),
        async (facts, dice, size) => {
          await emptyLedger(store);
          await ingest(store, site, facts);
          const whole = await ledgerOf(store);
          episodesSeen += whole.episodes.length;
          holdsSeen += whole.holds.length;
          expect(whole.episodes.map(({ id }) => id).sort()).toEqual(episodeIds(facts, site));
          expect(whole.holds.map((hold) => `${hold.exception_id} ${hold.epc}`).sort()).toEqual(
            oracle(facts, whole.episodes),
          );
          await emptyLedger(store);
          const repeated = [...facts, ...facts.filter((_, index) => (dice[index] ?? 0) % 4 === 0)];
          const shuffled = repeated
            .map((fact, index) => ({ fact, at: dice[index] ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ fact }) => fact);
          for (let start = 0; start < shuffled.length; start += size) {
            await ingest(store, site, shuffled.slice(start, start + size));
          }
          expect(await ledgerOf(store)).toEqual(whole);
          const before = await store.db.selectFrom('exceptions').selectAll().orderBy('id').execute();
          await replay(store, site, facts, 20);
          expect(await ledgerOf(store)).toEqual(whole);
          const after = await store.db.selectFrom('exceptions').selectAll().orderBy('id').execute();
          expect(after).toEqual(before);
        },
      ),
      { numRuns: effort(5, 15) },
    );
    expect(episodesSeen).toBeGreaterThan(12);
    expect(holdsSeen).toBeGreaterThan(5);
  });
});
