import { expect, test } from 'vitest';
import { machineMark } from './machine-mark.ts';

const SERIAL = '/proc/device-tree/serial-number';
const MACHINE_ID = '/etc/machine-id';

function markOf(files: Record<string, string>): string | undefined {
  return machineMark((path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`${path}: no such file`);
    return text;
  });
}

test('the board is known by its serial number, whatever is installed on it', () => {
  const board = markOf({ [SERIAL]: '10000000a1b2c3d4\0', [MACHINE_ID]: 'aaaa' });
  expect(board).toMatch(/^[0-9a-f]{32}$/);
  expect(markOf({ [SERIAL]: '10000000a1b2c3d4\0', [MACHINE_ID]: 'bbbb' })).toBe(board);
  expect(markOf({ [SERIAL]: '10000000a1b2c3d5\0', [MACHINE_ID]: 'aaaa' })).not.toBe(board);
});

test('without a serial number the installation stands for the machine, and its id is not shown', () => {
  const id = '3d1219c7c4c5404aaa1f6d2a48adfda4';
  const mark = markOf({ [SERIAL]: '0000000000000000\0', [MACHINE_ID]: `${id}\n` });
  expect(mark).toBe(markOf({ [MACHINE_ID]: id }));
  expect(mark).not.toContain(id.slice(0, 8));
});

test.each([{}, { [MACHINE_ID]: '' }, { [MACHINE_ID]: 'uninitialized\n' }])(
  'a machine with nothing to be known by has no mark',
  (files: Record<string, string>) => {
    expect(markOf(files)).toBeUndefined();
  },
);
