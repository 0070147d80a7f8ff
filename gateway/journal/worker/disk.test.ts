import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import { DiskReserve } from '../file/disk-reserve.ts';
import { defaultMaxBytes, LEAST_BYTES, REAL_SURROUNDINGS, type Surroundings } from '../file/disk-room.ts';
import { decodeStoredEvent, encodeStoredEvent } from '../file/stored-event.ts';
import { JournalError } from '../journal-error.ts';
import { adoptJournal } from '../salvage/adopt.ts';
import { type EngineReply, JournalEngine } from './engine.ts';
import { JournalFolder, openVirtual, readAll, START, sample, stampAt, weighing } from './journal.fixture.ts';
import { WAL_ALARM_BYTES } from './upkeep.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;

function surroundings(given: Partial<Surroundings>): Surroundings {
  return { ...REAL_SURROUNDINGS, ...given };
}

test.each([
  { free: 500 * GIBIBYTE, own: 0, expected: 4 * GIBIBYTE },
  { free: GIBIBYTE, own: 0, expected: Math.floor(0.8 * GIBIBYTE) },
  { free: 0.5 * GIBIBYTE, own: 0.5 * GIBIBYTE, expected: Math.floor(0.8 * GIBIBYTE) },
  // Others have filled the disk: what is held is not given up for it.
  { free: 0, own: GIBIBYTE, expected: GIBIBYTE },
  { free: 0, own: 4096, expected: LEAST_BYTES },
])('with $free bytes free and $own its own the journal may have $expected', ({ free, own, expected }) => {
  const machine = { freeBytes: () => free, sizeOf: (file: string) => (file.endsWith('-wal') ? 0 : own) };
  expect(defaultMaxBytes('/data/journal.db', machine)).toBe(expected);
});

test('a disk that is too small for a new journal is refused with what to do', () => {
  const machine = { freeBytes: () => 39 * MEBIBYTE, sizeOf: () => 0 };
  const small = () => defaultMaxBytes('/data/journal.db', machine);
  expect(small).toThrow(JournalError);
  expect(small).toThrow('only 39 MiB are free for the journal, and a useful one needs 40');
});

test('the reserve is really on the disk, is given back once, and is taken again only when there is ample room', () => {
  using folder = new JournalFolder();
  let free = GIBIBYTE;
  const reserve = new DiskReserve(folder.file, MEBIBYTE, surroundings({ freeBytes: () => free }));
  expect(reserve.held).toBe(false);
  expect(reserve.take()).toBe(true);
  const { size, blocks } = statSync(`${folder.file}.reserve`);
  expect(size).toBe(MEBIBYTE);
  expect(blocks * 512).toBeGreaterThanOrEqual(MEBIBYTE);
  expect(new DiskReserve(folder.file, MEBIBYTE, REAL_SURROUNDINGS).held).toBe(true);
  expect(reserve.release()).toBe(true);
  expect(reserve.release()).toBe(false);
  expect(existsSync(`${folder.file}.reserve`)).toBe(false);
  free = 4 * MEBIBYTE - 1;
  expect(reserve.take()).toBe(false);
  free = 4 * MEBIBYTE;
  // One that a power cut left half written is none.
  writeFileSync(`${folder.file}.reserve`, 'half');
  expect(new DiskReserve(folder.file, MEBIBYTE, REAL_SURROUNDINGS).held).toBe(false);
  expect(reserve.take()).toBe(true);
  expect(statSync(`${folder.file}.reserve`).size).toBe(MEBIBYTE);
});

/** An engine fed commit by commit, with what it says of its health. */
class DiskRig {
  readonly #engine: JournalEngine;
  #nowMs = 0;
  #n = 0;

  constructor(engine: JournalEngine) {
    this.#engine = engine;
  }

  #context() {
    return { stamp: stampAt(START + this.#nowMs), nextEpoch: 'epoch-1', nextBootId: 'opening' };
  }

  commit(make: (n: number) => StockEvent, count: number, lane: 'stock' | 'condition'): EngineReply {
    const bodies = Array.from({ length: count }, () =>
      encodeStoredEvent(stampAt(START + this.#nowMs), make(++this.#n)),
    );
    const events = { stock: [], condition: [], health: [], [lane]: bodies };
    const group = { events, checkpoints: [] };
    return this.#engine.handle({
      op: 'commit',
      group,
      prunes: [],
      generation: this.#nowMs,
      ...this.#context(),
    });
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  status() {
    const { status } = this.#engine.handle({ op: 'status', ...this.#context() });
    if (status === undefined) throw new Error('no status');
    return status;
  }

  health(): StockEvent[] {
    const request = { op: 'read', epoch: 'epoch-1', lane: 'health', afterSeq: 0 } as const;
    const { slice } = this.#engine.handle({
      ...request,
      maxEvents: 10_000,
      maxBytes: 1e9,
      ...this.#context(),
    });
    return (slice?.rows ?? []).flatMap(({ body }) => decodeStoredEvent(body)?.event ?? []);
  }

  close(): void {
    this.#engine.close();
  }
}

test('a log that cannot be emptied is reported once, here and to the cloud, and again when it is over', () => {
  using folder = new JournalFolder();
  let walBytes = 0;
  const machine = surroundings({
    sizeOf: (file) => (file.endsWith('-wal') ? walBytes : REAL_SURROUNDINGS.sizeOf(file)),
  });
  const rig = new DiskRig(new JournalEngine({ file: folder.file, maxBytes: GIBIBYTE }, machine));
  const reported = () =>
    rig.health().map((event) => event.type === 'device' && [event.condition, event.active]);
  const commit = () => {
    rig.pass(10_000);
    rig.commit(weighing, 1, 'stock');
  };
  commit();
  walBytes = WAL_ALARM_BYTES;
  commit();
  expect(reported()).toEqual([]);
  walBytes = WAL_ALARM_BYTES + 1;
  commit();
  commit();
  expect(rig.status().conditions).toEqual(['wal-growing']);
  expect(reported()).toEqual([['JOURNAL_WAL_GROWING', true]]);
  expect(rig.health()[0]).toMatchObject({
    device: 'journal',
    detail: expect.stringContaining('16777217 bytes'),
  });
  walBytes = 4096;
  commit();
  commit();
  expect(rig.status().conditions).toEqual([]);
  expect(reported()).toEqual([
    ['JOURNAL_WAL_GROWING', true],
    ['JOURNAL_WAL_GROWING', false],
  ]);
  rig.close();
});

test('a log that one checkpoint empties is no alarm', () => {
  using folder = new JournalFolder();
  let checkpointed = false;
  const machine = surroundings({
    sizeOf(file) {
      const size = REAL_SURROUNDINGS.sizeOf(file);
      if (!file.endsWith('-wal')) return size;
      // Seen as large until a checkpoint has cut it off.
      checkpointed ||= size === 0;
      return checkpointed ? size : WAL_ALARM_BYTES + size;
    },
  });
  const rig = new DiskRig(new JournalEngine({ file: folder.file, maxBytes: GIBIBYTE }, machine));
  rig.commit(weighing, 5, 'stock');
  rig.pass(10_000);
  rig.commit(weighing, 5, 'stock');
  expect(checkpointed).toBe(true);
  expect(rig.status()).toMatchObject({ conditions: [], lanes: { stock: { waiting: 10 } } });
  rig.close();
});

/** A small file system of its own; undefined where this may not be made. */
function mountSmall(mebibytes: number): { path: string; unmount(): void } | undefined {
  const path = mkdtempSync(join(tmpdir(), 'tallyport-small-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]).status === 0;
  if (!mounted) {
    rmSync(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    unmount() {
      spawnSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

const probe = mountSmall(1);
probe?.unmount();

describe.runIf(probe !== undefined)('on a real file system that fills up', () => {
  test('the reserve lets the journal make room and report it, stock events are kept, and all is well again after', () => {
    const disk = mountSmall(96);
    if (disk === undefined) throw new Error('the file system could be made a moment ago');
    try {
      const file = join(disk.path, 'journal.db');
      const options = { file, maxBytes: 60 * MEBIBYTE, reserveBytes: 16 * MEBIBYTE };
      const rig = new DiskRig(new JournalEngine(options));
      rig.commit(weighing, 500, 'stock');
      expect(rig.status().reserve).toEqual({ bytes: 16 * MEBIBYTE, held: true });
      for (let n = 0; n < 80; n++) rig.commit(sample, 500, 'condition');
      // Somebody else takes the rest of the disk, to the last byte.
      const other = join(disk.path, 'other');
      const free = REAL_SURROUNDINGS.freeBytes(disk.path);
      writeFileSync(other, Buffer.alloc(free));
      expect(REAL_SURROUNDINGS.freeBytes(disk.path)).toBe(0);
      const rounds = 150;
      for (let n = 0; n < rounds; n++) {
        rig.pass(1000);
        rig.commit(weighing, 100, 'stock');
      }
      const full = rig.status();
      expect(full.conditions).toEqual(['disk-full']);
      expect(full.reserve.held).toBe(false);
      expect(full.lanes.stock.waiting).toBe(500 + rounds * 100);
      const gaps = rig.health().filter((event) => event.type === 'gap');
      const lost = gaps.reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
      expect(lost).toBeGreaterThan(0);
      expect(full.lanes.condition.waiting).toBe(80 * 500 - lost);
      const alarms = () => rig.health().filter((event) => event.type === 'device');
      expect(alarms()).toMatchObject([{ condition: 'JOURNAL_DISK_FULL', active: true }]);

      rmSync(other);
      rig.pass(10_000);
      rig.commit(weighing, 1, 'stock');
      const after = rig.status();
      expect(after).toMatchObject({ conditions: [], reserve: { held: true } });
      expect(alarms()).toMatchObject([{ active: true }, { condition: 'JOURNAL_DISK_FULL', active: false }]);
      const before = after.fileBytes;
      for (let n = 0; n < 20; n++) rig.commit(sample, 500, 'condition');
      expect(rig.status().fileBytes).toBeGreaterThan(before);
      rig.close();
    } finally {
      disk.unmount();
    }
  });

  test('a gateway starts on a disk that is full, and takes events once there is room', async () => {
    const disk = mountSmall(96);
    if (disk === undefined) throw new Error('the file system could be made a moment ago');
    try {
      const file = join(disk.path, 'journal.db');
      const first = await openVirtual(file, { reserveBytes: 16 * MEBIBYTE });
      await first.run(first.journal.append({ events: [weighing(1)], put: [], drop: [] }));
      await first.journal.close();
      const other = join(disk.path, 'other');
      writeFileSync(other, Buffer.alloc(REAL_SURROUNDINGS.freeBytes(disk.path)));
      const second = await openVirtual(file, { reserveBytes: 16 * MEBIBYTE });
      expect(second.journal.boot.n).toBe(2);
      expect(await readAll(second.journal, 'stock')).toEqual([weighing(1)]);
      await second.run(second.journal.prune(second.journal.epoch, 'stock', 1));
      expect((await second.journal.status()).lanes.stock.waiting).toBe(0);
      rmSync(other);
      await second.clock.runFor(10_000);
      await second.run(second.journal.append({ events: [weighing(2)], put: [], drop: [] }));
      await second.run(second.journal.append({ events: [weighing(3)], put: [], drop: [] }));
      expect((await readAll(second.journal, 'stock')).slice(-2)).toEqual([weighing(2), weighing(3)]);
      expect(readdirSync(disk.path).some((name) => name.includes('corrupt'))).toBe(false);
      await second.journal.close();
    } finally {
      disk.unmount();
    }
  });

  test('an adoption that the disk has no room for says so, leaves all as it was, and is done once there is room', async () => {
    const disk = mountSmall(8);
    if (disk === undefined) throw new Error('the file system could be made a moment ago');
    try {
      const file = join(disk.path, 'journal.db');
      const events = Array.from({ length: 4000 }, (_, n) => weighing(n + 1));
      const limits = { maxBytes: 4 * MEBIBYTE };
      const before = await openVirtual(file, limits);
      for (let n = 0; n < events.length; n += 500) {
        await before.run(before.journal.append({ events: events.slice(n, n + 500), put: [], drop: [] }));
      }
      await before.journal.close();
      const other = join(disk.path, 'other');
      const adopt = () => adoptJournal({ file, stamp: stampAt(START), epoch: 'epoch-2', host: undefined });
      const size = statSync(file).size;
      for (const room of [0.3, 0.9, 1.1, 1.5, 1.9]) {
        rmSync(other, { force: true });
        const taken = REAL_SURROUNDINGS.freeBytes(disk.path) - Math.round(size * room);
        writeFileSync(other, Buffer.alloc(taken));
        let adopted: boolean;
        try {
          expect(adopt().events.stock).toBe(events.length);
          adopted = true;
        } catch (error) {
          expect(error).toMatchObject({ code: 'disk-full' });
          adopted = false;
        }
        expect(readdirSync(disk.path).filter((name) => name.includes('.new'))).toEqual([]);
        if (adopted) break;
      }
      rmSync(other);
      if (!existsSync(`${file}.adopted-1`)) adopt();
      const after = await openVirtual(file, limits);
      expect(after.journal.epoch).toBe('epoch-2');
      expect(await readAll(after.journal, 'stock')).toEqual(events);
      await after.journal.close();
    } finally {
      disk.unmount();
    }
  });
});
