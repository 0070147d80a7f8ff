/** Circles of imports, between files and between rooms; and circles that the table would allow. Pure. */

import { circles } from './circles.ts';
import type { Layout } from './layout.ts';
import { importedFiles, isProduct } from './paths.ts';
import type { Breach } from './room.ts';
import type { SourceFile } from './source-file.ts';

export function fileCircles(files: ReadonlyMap<string, SourceFile>): Breach[] {
  const graph = new Map(
    [...files.values()].map((file) => [file.path, importedFiles(file).map(({ path }) => path)]),
  );
  return circles(graph).map((circle): Breach => {
    const [first = '', second = first] = circle;
    const line = importedFiles(files.get(first) as SourceFile).find(({ path }) => path === second)?.line ?? 1;
    const message = `${[...circle, first].join(' → ')}: move what they share into a file below them`;
    return { file: first, line, rule: 'file-circle', message };
  });
}

export function roomCircles(product: readonly SourceFile[], layout: Layout): Breach[] {
  const steps = new Map<string, Map<string, { file: string; line: number; path: string }>>();
  for (const file of product) {
    const from = layout.roomOf(file.path);
    if (from === undefined) continue;
    const reached = steps.get(from) ?? new Map();
    steps.set(from, reached);
    for (const { path, line } of importedFiles(file)) {
      const to = isProduct(path) ? layout.roomOf(path) : undefined;
      if (to !== undefined && to !== from && !reached.has(to))
        reached.set(to, { file: file.path, line, path });
    }
  }
  const graph = new Map([...steps].map(([room, reached]) => [room, [...reached.keys()]]));
  return circles(graph).map((circle): Breach => {
    const ways = circle.flatMap(
      (room, at) => steps.get(room)?.get(circle[(at + 1) % circle.length] ?? '') ?? [],
    );
    const places = ways.map(({ file, line, path }) => `${file}:${line} imports ${path}`).join('; ');
    const message = `${[...circle, circle[0]].join(' → ')}: ${places}`;
    return { file: ways[0]?.file ?? '', line: ways[0]?.line ?? 1, rule: 'room-circle', message };
  });
}

export const TABLE = 'test/walls/walls.ts';

export const allowedCircles = (layout: Layout): Breach[] =>
  circles(layout.allowed()).map((circle) => {
    const message = `the table allows ${[...circle, circle[0]].join(' → ')}`;
    return { file: TABLE, line: 1, rule: 'room-circle', message };
  });
