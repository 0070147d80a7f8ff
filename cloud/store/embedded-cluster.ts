/**
 * Begins and opens embedded databases. To initialise a cluster takes seconds of processor time (half a minute on a
 * small board) and ends in the same files each time. So the first one of an installation is kept as an image beside
 * the installed packages, and later ones begin as its copy. It is a short cut only: where no image can be kept, each
 * cluster is initialised.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite, types } from '@electric-sql/pglite';

const PARSERS = { [types.INT8]: Number };

/** Named by the version of PGlite, whose files no other version need understand. */
export const CLUSTER_IMAGE = fileURLToPath(
  new URL(`../../node_modules/.cache/tallyport/pglite-${versionOfPGlite()}.image`, import.meta.url),
);

interface NewClusterOptions {
  /** An existing, empty directory; left out: in memory. */
  readonly dataDir?: string;
  /** File of the image. */
  readonly image?: string;
}

/** A new and empty cluster, ready for statements. */
export async function beginCluster({ dataDir, image = CLUSTER_IMAGE }: NewClusterOptions = {}) {
  const kept = readImage(image);
  if (kept !== undefined) return await start(dataDir, kept);
  const cluster = await start(dataDir);
  const content = await cluster.dumpDataDir('none');
  keepImage(image, new Uint8Array(await content.arrayBuffer()));
  return cluster;
}

/** A cluster that was begun before. */
export const openCluster = (dataDir: string): Promise<PGlite> => start(dataDir);

async function start(dataDir: string | undefined, loadDataDir?: Blob): Promise<PGlite> {
  const pglite = new PGlite({
    parsers: PARSERS,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(loadDataDir === undefined ? {} : { loadDataDir }),
  });
  await pglite.waitReady;
  return pglite;
}

/** Undefined where there is none, or not the one that was written: the file begins with the digest of the rest. */
function readImage(file: string): Blob | undefined {
  let kept: Buffer;
  try {
    kept = readFileSync(file);
  } catch {
    return undefined;
  }
  const content = new Uint8Array(kept.subarray(DIGEST_BYTES));
  const isWhole = kept.subarray(0, DIGEST_BYTES).equals(digestOf(content));
  return isWhole ? new Blob([content], { type: 'application/x-tar' }) : undefined;
}

const DIGEST_BYTES = 32;

function digestOf(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}

/** Whole or not at all, also when several processes write it at once or the power fails. */
function keepImage(file: string, content: Uint8Array): void {
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    const descriptor = openSync(draft, 'w');
    try {
      writeFileSync(descriptor, digestOf(content));
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch {
    // A read-only installation, or a full disk: the next cluster is initialised as this one was.
    try {
      rmSync(draft, { force: true });
    } catch {}
  }
}

function versionOfPGlite(): string {
  const main = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const manifest = readFileSync(join(dirname(main), '..', 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
