/** A command with a time limit, ended with everything that it started. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

interface Finished {
  /** Undefined when the time was over. */
  readonly code: number | undefined;
  /** What it wrote to stdout and stderr, the end of it. */
  readonly output: string;
}

const KEPT_CHARACTERS = 20_000;

export async function runBounded(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly limitMs: number;
    readonly env: NodeJS.ProcessEnv;
    /** Enough is known once this stands in the output. */
    readonly until?: RegExp;
  },
): Promise<Finished> {
  const { cwd, limitMs, env, until } = options;
  // In a process group of its own, so that its children can be ended with it.
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const endGroup = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL');
    }
  };
  const keep = (chunk: unknown) => {
    output = (output + String(chunk)).slice(-KEPT_CHARACTERS);
    if (until?.test(output)) endGroup();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    endGroup();
  }, limitMs);
  process.on('exit', endGroup);
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  process.off('exit', endGroup);
  return { code: late ? undefined : typeof code === 'number' ? code : 1, output };
}
