/** The seeds that once failed: one a line, with what they broke. They run first for ever. */
import { appendFileSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('./seeds.txt', import.meta.url));

export function readKeptSeeds(): number[] {
  const lines = readFileSync(FILE, 'utf8').split('\n');
  return lines
    .map((line) => line.replace(/#.*/, '').trim())
    .flatMap((text) => (text === '' ? [] : [Number(text)]));
}

export function keepSeed(seed: number, broke: readonly string[]): void {
  if (readKeptSeeds().includes(seed)) return;
  appendFileSync(FILE, `${seed} # ${broke.join(', ')}\n`);
}
