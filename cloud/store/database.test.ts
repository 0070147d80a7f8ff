import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databases } from '../../test/support/databases.ts';
import { DataDirLockedError, lockDataDir } from './data-dir-lock.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { columnList, unnest } from './unnest.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tallyport-store-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe.each(databases())('the schema on $name', ({ open }) => {
  it('gives large integers as numbers, alone, in arrays and as JSON back and forth', async () => {
    const store = await open();
    const { rows } = await sql<Record<string, unknown>>`
      select 9007199254740991::bigint as big, count(*) as many, '[[1, 2]]'::jsonb as ranges from watermarks
    `.execute(store.db);
    expect(rows).toEqual([{ big: 9007199254740991, many: 0, ranges: [[1, 2]] }]);
    await store.close();
  });

  it('takes rows of any width through unnest, with nulls, quotes, commas and braces in them', async () => {
    const store = await open();
    const kinds = { gtin: 'text', name: 'text', sku: 'text' } as const;
    const items = [
      { gtin: '1', name: 'a "quoted", {braced} \\ name', sku: null },
      { gtin: '2', name: 'NULL', sku: '' },
    ];
    await sql`insert into items (${columnList(kinds)}) select * from ${unnest('t', kinds, items)}`.execute(
      store.db,
    );
    await expect(store.db.selectFrom('items').selectAll().orderBy('gtin').execute()).resolves.toEqual(items);
    await store.close();
  });

  it('is not migrated a second time', async () => {
    const store = await open();
    const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(store.db);
    await expect(migrate(store.db, { schema: rows[0]?.schema ?? '' })).resolves.toEqual([]);
    await store.close();
  });
});

describe('the embedded database in a directory', () => {
  it('keeps what was committed, is not migrated twice, and says that it is not power-loss safe', async () => {
    const first = await openDatabase({ dataDir: directory });
    await expect(migrate(first.db)).resolves.toContain('001-ledger');
    await first.db.insertInto('items').values({ gtin: '1', name: 'Milk', sku: null }).execute();
    await expect(openDatabase({ dataDir: directory })).rejects.toThrow(/in use by process/);
    await first.close();

    const again = await openDatabase({ dataDir: directory });
    await expect(migrate(again.db)).resolves.toEqual([]);
    await expect(again.db.selectFrom('items').select('name').execute()).resolves.toEqual([{ name: 'Milk' }]);
    expect(again.powerLossSafe).toBe(false);
    await again.close();
  });

  it('sets a half-initialised directory aside and begins a new one', async () => {
    mkdirSync(join(directory, 'pg'));
    writeFileSync(join(directory, 'pg', 'PG_VERSION'), '18');
    const store = await openDatabase({ dataDir: directory });
    await migrate(store.db);
    await store.close();
    expect(readdirSync(directory)).toContain('pg.incomplete-1');
    expect(readFileSync(join(directory, 'pg.incomplete-1', 'PG_VERSION'), 'utf8')).toBe('18');
  });
});

describe('the lock of a data directory', () => {
  it('refuses a second holder while the first process lives, and names it', async () => {
    const sleeper = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    try {
      writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: sleeper.pid }));
      expect(() => lockDataDir(directory)).toThrow(DataDirLockedError);
      expect(() => lockDataDir(directory)).toThrow(`process ${sleeper.pid}`);
    } finally {
      const gone = new Promise((resolve) => sleeper.once('exit', resolve));
      sleeper.kill();
      await gone;
    }
    lockDataDir(directory)();
  });

  it('does not take a reused pid for the process that held the lock', () => {
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.ppid, startTick: 'another life' }));
    const unlock = lockDataDir(directory);
    expect(() => lockDataDir(directory)).toThrow(DataDirLockedError);
    unlock();
    expect(existsSync(join(directory, 'lock'))).toBe(false);
  });

  it('takes over a lock that nobody can read, or that an earlier process with our pid left', () => {
    writeFileSync(join(directory, 'lock'), '');
    lockDataDir(directory)();
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.pid }));
    lockDataDir(directory)();
    expect(readdirSync(directory)).toEqual([]);
  });
});
