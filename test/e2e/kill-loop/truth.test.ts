import { expect, test } from 'vitest';
import { compare, isSound, type KillLoopRow } from './truth.ts';

const HEALTH_EACH = 10;

/** Entries 1 to `count` of one gateway as a sound ledger holds them. */
function soundRows(count: number): KillLoopRow[] {
  const row = (lane: string, seq: number, number: number) => {
    return { gateway: 'gw-1', epoch: 'epoch-1', lane, seq, number };
  };
  const numbers = Array.from({ length: count }, (_, n) => n + 1);
  const health = numbers.filter((number) => number % HEALTH_EACH === 0);
  return [
    ...numbers.flatMap((number) => [row('stock', number, number), row('condition', number, number)]),
    ...health.map((number, index) => row('health', index + 1, number)),
  ];
}

const PROMISED = new Map([['gw-1', [1, 2, 3, 10, 19]]]);

test('a ledger that holds every promised entry once, and more that was only written, is sound', () => {
  const findings = compare(PROMISED, soundRows(20), HEALTH_EACH);
  expect(isSound(findings)).toBe(true);
  expect(findings).toMatchObject({ promised: 5, events: 42 });
});

const last = (rows: KillLoopRow[], lane: string) => rows.findLast((row) => row.lane === lane) as KillLoopRow;
const without = (rows: KillLoopRow[], row: KillLoopRow) => rows.filter((one) => one !== row);

test.each<[keyof ReturnType<typeof compare>, (rows: KillLoopRow[]) => KillLoopRow[]]>([
  ['lost', () => soundRows(18)],
  ['doubled', (rows) => [...rows, { ...last(rows, 'stock'), seq: 21 }]],
  ['torn', (rows) => without(rows, last(rows, 'condition'))],
  ['torn', (rows) => without(rows, last(rows, 'health'))],
  ['holes', (rows) => rows.map((row) => (row === last(rows, 'stock') ? { ...row, seq: 21 } : row))],
  ['disordered', (rows) => [...rows, { ...last(rows, 'stock'), seq: 21, number: 5 }]],
  ['newEpochs', (rows) => [...rows, { ...last(rows, 'stock'), epoch: 'epoch-2', seq: 1, number: null }]],
])('what is %s is found', (finding, spoil) => {
  const findings = compare(PROMISED, spoil(soundRows(20)), HEALTH_EACH);
  expect(findings[finding]).not.toEqual([]);
  expect(isSound(findings)).toBe(false);
});
