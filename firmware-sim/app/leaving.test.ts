/** Somebody leaves in the middle: Ctrl-C ends the demo and the served devices, with nothing left that holds them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';

const MAIN = new URL('main.ts', import.meta.url).pathname;
const SMOKE = new URL('../scenarios/smoke.yaml', import.meta.url).pathname;

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
});

/** The exit code after Ctrl-C at the moment the text shows up. By itself the script ends minutes later, with 0. */
async function leaveAt(text: string, ...args: string[]): Promise<number | null> {
  const running = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  child = running;
  const exit = once(running, 'exit');
  let output = '';
  for await (const chunk of running.stdout) {
    output += chunk;
    if (output.includes(text)) break;
  }
  expect(output).toContain(text);
  running.kill('SIGINT');
  const [code] = await exit;
  return code;
}

it('ends the demo while its script runs', async () => {
  expect(await leaveAt('clock', 'demo', '--scenario', SMOKE, '--speed', 'x1')).toBe(130);
});

it('ends served devices that wait for a broker', async () => {
  expect(await leaveAt('waiting', 'serve', SMOKE, '--broker', '127.0.0.1:1')).toBe(0);
});
