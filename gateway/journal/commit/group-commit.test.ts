import { expect, test } from 'vitest';
import {
  entry,
  JournalFolder,
  openVirtual,
  readAll,
  virtualClock,
  weighing,
} from '../worker/journal.fixture.ts';
import { GroupCommit, type GroupLimits } from './group-commit.ts';
import type { StoredGroup } from './store.ts';

const LIMITS: GroupLimits = {
  groupMs: 50,
  patientMs: 600,
  groupRows: 1,
  pruneMs: 1000,
  pruneRows: 100,
  maxQueuedRows: 100,
  maxQueuedBytes: 1_000_000,
};

/** A group commit whose commits end when the test says so. */
function bench(limits: Partial<GroupLimits> = {}) {
  const clock = virtualClock();
  const commits: { group: StoredGroup; end: (error?: Error) => void }[] = [];
  const groups = new GroupCommit(
    clock,
    { ...LIMITS, ...limits },
    (group) =>
      new Promise((resolve, reject) => {
        commits.push({ group, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
  );
  const settled: string[] = [];
  const append = (body: string, patient = false) =>
    groups.append({ events: [{ lane: 'stock', body }], put: [], drop: [], patient }).then(
      () => void settled.push(`${body} durable`),
      () => void settled.push(`${body} failed`),
    );
  return { clock, commits, settled, append };
}

test('an append resolves when its own commit has ended, and not before', async () => {
  const { clock, commits, settled, append } = bench();
  void append('a');
  void append('b');
  void append('c');
  await clock.runFor(10_000);
  expect(settled).toEqual([]);
  commits[0]?.end();
  await clock.settle();
  expect(settled).toEqual(['a durable']);
  commits[1]?.end();
  await clock.settle();
  commits[2]?.end();
  await clock.settle();
  expect(settled).toEqual(['a durable', 'b durable', 'c durable']);
});

test('what is queued behind a commit that fails is not written before it can be offered again in order', async () => {
  const { clock, commits, settled, append } = bench();
  for (const body of ['a', 'b', 'c', 'd']) void append(body);
  await clock.settle();
  expect(commits).toHaveLength(2);
  commits[0]?.end(new Error('the disk is full'));
  await clock.settle();
  expect(settled).toEqual(['a failed', 'c failed', 'd failed']);
  commits[1]?.end(new Error('behind a failed commit'));
  await clock.runFor(10_000);
  expect(settled).toEqual(['a failed', 'c failed', 'd failed', 'b failed']);
  expect(commits).toHaveLength(2);
  void append('a');
  await clock.settle();
  commits[2]?.end();
  await clock.settle();
  expect(settled.at(-1)).toBe('a durable');
  expect(commits.map(({ group }) => group.events.stock)).toEqual([['a'], ['b'], ['a']]);
});

test('what nobody waits for is committed late, together, and at once with what somebody waits for, in order', async () => {
  const { clock, commits, append } = bench({ groupRows: 100 });
  const written = () => commits.map(({ group }) => group.events.stock);
  void append('a', true);
  await clock.runFor(500);
  void append('b', true);
  await clock.runFor(99);
  expect(written()).toEqual([]);
  await clock.runFor(1);
  expect(written()).toEqual([['a', 'b']]);
  void append('c', true);
  await clock.runFor(300);
  void append('d');
  void append('e', true);
  await clock.runFor(49);
  expect(written()).toHaveLength(1);
  await clock.runFor(1);
  expect(written().at(-1)).toEqual(['c', 'd', 'e']);
});

test('a full queue takes nothing more, however small, until all it holds is durable', async () => {
  const { clock, commits, settled, append } = bench({ maxQueuedBytes: 10 });
  void append('aaaaa');
  void append('large bbbbb');
  void append('c');
  await clock.settle();
  void append('d');
  await clock.settle();
  expect(settled).toEqual(['large bbbbb failed', 'c failed', 'd failed']);
  commits[0]?.end();
  await clock.settle();
  void append('large bbbbb');
  await clock.settle();
  commits[1]?.end();
  await clock.settle();
  expect(settled.slice(3)).toEqual(['aaaaa durable', 'large bbbbb durable']);
});

test('whenever power goes, a checkpoint is there until the event that it became is', async () => {
  for (let cutAfterMs = 0; cutAfterMs <= 200; cutAfterMs += 10) {
    using folder = new JournalFolder();
    const before = await openVirtual(folder.file);
    const session = { key: 'door-1/pass', body: 'under way' };
    await before.run(before.journal.append({ events: [], put: [session], drop: [] }));
    before.journal.append({ events: [weighing(1)], put: [], drop: ['door-1/'] }).catch(() => {});
    await before.clock.runFor(cutAfterMs);
    await before.journal.abandon();

    const after = await openVirtual(folder.file);
    const events = await readAll(after.journal, 'stock');
    const checkpoints = await after.journal.checkpoints();
    expect(events.length + checkpoints.length, `cut after ${cutAfterMs} ms`).toBe(1);
    await after.run(after.journal.append(entry(weighing(2))));
    await after.journal.close();
  }
});
