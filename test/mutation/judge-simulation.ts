/** Lets the seeded simulation alone look for a mutation: the first seed that fails has found it. */
import { runBounded } from './run-bounded.ts';
import type { Verdict } from './verdict.ts';

const FAILED = /^seed (\d+) FAILED:\n\s+(\S.*)\n/m;

export async function judgeBySimulation(folder: string, seeds: number, limitMs: number): Promise<Verdict> {
  // The mutations run side by side; their seeds do not.
  const args = ['test/simulation/main.ts', '--seeds', String(seeds), '--workers', '1'];
  const { code, output } = await runBounded(args, { cwd: folder, limitMs, env: process.env, until: FAILED });
  const [, seed, violation] = FAILED.exec(output) ?? [];
  if (seed !== undefined) return { kind: 'caught', by: `seed ${seed}: ${violation ?? ''}` };
  if (code === 0) return { kind: 'survived' };
  if (code === undefined) return { kind: 'caught', by: `no end within ${Math.round(limitMs / 1000)} s` };
  return { kind: 'broken', why: output.trim().split('\n').slice(-12).join('\n') };
}
