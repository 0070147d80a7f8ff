/**
 * Builds the page into `dist` (DESIGN §7): `node cloud/web/build.ts`, `npm start` and the container image.
 * All of Vite's configuration stands here. What is newer than its sources is left as it is.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const DIST = join(ROOT, 'dist');
/** What goes into the page beside its own folder: the shapes of the API and the words they use, versions of the libraries. */
const OUTSIDE = ['../contract', '../ledger', '../../protocol', '../../package-lock.json'];

export interface PageBuild {
  /** The folder to serve. */
  readonly dist: string;
  /** False when what stood there was newer than every source. */
  readonly built: boolean;
}

export async function buildPage({ force = false }: { force?: boolean } = {}): Promise<PageBuild> {
  if (!force && (await isFresh())) return { dist: DIST, built: false };
  await build({
    configFile: false,
    root: ROOT,
    base: '/',
    logLevel: 'warn',
    plugins: [react()],
    build: {
      outDir: DIST,
      emptyOutDir: true,
      target: 'es2023',
      // The policy of the page allows no inline script and no data: fonts.
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 1000,
    },
  });
  return { dist: DIST, built: true };
}

async function isFresh(): Promise<boolean> {
  const builtAt = await modifiedAt(join(DIST, 'index.html'));
  if (builtAt === undefined) return false;
  const changedAt = await Promise.all([ROOT, ...OUTSIDE.map((path) => join(ROOT, path))].map(newestUnder));
  return changedAt.every((at) => at < builtAt);
}

/** The newest change of a file, or of anything under a folder. Throws for what is not there: the page would go stale. */
async function newestUnder(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (entries === undefined) return (await stat(path)).mtimeMs;
  const times = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(DIST))
    .map((entry) => modifiedAt(join(entry.parentPath, entry.name)));
  return Math.max(0, ...(await Promise.all(times)).map((at) => at ?? 0));
}

async function modifiedAt(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/** Not a folder, or not there. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'ENOENT');
}

if (argv[1] === fileURLToPath(import.meta.url)) await buildPage({ force: argv.includes('--force') });
