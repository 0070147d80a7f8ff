/** Holds the sources to the table: sources and table in, breaches out. Pure. */

import { matchesGlob } from 'node:path/posix';
import { unusedExports, unusedFiles, unusedMembers } from './dead-code.ts';
import { lengthBreaches, sideBreaches, testMaterialBreaches, unknownImportBreaches } from './file-rules.ts';
import { allowedCircles, fileCircles, roomCircles, TABLE } from './import-circles.ts';
import { type Layout, layoutOf, names } from './layout.ts';
import { isProduct } from './paths.ts';
import { purityBreaches } from './purity.ts';
import type { Breach, CodeRoom } from './room.ts';
import { roomBreaches } from './room-rules.ts';
import type { SourceFile } from './source-file.ts';

export function check(tree: readonly SourceFile[], table: readonly CodeRoom[]): Breach[] {
  const layout = layoutOf(table);
  const sources = tree.map((file) => withGlobs(file, tree));
  const files = new Map(sources.map((file) => [file.path, file]));
  const product = sources.filter(({ path }) => isProduct(path));
  const breaches = [
    ...tableBreaches(product, layout),
    ...sources.flatMap((file) => [...lengthBreaches(file), ...sideBreaches(file)]),
    ...product.flatMap((file) => [...testMaterialBreaches(file), ...unknownImportBreaches(file)]),
    ...product.flatMap((file) => roomBreaches(file, layout)),
    ...purityBreaches(product, files, layout),
    ...fileCircles(files),
    ...roomCircles(product, layout),
    ...allowedCircles(layout),
    ...unusedExports(sources),
    ...unusedMembers(sources),
    ...unusedFiles(files),
  ];
  return breaches.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}

/** A pattern, of `import.meta.glob` or with a computed part, imports every file that it fits. */
function withGlobs(file: SourceFile, tree: readonly SourceFile[]): SourceFile {
  const imports = file.imports.flatMap((imported) => {
    const { target } = imported;
    if (target.kind !== 'file' || !target.path.includes('*')) return [imported];
    const fitting = tree.filter(({ path }) => matchesGlob(path, target.path));
    return fitting.map(({ path }) => ({ ...imported, target: { kind: 'file', path } as const }));
  });
  return { ...file, imports };
}

/** A row that no file is in, or an entry that names no room, is a wall around nothing. */
function tableBreaches(product: readonly SourceFile[], { table, rowOf }: Layout): Breach[] {
  const lived = new Set(product.map(({ path }) => rowOf(path)));
  return table.flatMap((row) => {
    const faults = row.imports
      .filter((entry) => !table.some((target) => names(entry, target)))
      .map((entry) => `${row.room} may import ${entry}, which is no room`);
    if (!lived.has(row)) faults.push(`${row.room} has no files: drop the row`);
    return faults.map((message): Breach => ({ file: TABLE, line: 1, rule: 'table', message }));
  });
}
