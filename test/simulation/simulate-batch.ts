/** For the test files: a range of seeds on one engine, with every violation named beside its seed. */
import { runSeed } from './run-seed.ts';
import type { SimulationEngine } from './world/engine.ts';

/** Empty when all is well; else one line per seed and violation, with how to run it again. */
export async function brokenPromises(engine: SimulationEngine, seeds: Iterable<number>): Promise<string[]> {
  const broken: string[] = [];
  for (const seed of seeds) {
    const { violations } = await runSeed(seed, { engine });
    for (const { kind, detail } of violations) {
      broken.push(`seed ${seed}: ${kind}: ${detail} (npm run simulate -- --seed ${seed} --trace)`);
    }
  }
  return broken;
}

export function* range(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed;
}
