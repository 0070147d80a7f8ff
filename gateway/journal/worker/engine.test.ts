import { closeSync, openSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeStoredEvent } from '../file/stored-event.ts';
import { type EngineReply, JournalEngine } from './engine.ts';
import { JournalFolder, START, sample, stampAt, weighing } from './journal.fixture.ts';

const MEBIBYTE = 1024 * 1024;
const context = (epoch: string) => ({ stamp: stampAt(START), nextEpoch: epoch, nextBootId: 'opening' });
const stockOf = (n: number) => encodeStoredEvent(stampAt(START), weighing(n));
const sampleOf = (n: number) => encodeStoredEvent(stampAt(START), sample(n));

function commit(engine: JournalEngine, n: number, generation: number, samples: number): EngineReply {
  const condition = Array.from({ length: samples }, (_, index) => sampleOf(n * 1000 + index));
  const group = { events: { stock: [stockOf(n)], condition, health: [] }, checkpoints: [] };
  return engine.handle({ op: 'commit', group, prunes: [], generation, ...context('epoch-2') });
}

function stockBodies(engine: JournalEngine, epoch: string): string[] {
  const request = {
    op: 'read',
    epoch,
    lane: 'stock',
    afterSeq: 0,
    maxEvents: 10_000,
    maxBytes: 1e9,
  } as const;
  const { slice } = engine.handle({ ...request, ...context('epoch-3') });
  return slice?.rows.map((row) => row.body) ?? [];
}

test('damage that is met while making room does not write what was committed a second time', () => {
  using folder = new JournalFolder();
  const limits = { maxBytes: 8 * MEBIBYTE, hardLimitBytes: 100 * MEBIBYTE };
  const engine = new JournalEngine({ file: folder.file, ...limits });
  engine.handle({ op: 'open', ...context('epoch-1') });
  let n = 0;
  let bytes = 0;
  while (bytes < limits.maxBytes - MEBIBYTE / 2) {
    commit(engine, ++n, 0, 200);
    bytes = engine.handle({ op: 'status', ...context('epoch-2') }).status?.fileBytes ?? 0;
  }
  // The oldest stretch, which is on disk and in no cache any more.
  const file = openSync(folder.file, 'r+');
  writeSync(file, Buffer.alloc(200_000, 0xa5), 0, 200_000, 40_960);
  closeSync(file);

  let epoch = 'epoch-1';
  while (epoch === 'epoch-1' && n < 1000) ({ epoch } = commit(engine, ++n, 0, 200));
  expect(epoch).toBe('epoch-2');
  const bodies = stockBodies(engine, epoch);
  expect(new Set(bodies).size).toBe(bodies.length);
  expect(bodies.at(-1)).toBe(stockOf(n));
  engine.close();
});

function openSmall(folder: JournalFolder): JournalEngine {
  const limits = { maxBytes: 8 * MEBIBYTE, hardLimitBytes: MEBIBYTE / 2 };
  const engine = new JournalEngine({ file: folder.file, ...limits });
  engine.handle({ op: 'open', ...context('epoch-1') });
  return engine;
}

/** More than a small journal may ever hold: it gives up what it can, and fails. */
function commitTooMuch(engine: JournalEngine): EngineReply {
  const checkpoints = [{ key: 'large', body: 'x'.repeat(MEBIBYTE) }];
  const group = { events: { stock: [], condition: [], health: [] }, checkpoints };
  return engine.handle({ op: 'commit', group, prunes: [], generation: 0, ...context('epoch-2') });
}

test('a gap event written by a commit that failed all the same is sent with the next reply', () => {
  using folder = new JournalFolder();
  const engine = openSmall(folder);
  expect(commit(engine, 1, 0, 100).growth).toEqual({ stock: 1, condition: 100 });
  expect(() => commitTooMuch(engine)).toThrow('no room left');
  expect(engine.handle({ op: 'status', ...context('epoch-2') }).growth).toEqual({ health: 1 });
  expect(engine.handle({ op: 'status', ...context('epoch-2') }).growth).toEqual({});
  engine.close();
});

test('the seqs of a lane that was given up to its last row are not given again after a restart', () => {
  using folder = new JournalFolder();
  const engine = openSmall(folder);
  commit(engine, 1, 0, 100);
  expect(() => commitTooMuch(engine)).toThrow('no room left');
  engine.close();
  const { status } = engine.handle({ op: 'status', ...context('epoch-2') });
  expect(status?.lanes.condition).toEqual({ lastSeq: 100, prunedUpTo: 0, waiting: 0 });
  engine.close();
});

test('what was under way behind a failed commit fails too, so that it can be offered again in order', () => {
  using folder = new JournalFolder();
  const engine = openSmall(folder);
  commit(engine, 1, 0, 0);
  expect(() => commitTooMuch(engine)).toThrow('no room left');
  expect(() => commit(engine, 2, 0, 0)).toThrow('no room left');
  commit(engine, 2, 1, 0);
  expect(stockBodies(engine, 'epoch-1')).toEqual([stockOf(1), stockOf(2)]);
  engine.close();
});
