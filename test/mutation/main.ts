/**
 * `npm run mutate`: breaks the product on purpose, one promise at a time, and shows that a test goes red for each.
 * Runs on copies of the last commit; the last line is a JSON summary; exit code 0 only if every mutation was caught.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judgeBySimulation } from './judge-simulation.ts';
import { judgeByTests } from './judge-tests.ts';
import type { Mutation } from './mutation.ts';
import { MUTATIONS } from './mutations/all.ts';
import { type Judge, type MutationOutcome, runMutations } from './run-mutations.ts';
import { headOf } from './workspace.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const NAME_WIDTH = Math.max(...MUTATIONS.map(({ name }) => name.length));

const HELP = `Breaks a copy of the last commit in ${MUTATIONS.length} ways, one at a time, and shows which test notices each.

  npm run mutate -- [--only NAME,…] [--list] [--judge tests|simulation] [--seeds N] [--parallel N]

  --only NAME,…     these mutations alone
  --list            names and broken promises, and run nothing
  --judge tests     the test file that each mutation names (default)
  --judge simulation  the seeded simulation alone: which seed finds each; what it does not find is listed, not failed
  --seeds N         seeds of the simulation for each mutation (default 60)
  --parallel N      mutations at a time (default 2)
  --help            this text

Environment: DATABASE_URL a PostgreSQL server; without it mutations of what only several connections show are not run.
Exit code: 0 every mutation was caught, 1 one was not or could not be made, 2 wrong usage.
`;

class UsageError extends Error {}

function readArguments() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      judge: { type: 'string', default: 'tests' },
      seeds: { type: 'string', default: '60' },
      parallel: { type: 'string', default: '2' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.judge !== 'tests' && values.judge !== 'simulation') {
    throw new UsageError(`--judge ${values.judge}: expected tests or simulation; see --help`);
  }
  return {
    ...values,
    bySimulation: values.judge === 'simulation',
    seeds: count('--seeds', values.seeds),
    parallel: count('--parallel', values.parallel),
    mutations: named(values.only),
  };
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`${option} ${text}: expected a number above 0; see --help`);
}

function named(only: string | undefined): readonly Mutation[] {
  if (only === undefined) return MUTATIONS;
  return only.split(',').map((name) => {
    const mutation = MUTATIONS.find((one) => one.name === name);
    if (mutation !== undefined) return mutation;
    throw new UsageError(`no mutation "${name}": see --list`);
  });
}

const byTests: Judge = {
  command: ({ judge, needs }) =>
    `${needs === 'DATABASE_URL' ? 'DATABASE_URL=… ' : ''}npx vitest run ${judge}`,
  look: judgeByTests,
};

const bySimulation = (seeds: number): Judge => ({
  command: () => `npm run simulate -- --seeds ${seeds}`,
  look: (folder, _mutation, limitMs) => judgeBySimulation(folder, seeds, limitMs),
});

function lineOf({ mutation, verdict, seconds }: MutationOutcome): string {
  const detail = verdict.kind === 'caught' ? verdict.by : 'why' in verdict ? verdict.why : mutation.breaks;
  const kind = verdict.kind === 'survived' ? 'SURVIVED' : verdict.kind;
  return `${mutation.name.padEnd(NAME_WIDTH)}  ${kind.padEnd(8)}  ${seconds.toFixed(1).padStart(5)} s  ${detail}\n`;
}

async function main(): Promise<number> {
  const options = readArguments();
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.list) {
    for (const { name, breaks } of MUTATIONS) process.stdout.write(`${name.padEnd(NAME_WIDTH)}  ${breaks}\n`);
    return 0;
  }
  const commit = headOf(REPOSITORY);
  const begun = performance.now();
  const outcomes = await runMutations({
    repository: REPOSITORY,
    commit,
    mutations: options.mutations,
    judge: options.bySimulation ? bySimulation(options.seeds) : byTests,
    parallel: options.parallel,
    onOutcome: (outcome) => process.stdout.write(lineOf(outcome)),
  });
  const namesOf = (kind: string) =>
    outcomes.filter(({ verdict }) => verdict.kind === kind).map(({ mutation }) => mutation.name);
  const summary = {
    commit,
    judge: options.judge,
    mutations: outcomes.length,
    caught: namesOf('caught').length,
    survived: namesOf('survived'),
    broken: namesOf('broken'),
    notRun: namesOf('not run'),
    seconds: Math.round((performance.now() - begun) / 1000),
  };
  process.stdout.write(`${JSON.stringify(summary)}\n`);
  const missed = options.bySimulation ? 0 : summary.survived.length;
  return missed + summary.broken.length === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: NodeJS.ErrnoException) => {
    const usage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
    process.stderr.write(usage ? `${error.message}\n` : `mutate: ${error.stack ?? error.message}\n`);
    process.exitCode = usage ? 2 : 1;
  },
);
