/** What the paths of the repository say by themselves. Pure. */

import type { SourceFile } from './source-file.ts';

const SIDES = ['protocol', 'gateway', 'cloud', 'firmware-sim'] as const;
type CodeSide = (typeof SIDES)[number];

export const sideOf = (path: string): CodeSide | undefined =>
  SIDES.find((side) => path.startsWith(`${side}/`));

export const isTestMaterial = (path: string): boolean =>
  path.startsWith('test/') || /\.(?:test|fixture)\.tsx?$/.test(path);

export const isProduct = (path: string): boolean => sideOf(path) !== undefined && !isTestMaterial(path);

/** Where a process, a page, a test run or a tool begins. */
export const isEntry = (path: string): boolean =>
  /(?:^|\/)main\.tsx?$|\.test\.tsx?$|\.(?:config|setup)\.ts$|^scripts\//.test(path) ||
  path === 'test/reference/write.ts';

export const importedFiles = ({
  imports,
}: SourceFile): { line: number; path: string; names: readonly string[] }[] =>
  imports.flatMap(({ line, names, target }) =>
    target.kind === 'file' ? [{ line, names, path: target.path }] : [],
  );
