/** Follows every import of a pure room to its end; types count, so that a pure room stands alone. Pure. */

import type { Layout } from './layout.ts';
import { importedFiles } from './paths.ts';
import type { Breach } from './room.ts';
import type { SourceFile } from './source-file.ts';

/** Modules that give the same for the same and touch nothing; chance in `crypto` is seen by the names taken of it. */
const PURE_PACKAGES: ReadonlySet<string> = new Set(['zod', 'yaml']);
const PURE_BUILTINS: ReadonlySet<string> = new Set(['zlib', 'crypto']);

export const purityBreaches = (
  product: readonly SourceFile[],
  files: ReadonlyMap<string, SourceFile>,
  layout: Layout,
): Breach[] =>
  product.flatMap((file) => {
    if (!layout.rowOf(file.path)?.pure) return [];
    const breach = (line: number, message: string): Breach => ({
      file: file.path,
      line,
      rule: 'pure',
      message,
    });
    const own = impurities(file).map(({ line, why }) => breach(line, `is impure: it ${why}`));
    const reached = importedFiles(file).flatMap(({ line, path }) => {
      const way = wayToImpurity(path, files);
      return way === undefined ? [] : [breach(line, `reaches what is impure: ${way}`)];
    });
    return [...own, ...reached];
  });

/** The way from a file to the nearest impure one, in words. */
function wayToImpurity(start: string, files: ReadonlyMap<string, SourceFile>): string | undefined {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]]);
  // A map hands out what is added to it while it is walked: a queue and its memory in one.
  for (const path of cameFrom.keys()) {
    const file = files.get(path);
    if (file === undefined) continue;
    const [impurity] = impurities(file);
    if (impurity !== undefined) return `${wayBack(path, cameFrom)}, which ${impurity.why}`;
    for (const next of importedFiles(file)) if (!cameFrom.has(next.path)) cameFrom.set(next.path, path);
  }
  return undefined;
}

function wayBack(end: string, cameFrom: ReadonlyMap<string, string | undefined>): string {
  const way = [end];
  for (let at = cameFrom.get(end); at !== undefined; at = cameFrom.get(at)) way.unshift(at);
  return way.join(' → ');
}

function impurities({ imports, uses }: SourceFile): { line: number; why: string }[] {
  const imported = imports.flatMap(({ line, target }) => {
    if (target.kind === 'package' && !PURE_PACKAGES.has(target.name))
      return [{ line, why: `imports ${target.name}` }];
    if (target.kind === 'builtin' && !PURE_BUILTINS.has(target.name))
      return [{ line, why: `imports node:${target.name}` }];
    return [];
  });
  return [...imported, ...uses.map(({ line, what }) => ({ line, why: `uses ${what}` }))];
}
