import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { effort } from '../../test/support/effort.ts';
import { beginCluster, CLUSTER_IMAGE, openCluster } from './embedded-cluster.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyport-cluster-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('keeps the image of an empty cluster; its copy is empty and lasts', async () => {
  const first = await beginCluster();
  await first.exec('create table mine (id int)');
  await first.close();
  expect(existsSync(CLUSTER_IMAGE)).toBe(true);

  const copy = await beginCluster({ dataDir: folder });
  await expect(copy.query('select * from mine')).rejects.toThrow('does not exist');
  await copy.exec('create table ours (id int); insert into ours values (7)');
  await copy.close();
  const again = await openCluster(folder);
  expect((await again.query('select id from ours')).rows).toEqual([{ id: 7 }]);
  await again.close();
});

// To initialise a cluster takes seconds of processor time.
it.runIf(effort(false, true))('does without an image where none can be kept', async () => {
  const file = join(folder, 'file');
  const dataDir = join(folder, 'pg');
  writeFileSync(file, '');
  mkdirSync(dataDir);
  const cluster = await beginCluster({ dataDir, image: join(file, 'pglite.image') });
  expect((await cluster.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await cluster.close();
});

it('believes no image but the one that was written', async () => {
  await (await beginCluster()).close();
  const image = join(folder, 'pglite.image');
  const bytes = readFileSync(CLUSTER_IMAGE);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(image, bytes);
  const cluster = await beginCluster({ image });
  expect((await cluster.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await cluster.close();
  expect(readFileSync(image).equals(bytes)).toBe(false);
});
