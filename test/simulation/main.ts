/** `npm run simulate`: many seeds over several processes, or one with its trace. */
import { HELP, readCommandLine, UsageError } from './command-line.ts';
import { keepSeed, readKeptSeeds } from './kept-seeds.ts';
import { runMany } from './run-many.ts';
import { runSeed, type SeedResult } from './run-seed.ts';
import { Summary } from './summary.ts';
import { openEngine } from './world/engine.ts';

const PROGRESS_MS = 5000;

const say = (line: string) => process.stderr.write(`${line}\n`);
const replayCommand = (seed: number, database: string | undefined) =>
  `npm run simulate -- --seed ${seed} --trace${database === undefined ? '' : ' --database URL'}`;

function showFailure(result: SeedResult, database: string | undefined): void {
  say(`seed ${result.seed} FAILED:`);
  for (const { kind, detail } of result.violations) say(`  ${kind}: ${detail}`);
  say(`  again: ${replayCommand(result.seed, database)}`);
}

function finish(summary: Summary, first: number, startedAt: number): number {
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  process.stdout.write(`${JSON.stringify({ first, ...summary.toJSON(), seconds })}\n`);
  return summary.failed.length === 0 ? 0 : 1;
}

async function replay(seed: number, trace: boolean, database: string | undefined): Promise<number> {
  const startedAt = performance.now();
  const engine = await openEngine(database);
  const summary = new Summary();
  const result = await runSeed(seed, { engine, onTrace: trace ? say : undefined });
  summary.add(result);
  if (result.violations.length > 0) showFailure(result, database);
  say(`trace hash ${result.traceHash}`);
  await engine.close();
  return finish(summary, seed, startedAt);
}

async function main(): Promise<number> {
  const line = readCommandLine(process.argv.slice(2));
  if (line.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { database, first, seeds, workers } = line;
  if (line.seed !== undefined) return replay(line.seed, line.trace, database);
  const startedAt = performance.now();
  const summary = new Summary();
  const kept = readKeptSeeds();
  const all = [...kept, ...Array.from({ length: seeds }, (_, index) => first + index)];
  let shownAt = startedAt;
  await runMany(all, { workers: Math.min(workers, all.length), database }, (result) => {
    summary.add(result);
    if (result.violations.length > 0) {
      showFailure(result, database);
      keepSeed(result.seed, [...new Set(result.violations.map(({ kind }) => kind))]);
    }
    const now = performance.now();
    if (now - shownAt < PROGRESS_MS) return;
    shownAt = now;
    const rate = summary.seeds / ((now - startedAt) / 1000);
    const minutesLeft = Math.ceil((all.length - summary.seeds) / rate / 60);
    say(
      `${summary.seeds} of ${all.length} seeds, ${summary.failed.length} failed, ${rate.toFixed(1)}/s, ${minutesLeft} min left`,
    );
  });
  return finish(summary, first, startedAt);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  say(`${error.message}\nSee: npm run simulate -- --help`);
  process.exitCode = 2;
}
