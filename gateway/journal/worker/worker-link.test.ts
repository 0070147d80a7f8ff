import { expect, test } from 'vitest';
import type { JournalError } from '../journal-error.ts';
import { JournalFolder, START, stampAt, virtualClock } from './journal.fixture.ts';
import { startWorker } from './worker-link.ts';

const request = { op: 'open', stamp: stampAt(START), nextEpoch: 'epoch-1', nextBootId: 'opening' } as const;

test('a worker that ends by itself is reported once, and everything asked of it fails', async () => {
  using folder = new JournalFolder();
  const script = new URL('data:text/javascript,process.exit(3)');
  const options = { file: folder.file, maxBytes: 1e6, hardLimitBytes: 2e6 };
  const died: JournalError[] = [];
  const link = startWorker(options, virtualClock(), (error) => died.push(error), script);
  await expect(link.call(request)).rejects.toMatchObject({ code: 'worker-died' });
  expect(died.map((error) => error.code)).toEqual(['worker-died']);
});

test('a worker that is ended on purpose is not reported', async () => {
  using folder = new JournalFolder();
  const options = { file: folder.file, maxBytes: 1e6, hardLimitBytes: 2e6 };
  const died: JournalError[] = [];
  const link = startWorker(options, virtualClock(), (error) => died.push(error));
  expect((await link.call(request)).epoch).toBe('epoch-1');
  await link.terminate();
  await expect(link.call(request)).rejects.toMatchObject({ code: 'worker-died' });
  expect(died).toEqual([]);
});
