/** The kept seeds and the first ones: what `npm run simulate` does, in short. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { effort } from '../support/effort.ts';
import { readKeptSeeds } from './kept-seeds.ts';
import { runSeed } from './run-seed.ts';
import { brokenPromises, range } from './simulate-batch.ts';
import { openEngine, type SimulationEngine } from './world/engine.ts';

/** On a busy machine a seed takes many times its half second. */
const HANG_MS = 1_200_000;
const SEEDS = effort(10, 100);

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
    for (const seed of effort([11], [3, 11, 47])) {
      const [once, again] = [await runSeed(seed, { engine }), await runSeed(seed, { engine })];
      expect(again).toEqual(once);
      expect(once.events).toBeGreaterThan(0);
    }
    const [one, other] = [await runSeed(5, { engine }), await runSeed(6, { engine })];
    expect(one.traceHash).not.toBe(other.traceHash);
  });
});
