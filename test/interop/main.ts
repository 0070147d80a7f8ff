/**
 * `npm run interop [-- name …]`: lets every outside judge (or those whose name begins so) speak with our parts, side
 * by side, and says what each found. A judge whose tools are missing is skipped with the reason, or fails when
 * TALLYPORT_INTEROP_REQUIRED is 1. Programs are installed under node_modules/.cache/tallyport/interop, once.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { InteropJudge, InteropVerdict, Tool } from './judge.ts';
import { JUDGES } from './judges.ts';
import { run } from './run.ts';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/tallyport/interop/', import.meta.url));
const isRequired = process.env.TALLYPORT_INTEROP_REQUIRED === '1';

const wanted = process.argv.slice(2);
const judges = JUDGES.filter(
  ({ name }) => wanted.length === 0 || wanted.some((begin) => name.startsWith(begin)),
);
if (judges.length === 0) {
  process.stderr.write(`no judge is called ${wanted.join(', ')}; there are ${namesOf(JUDGES)}\n`);
  process.exit(2);
}

mkdirSync(CACHE, { recursive: true });
const verdicts = await Promise.all(
  judges.map(async (judge) => {
    const verdict = await verdictOf(judge);
    const said = verdict.outcome === 'passed' ? verdict.found : verdict.why;
    process.stdout.write(`${verdict.outcome.padEnd(8)} ${judge.name}: ${said}\n`);
    return verdict.outcome;
  }),
);
const count = (outcome: InteropVerdict['outcome']) => verdicts.filter((one) => one === outcome).length;
process.stdout.write(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`);
process.exitCode = count('failed') > 0 ? 1 : 0;

async function verdictOf(judge: InteropJudge): Promise<InteropVerdict> {
  const missing: Tool[] = [];
  for (const tool of judge.needs) if (!(await works(tool))) missing.push(tool);
  if (missing.length > 0) {
    const why = missing.map(({ name, install }) => `${name} is missing (${install})`).join('; ');
    return { outcome: isRequired ? 'failed' : 'skipped', why };
  }
  try {
    return { outcome: 'passed', found: await judge.judge(CACHE) };
  } catch (error) {
    return { outcome: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}

async function works({ probe: [command, ...args] }: Tool): Promise<boolean> {
  const { code } = await run(command, args, 30_000);
  return code === 0;
}

function namesOf(all: readonly InteropJudge[]): string {
  return all.map(({ name }) => name).join(', ');
}
