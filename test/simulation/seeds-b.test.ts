/** As many other seeds, for the other test worker. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { effort } from '../support/effort.ts';
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

it(`nothing lost, nothing twice: seeds 101 to ${100 + SEEDS}`, { timeout: HANG_MS }, async () => {
  expect(await brokenPromises(engine, range(101, SEEDS))).toEqual([]);
});
