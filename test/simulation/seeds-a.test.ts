/** The kept seeds and the first ones: what `npm run simulate` does, in short. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { effort } from '../support/effort.ts';
import { readKeptSeeds } from './kept-seeds.ts';
import { runSeed } from './run-seed.ts';
import { brokenPromises, range } from './simulate-batch.ts';
import { openEngine, type SimulationEngine } from './world/engine.ts';

/** On a busy machine a seed takes many times its half second. */
const HANG_MS = 1_200_000;
const SEEDS = effort(6, 100);

let engine: SimulationEngine;
beforeAll(async () => {
  engine = await openEngine(undefined);
});
afterAll(() => engine.close());

describe('nothing lost, nothing twice', () => {
  it('holds for every seed that once failed', { timeout: HANG_MS }, async () => {
    expect(await brokenPromises(engine, readKeptSeeds())).toEqual([]);
  });

  it(`holds for seeds 1 to ${SEEDS}`, { timeout: HANG_MS }, async () => {
    expect(await brokenPromises(engine, range(1, SEEDS))).toEqual([]);
  });

  it('runs one story per seed', { timeout: HANG_MS }, async () => {
    const stories = new Set<string>();
    const seeds = effort([6, 11], [3, 6, 11, 47]);
    for (const seed of seeds) {
      const once = await runSeed(seed, { engine });
      expect(once.events).toBeGreaterThan(0);
      stories.add(once.traceHash);
      if (seed !== 6) expect(await runSeed(seed, { engine })).toEqual(once);
    }
    expect(stories.size).toBe(seeds.length);
  });
});
