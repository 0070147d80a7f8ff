/**
 * The simulator under the virtual clock: devices, gateway with its SQLite journal, cloud with its SQL, in one process
 * without sockets. The ledger is held against the truth too: a fast run that is wrong counts for nothing.
 */
import { pino } from 'pino';
import { isRight } from '../../firmware-sim/app/report.ts';
import { reportOf } from '../../firmware-sim/app/verify.ts';
import { runVirtually } from '../../firmware-sim/app/virtual-run.ts';
import { type BenchLine, type BenchOptions, rounded } from './bench-line.ts';
import { dayScenario } from './day-scenario.ts';

const BUDGET_SECONDS_PER_DAY = 60;
const SEED = 1;

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const hours = quick ? 1 : 24;
  const scenario = dayScenario(hours);
  const begun = performance.now();
  const result = await runVirtually({ scenario, seed: SEED, log: pino({ level: 'silent' }) });
  const seconds = (performance.now() - begun) / 1000;
  const report = reportOf(scenario, SEED, seconds * 1000, result);
  if (!isRight(report)) throw new Error(`the ledger of the run is wrong: ${JSON.stringify(report)}`);
  return [
    {
      name: `${hours} h of a site with 4 doors and 40 probes, virtual clock`,
      value: rounded(seconds),
      unit: 's',
      // An hour is mostly the start of the database: nothing to judge a day by.
      ...(quick ? {} : { budget: `< ${BUDGET_SECONDS_PER_DAY} s`, met: seconds < BUDGET_SECONDS_PER_DAY }),
    },
  ];
}
