/** What was typed → what to simulate. PURE. */
import { parseArgs } from 'node:util';

export const HELP = `Tallyport simulation: gateways, links, broker and cloud in one process under virtual time, with faults.

  npm run simulate -- [--seeds N] [--first N]     run so many seeds, from this one on
  npm run simulate -- --seed S [--trace]          run one seed, and print what happens in it

  --seeds N        how many, default 200; the kept seeds (test/simulation/seeds.txt) run before them
  --first N        the first seed, default 1
  --workers N      processes side by side, default 2
  --seed S         this seed alone
  --trace          with --seed: each step, on stderr
  --database URL   a PostgreSQL server instead of the embedded engine: several ingest workers at once, and a run
                   that does not repeat exactly; a schema of its own is made and dropped
  --help           this text

Progress goes to stderr; the last line on stdout is a JSON summary. Exit code 0 only when nothing was lost, doubled,
acked early, out of order or undeclared, and every projection is right. A failing seed prints what it broke and the
line that runs it again, and is added to the kept seeds.
`;

export class UsageError extends Error {}

interface SimulationCommandLine {
  readonly help: boolean;
  readonly seeds: number;
  readonly first: number;
  readonly workers: number;
  readonly seed: number | undefined;
  readonly trace: boolean;
  readonly database: string | undefined;
}

export function readCommandLine(args: readonly string[]): SimulationCommandLine {
  const { values } = parse(args);
  const seed = values.seed === undefined ? undefined : whole('seed', values.seed, 0);
  if (values.trace === true && seed === undefined) throw new UsageError('--trace goes with --seed');
  return {
    help: values.help === true,
    seeds: whole('seeds', values.seeds ?? '200', 0),
    first: whole('first', values.first ?? '1', 0),
    workers: whole('workers', values.workers ?? '2', 1),
    seed,
    trace: values.trace === true,
    database: values.database,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        first: { type: 'string' },
        workers: { type: 'string' },
        seed: { type: 'string' },
        trace: { type: 'boolean' },
        database: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function whole(name: string, text: string, lowest: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= lowest) return value;
  throw new UsageError(`--${name} ${text}: expected a whole number of at least ${lowest}`);
}
