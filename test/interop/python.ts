/** A Python environment with exactly what a requirements file pins, made once and kept in the cache. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tool } from './judge.ts';
import { runWell } from './run.ts';

export const PYTHON: Tool = {
  name: 'Python 3 with venv',
  probe: ['python3', '-c', 'import venv, ensurepip'],
  install: 'apt-get install python3 python3-venv',
};

const INSTALL_LIMIT_MS = 300_000;

/** Returns its interpreter. */
export async function pythonWith(cache: string, requirements: URL): Promise<string> {
  const pins = readFileSync(requirements, 'utf8');
  const name = createHash('sha256').update(pins).digest('hex').slice(0, 16);
  const folder = join(cache, `python-${name}`);
  const ready = join(folder, 'ready');
  const interpreter = join(folder, 'bin', 'python');
  if (existsSync(ready)) return interpreter;
  rmSync(folder, { recursive: true, force: true });
  await runWell('python3', ['-m', 'venv', folder], INSTALL_LIMIT_MS);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement'];
  await runWell(interpreter, [...install, fileURLToPath(requirements)], INSTALL_LIMIT_MS);
  writeFileSync(ready, pins);
  return interpreter;
}
