/** Rules that one file can break by itself. Pure. */

import { importedFiles, isTestMaterial, sideOf } from './paths.ts';
import type { Breach } from './room.ts';
import type { SourceFile } from './source-file.ts';

const LONGEST_FILE_LINES = 400;

export function lengthBreaches({ path, lines }: SourceFile): Breach[] {
  if (lines <= LONGEST_FILE_LINES) return [];
  const message = `${lines} lines: it is two things; give each a file`;
  return [{ file: path, line: LONGEST_FILE_LINES + 1, rule: 'file-length', message }];
}

/** Tests of one side live on that side too: what spans sides is in `test/`. */
export function sideBreaches(file: SourceFile): Breach[] {
  const side = sideOf(file.path);
  if (side === undefined || side === 'firmware-sim') return [];
  return importedFiles(file).flatMap(({ line, path }): Breach[] => {
    const other = sideOf(path);
    if (other === undefined || other === side || other === 'protocol') return [];
    const message = `${side} imports ${path}: move what both need to protocol, a test of both to test/`;
    return [{ file: file.path, line, rule: 'side', message }];
  });
}

export const testMaterialBreaches = (file: SourceFile): Breach[] =>
  importedFiles(file).flatMap(({ line, path }): Breach[] => {
    if (!isTestMaterial(path)) return [];
    const message = `imports ${path}, which is for tests: move what the product needs out of it`;
    return [{ file: file.path, line, rule: 'test-material', message }];
  });

export const unknownImportBreaches = (file: SourceFile): Breach[] =>
  file.imports.flatMap(({ line, specifier, target }): Breach[] => {
    if (target.kind !== 'unknown') return [];
    const message = `cannot follow the import of ${specifier}: name the module in a plain literal`;
    return [{ file: file.path, line, rule: 'unknown-import', message }];
  });
