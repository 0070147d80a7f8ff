/**
 * Golden cases of the llrp driver: folders with input.hex and expected.json. input.hex has one line each of
 * `options {…}`, `at <ms>`, `open`, `close`, `< hex` from the reader, `> hex` that the driver must send;
 * `#` begins a comment.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { ScriptStep } from './byte-driver-script.ts';

export interface LlrpGoldenCase {
  readonly name: string;
  readonly options: unknown;
  readonly steps: readonly ScriptStep[];
  /** What the driver must send, in order, as hex. */
  readonly sends: readonly string[];
  readonly expected: unknown;
}

export function readLlrpGoldenCases(folder: URL): LlrpGoldenCase[] {
  return readdirSync(folder).map((name) => {
    const read = (file: string) => readFileSync(new URL(`${name}/${file}`, folder), 'utf8');
    return { name, ...parse(read('input.hex')), expected: JSON.parse(read('expected.json')) };
  });
}

function parse(text: string): Pick<LlrpGoldenCase, 'options' | 'steps' | 'sends'> {
  let options: unknown = {};
  let at = 0;
  const steps: ScriptStep[] = [];
  const sends: string[] = [];
  for (const line of text.split('\n')) {
    const [word = '', ...words] = (line.split('#')[0] ?? '').trim().split(' ');
    const rest = words.join(' ').trim();
    if (word === 'options') options = JSON.parse(rest);
    else if (word === 'at') at = Number(rest);
    else if (word === 'open' || word === 'close') steps.push({ at, does: word });
    else if (word === '<') steps.push({ at, does: 'hex', data: rest });
    else if (word === '>') sends.push(rest);
    else if (word !== '') throw new Error(`what does "${line}" mean?`);
  }
  // A moment more, so that what falls due at the last step happens.
  steps.push({ at: at + 1, does: 'wait' });
  return { options, steps, sends };
}
