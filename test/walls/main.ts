/** `npm run -s walls`: each broken rule, with its place, its name and what to do; exits 1 if there is one. */

import { fileURLToPath } from 'node:url';
import { check } from './check.ts';
import { readTree } from './read-tree.ts';
import { WALLS } from './walls.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const breaches = check(readTree(ROOT), WALLS);
for (const { file, line, rule, message } of breaches)
  process.stdout.write(`${file}:${line} [${rule}] ${message}\n`);
if (breaches.length > 0) process.exitCode = 1;
