/** Holds each product file to the row of its room. Pure. */

import type { Layout } from './layout.ts';
import { isProduct } from './paths.ts';
import { type Breach, type CodeRoom, POWERS, type WallRule } from './room.ts';
import type { Import, SourceFile } from './source-file.ts';

export function roomBreaches(file: SourceFile, layout: Layout): Breach[] {
  const row = layout.rowOf(file.path);
  const room = layout.roomOf(file.path);
  const at = (line: number, rule: WallRule, message: string): Breach => ({
    file: file.path,
    line,
    rule,
    message,
  });
  if (row === undefined || room === undefined)
    return [at(1, 'no-room', 'lies in no room: move it, or give it a row in test/walls/rooms/')];
  const refused = file.imports.flatMap((imported): Breach[] => {
    const why = whyRefused(imported, row, room, layout);
    return why === undefined ? [] : [at(imported.line, why.rule, `${room} may not import ${why.message}`)];
  });
  const powers = file.uses.flatMap(({ power, line, what }): Breach[] =>
    row.powers?.includes(power)
      ? []
      : [at(line, 'power', `${room} may not ${POWERS[power]} (${what}): take it through a port`)],
  );
  return [...refused, ...powers];
}

function whyRefused(
  { target }: Import,
  row: CodeRoom,
  room: string,
  layout: Layout,
): { rule: WallRule; message: string } | undefined {
  switch (target.kind) {
    case 'file': {
      // What is no product is refused, or not, by rules of its own.
      if (!isProduct(target.path) || layout.mayImport(row, room, target.path)) return undefined;
      const may = row.imports.length === 0 ? 'nothing of ours' : row.imports.join(', ');
      return { rule: 'room', message: `${target.path}: its row names ${may}` };
    }
    case 'package':
      if (row.packages?.includes(target.name)) return undefined;
      return {
        rule: 'package',
        message: `the package ${target.name}: ${ownersOf('packages', target.name, layout)}`,
      };
    case 'builtin':
      if (row.builtins?.includes(target.name)) return undefined;
      return {
        rule: 'builtin',
        message: `node:${target.name}: ${ownersOf('builtins', target.name, layout)}`,
      };
    case 'unknown':
      return undefined;
    default:
      return target satisfies never;
  }
}

function ownersOf(kind: 'packages' | 'builtins', name: string, { table }: Layout): string {
  const owners = table.filter((row) => row[kind]?.includes(name)).map(({ room }) => room);
  return owners.length === 0 ? 'no room may' : `leave it to ${owners.join(', ')}`;
}
