/**
 * `npm run bench`: every figure of the design's budgets (DESIGN §8), as JSON lines, each beside its floor measured in
 * the same run. Each figure runs in a process of its own, so that none inherits another's heap or compiled code.
 * Exit code 1 when a figure could not be measured; a missed budget is a finding (`"met":false`), not a failure.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Figure } from './bench-line.ts';
import { FIGURES } from './figures.ts';

const HELP = `Tallyport benchmark: JSON lines, one per figure, each beside its floor measured in the same run.

  npm run bench -- [name …] [--quick]

${FIGURES.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}

  --quick   small loads, everything within a minute: for CI
  --help    this text

Environment: DATABASE_URL a PostgreSQL server for drain, ingest and visible (databases of their own are made and
dropped); without it they run on PGlite and say so. Exit code 1 when a figure could not be measured.
`;

class UsageError extends Error {}

function figuresNamed(names: readonly string[]): readonly Figure[] {
  if (names.length === 0) return FIGURES;
  return names.map((name) => {
    const figure = FIGURES.find((one) => one.name === name);
    if (figure !== undefined) return figure;
    throw new UsageError(
      `no figure "${name}": expected ${FIGURES.map((one) => one.name).join(', ')}; see --help`,
    );
  });
}

async function measure(figure: Figure, quick: boolean): Promise<void> {
  const command = `npm run bench -- ${figure.name}${quick ? ' --quick' : ''}`;
  for (const line of await figure.run({ quick })) {
    process.stdout.write(`${JSON.stringify({ ...line, command })}\n`);
  }
}

/** Its lines go straight to our output. */
async function measureInOwnProcess(figure: Figure, quick: boolean): Promise<boolean> {
  const args = [fileURLToPath(import.meta.url), figure.name, ...(quick ? ['--quick'] : [])];
  const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code === 0;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const figures = figuresNamed(positionals);
  const [only, ...others] = figures;
  if (only !== undefined && others.length === 0) {
    await measure(only, values.quick);
    return 0;
  }
  let failures = 0;
  for (const figure of figures) {
    if (await measureInOwnProcess(figure, values.quick)) continue;
    failures++;
    process.stderr.write(`bench: ${figure.name} could not be measured\n`);
  }
  return failures === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: NodeJS.ErrnoException) => {
    const usage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
    process.stderr.write(usage ? `${error.message}\n` : `bench: ${error.stack ?? error.message}\n`);
    process.exit(usage ? 2 : 1);
  },
);
