/** Another hundred seeds, for the other test worker. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { brokenPromises, range } from './simulate-batch.ts';
import { type Engine, openEngine } from './world/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(undefined);
});
afterAll(() => engine.close());

it('nothing lost, nothing twice: seeds 101 to 200', { timeout: 300_000 }, async () => {
  expect(await brokenPromises(engine, range(101, 100))).toEqual([]);
});
