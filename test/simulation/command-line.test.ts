import { expect, it } from 'vitest';
import { readCommandLine } from './command-line.ts';

it('runs two hundred seeds on two workers by default', () => {
  expect(readCommandLine([])).toEqual({
    help: false,
    seeds: 200,
    first: 1,
    workers: 2,
    seed: undefined,
    trace: false,
    database: undefined,
  });
  expect(readCommandLine(['--seeds', '10000', '--first', '5'])).toMatchObject({ seeds: 10_000, first: 5 });
  expect(readCommandLine(['--seed', '7', '--trace'])).toMatchObject({ seed: 7, trace: true });
});

it.each([
  [['--seeds', 'many'], /--seeds many: expected a whole number/],
  [['--workers', '0'], /--workers 0: expected a whole number of at least 1/],
  [['--trace'], /--trace goes with --seed/],
  [['--sedes', '3'], /--sedes/],
])('refuses %s and says what was expected', (args, message) => {
  expect(() => readCommandLine(args)).toThrow(message);
});
