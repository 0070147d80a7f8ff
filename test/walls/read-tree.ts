/** Reads the repository's sources, without what is built or installed. */

import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { type SourceFile, sourceFile } from './source-file.ts';

const PASSED_OVER: ReadonlySet<string> = new Set(['node_modules', 'dist', 'golden', 'coverage']);

export const readTree = (root: string): SourceFile[] =>
  sourcePaths(root, '').map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));

const sourcePaths = (root: string, folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (PASSED_OVER.has(entry.name) || entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sourcePaths(root, path) : isSource(entry) ? [path] : [];
  });

const isSource = ({ name }: Dirent): boolean => /(?<!\.d)\.(?:ts|tsx|mts|mjs|js)$/.test(name);
