/** Runs a program to its end, or ends it when its time is up. */
import { spawn } from 'node:child_process';

interface Ran {
  /** Null when it could not be started or was ended. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(command: string, args: readonly string[], limitMs: number): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => resolve({ code: null, stdout, stderr: stderr + error.message }));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The same, but throws with the end of what it complained of unless it succeeds. */
export async function runWell(command: string, args: readonly string[], limitMs: number): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, limitMs);
  if (code === 0) return stdout;
  const complaint = stderr.trim().split('\n').slice(-8).join('\n');
  throw new Error(`${command} ended with ${code ?? `nothing within ${limitMs} ms`}: ${complaint}`);
}
