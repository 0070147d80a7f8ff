/** Writes the walls into ARCHITECTURE.md, between two marks. Pure. */

import { type CodeRoom, POWERS, RULES } from './room.ts';
import { CLOUD } from './rooms/cloud.ts';
import { FIRMWARE_SIM } from './rooms/firmware-sim.ts';
import { GATEWAY } from './rooms/gateway.ts';
import { PROTOCOL } from './rooms/protocol.ts';

const BEGIN = '<!-- walls: written by `npm run docs` from test/walls/rooms -->';
const END = '<!-- end of walls -->';

/** The document with its part about the walls written anew. Throws when the marks are not there. */
export function withWalls(document: string): string {
  const [before, rest = ''] = document.split(BEGIN);
  const [, after] = rest.split(END);
  if (before === undefined || after === undefined) throw new Error(`the document lacks ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n${renderWalls()}\n${END}${after}`;
}

const renderWalls = (): string =>
  [
    tableOf('protocol', PROTOCOL),
    tableOf('gateway', GATEWAY),
    tableOf('cloud', CLOUD),
    tableOf('firmware-sim', FIRMWARE_SIM),
    ['### Rules', '', ...Object.entries(RULES).map(([rule, meaning]) => `- \`${rule}\`: ${meaning}`)].join(
      '\n',
    ),
  ].join('\n\n');

const tableOf = (side: string, rooms: readonly CodeRoom[]): string =>
  [
    `### ${side}/`,
    '',
    '| room | owns | may import | may use |',
    '|---|---|---|---|',
    ...rooms.map((room) => `| ${code(room.room)} | ${room.owns} | ${importsOf(room)} | ${usesOf(room)} |`),
  ].join('\n');

const importsOf = ({ imports }: CodeRoom): string => imports.map(code).join(', ') || 'nothing of ours';

function usesOf({ packages = [], builtins = [], powers = [], pure }: CodeRoom): string {
  const modules = [...packages, ...builtins.map((name) => `node:${name}`)].map(code);
  const parts = [...(pure ? ['**pure**'] : []), ...modules, ...powers.map((power) => POWERS[power])];
  return parts.join(', ');
}

const code = (text: string) => `\`${text}\``;
