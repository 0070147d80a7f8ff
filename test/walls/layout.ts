/** Finds the room of a file and what a row allows. Pure. */

import type { Graph } from './circles.ts';
import type { CodeRoom } from './room.ts';

export interface Layout {
  readonly table: readonly CodeRoom[];
  rowOf(path: string): CodeRoom | undefined;
  /** The room's own name: that of the folder where the row ends in `*`. */
  roomOf(path: string): string | undefined;
  /** Whether a file of `room`, which stands in `row`, may import the file at `path`. */
  mayImport(row: CodeRoom, room: string, path: string): boolean;
  /** What the table allows, row by row. */
  allowed(): Graph;
}

export function layoutOf(table: readonly CodeRoom[]): Layout {
  const deepestFirst = [...table].sort((a, b) => depthOf(b) - depthOf(a));
  const rows = new Map<string, CodeRoom | undefined>();
  const rowOf = (path: string) => {
    if (!rows.has(path))
      rows.set(
        path,
        deepestFirst.find((row) => roomIn(row, path) !== undefined),
      );
    return rows.get(path);
  };
  const roomOf = (path: string) => {
    const row = rowOf(path);
    return row && roomIn(row, path);
  };
  return {
    table,
    rowOf,
    roomOf,
    mayImport(row, room, path) {
      const target = rowOf(path);
      if (target === undefined) return false;
      if (roomOf(path) === room) return true;
      return row.imports.some((entry) => names(entry, target));
    },
    allowed: () =>
      new Map(
        table.map((row) => [
          row.room,
          table.flatMap((target) =>
            target !== row && row.imports.some((entry) => names(entry, target)) ? [target.room] : [],
          ),
        ]),
      ),
  };
}

/** Whether an entry of a row's `imports` means this room. */
export function names(entry: string, { room }: CodeRoom): boolean {
  if (!entry.endsWith('/**')) return entry === room;
  const prefix = entry.slice(0, -'/**'.length);
  return room === prefix || room.startsWith(`${prefix}/`);
}

/** The longest path first; a named folder or file before a `*` of the same length. */
const depthOf = ({ room }: CodeRoom): number => room.split('/').length * 2 + (room.endsWith('*') ? 0 : 1);

function roomIn({ room }: CodeRoom, path: string): string | undefined {
  if (!room.endsWith('/*')) return path === room || path.startsWith(`${room}/`) ? room : undefined;
  const parent = room.slice(0, -1);
  const [folder, ...rest] = path.startsWith(parent) ? path.slice(parent.length).split('/') : [];
  return rest.length > 0 ? `${parent}${folder}` : undefined;
}
