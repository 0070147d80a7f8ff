/** A process that runs the seeds it is sent, one at a time, on an engine of its own. */
import { runSeed, type SeedResult } from './run-seed.ts';
import { openEngine } from './world/engine.ts';

export type WorkerAnswer = { readonly ready: true } | { readonly ready: false; readonly result: SeedResult };

const engine = await openEngine(process.argv[2]);
/** What threw where nobody waited for it, while a seed ran. */
let stray: string[] = [];
process.on('unhandledRejection', (reason) => {
  stray.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
});

process.on('message', (seed: number) => void run(seed));
process.on('disconnect', () => void engine.close().finally(() => process.exit()));
answer({ ready: true });

async function run(seed: number): Promise<void> {
  stray = [];
  const result = await runSeed(seed, { engine });
  const violations = [...result.violations, ...stray.map((detail) => ({ kind: 'broken' as const, detail }))];
  answer({ ready: false, result: { ...result, violations } });
}

function answer(message: WorkerAnswer): void {
  process.send?.(message);
}
