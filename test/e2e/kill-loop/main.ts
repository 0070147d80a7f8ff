/**
 * `npm run kill-loop`: kills parts of a real site at random moments and compares what the journals promised with what
 * the ledger holds. The last line is a JSON summary; exit code 0 only if nothing was lost, doubled, torn or complained of.
 */
import { parseArgs } from 'node:util';
import { mosquittoFound, postgresFound } from '../../support/engines.ts';
import { type KillLoopReport, runKillLoop } from './kill-loop.ts';
import { DATABASES, LINKS } from './site.ts';

const HELP = `Kills gateways, clouds, broker and database of a running site and looks whether anything is lost or doubled.

  npm run kill-loop -- [--rounds N] [--seed N] [--link LINK] [--database DATABASE] [--gateways N] [--rate N]

  --rounds N     kills, some of several parts at once (default 100)
  --seed N       of the moments (default 1)
  --link LINK    ${LINKS.join(', ')} (default: Mosquitto where it is found)
  --database DB  ${DATABASES.join(', ')} (default: PostgreSQL where it is found)
  --gateways N   default 2
  --rate N       entries per second and gateway (default 50)
  --help         this text

With a broker and PostgreSQL of their own two clouds share the work. Exit code: 0 all is right, 1 it is not, 2 wrong usage.
`;

class UsageError extends Error {}

function count(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`--${option} ${text}: expected a number above 0; see --help`);
}

function oneOf<T extends string>(option: string, text: string, names: readonly T[]): T {
  const name = names.find((one) => one === text);
  if (name !== undefined) return name;
  throw new UsageError(`--${option} ${text}: expected one of ${names.join(', ')}; see --help`);
}

/** Long lists say how long they are and how they begin. */
function shortened(_key: string, value: unknown): unknown {
  return Array.isArray(value) && value.length > 5 ? [...value.slice(0, 5), `${value.length} in all`] : value;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      link: { type: 'string', default: mosquittoFound ? 'mosquitto' : 'embedded' },
      database: { type: 'string', default: postgresFound ? 'postgres' : 'pglite' },
      gateways: { type: 'string', default: '2' },
      rate: { type: 'string', default: '50' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const report: KillLoopReport = await runKillLoop({
    link: oneOf('link', values.link, LINKS),
    database: oneOf('database', values.database, DATABASES),
    gateways: count('gateways', values.gateways),
    entriesPerSecond: count('rate', values.rate),
    seed: count('seed', values.seed),
    rounds: count('rounds', values.rounds),
    onRound: (round, killed) => process.stderr.write(`${round} ${killed.join(', ')}\n`),
  });
  process.stdout.write(`${JSON.stringify(report, shortened)}\n`);
  return report.ok ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: NodeJS.ErrnoException) => {
    const usage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
    process.stderr.write(usage ? `${error.message}\n` : `kill-loop: ${error.stack ?? error.message}\n`);
    process.exit(usage ? 2 : 1);
  },
);
