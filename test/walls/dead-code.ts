/** What nobody uses: exports that no other file takes, members that nobody names, files that no entry reaches. Pure. */

import { importedFiles, isEntry, isTestMaterial, sideOf } from './paths.ts';
import type { Breach } from './room.ts';
import type { SourceFile } from './source-file.ts';

export function unusedExports(sources: readonly SourceFile[]): Breach[] {
  const takenBy = new Map<string, string[]>();
  for (const file of sources)
    for (const { path, names } of importedFiles(file))
      for (const name of names) {
        const key = `${path} ${name}`;
        const takers = takenBy.get(key) ?? [];
        takenBy.set(key, takers);
        takers.push(file.path);
      }
  return sources.flatMap(({ path, exports, words }) =>
    exports.flatMap(({ name, line, localName }): Breach[] => {
      // A tool reads them by its own words.
      if (/\.(?:config|setup)\.ts$/.test(path)) return [];
      const takers = [...(takenBy.get(`${path} ${name}`) ?? []), ...(takenBy.get(`${path} *`) ?? [])];
      const what = whyUnused(path, (words.get(localName) ?? 0) > 1, takers);
      return what === undefined
        ? []
        : [{ file: path, line, rule: 'unused-export', message: `${name} ${what}` }];
    }),
  );
}

/** A language is whole in both directions, used or not: what only its tests use of `protocol` stays. */
function whyUnused(path: string, usedHere: boolean, takers: readonly string[]): string | undefined {
  if (takers.length === 0)
    return usedHere ? 'is used in this file alone: drop `export`' : 'is used nowhere: delete it';
  if (usedHere || isTestMaterial(path) || sideOf(path) === 'protocol' || !takers.every(isTestMaterial))
    return undefined;
  return 'is used by tests alone: delete it with them, or move it to a fixture';
}

/** By name alone: a member whose name stands nowhere else in the code is called by nobody. */
export const unusedMembers = (sources: readonly SourceFile[]): Breach[] =>
  sources.flatMap(({ path, members, words }) =>
    members.flatMap(({ name, line }): Breach[] => {
      const isNamed =
        words.get(name) !== 1 || sources.some((other) => other.path !== path && other.words.has(name));
      return isNamed
        ? []
        : [{ file: path, line, rule: 'unused-member', message: `${name} is called by nobody: delete it` }];
    }),
  );

export function unusedFiles(files: ReadonlyMap<string, SourceFile>): Breach[] {
  const reached = new Set([...files.keys()].filter(isEntry));
  for (const path of reached)
    for (const next of importedFiles(files.get(path) as SourceFile))
      if (files.has(next.path)) reached.add(next.path);
  return [...files.keys()].flatMap((path): Breach[] =>
    reached.has(path)
      ? []
      : [{ file: path, line: 1, rule: 'unused-file', message: 'is reached from no entry: delete it' }],
  );
}
