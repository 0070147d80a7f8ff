/** What the walls need to know of one source file: what it imports and which powers it uses. Pure. */

import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { type ParseResult, parseSync } from 'oxc-parser';
import { powerUses } from './power-uses.ts';
import type { Power } from './room.ts';
import { type ModuleRequest, references } from './syntax.ts';

export interface Import {
  readonly specifier: string;
  /** What it takes of the other module, as named there; `*` for the whole. */
  readonly names: readonly string[];
  readonly line: number;
  readonly target:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'package'; readonly name: string }
    | { readonly kind: 'builtin'; readonly name: string }
    /** Computed, or of a form that cannot be followed. */
    | { readonly kind: 'unknown' };
}

interface NamedBinding {
  readonly name: string;
  readonly line: number;
  /** How its own file calls it. */
  readonly localName: string;
}

interface PowerUse {
  readonly power: Power;
  readonly line: number;
  /** The text that uses it: `Date.now`. */
  readonly what: string;
}

export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly uses: readonly PowerUse[];
  readonly exports: readonly NamedBinding[];
  /** Methods, accessors and fields of classes that are not private. */
  readonly members: readonly NamedBinding[];
  /** How often each word stands in its code, comments left out. */
  readonly words: ReadonlyMap<string, number>;
}

/** Reads `text` as the file at `path`, a path from the root of the repository. */
export function sourceFile(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text);
  const fault = parsed.errors[0];
  if (fault !== undefined) throw new Error(`${path}: ${fault.message}`);
  const starts = lineStarts(text);
  const lineOf = (offset: number) => starts.findLastIndex((start) => start <= offset) + 1;
  const found = references(text, () => parsed.program);
  const specifiers = [...moduleRequests(parsed), ...found.requests];
  return {
    path,
    lines: starts.length - (text.endsWith('\n') ? 1 : 0),
    imports: specifiers.map(({ specifier, start, names }) => ({
      specifier: specifier ?? '(computed)',
      names,
      line: lineOf(start),
      target: specifier === undefined ? { kind: 'unknown' } : targetOf(path, specifier),
    })),
    uses: powerUses(found, specifiers).map(({ power, start, what }) => ({
      power,
      what,
      line: lineOf(start),
    })),
    exports: exportsOf(parsed).map(({ start, ...rest }) => ({ ...rest, line: lineOf(start) })),
    members: found.members.map(({ name, start }) => ({ name, localName: name, line: lineOf(start) })),
    words: wordsOf(text, parsed.comments),
  };
}

/** `import`, `export … from`: what the parser lists by itself. */
function moduleRequests({ module }: ParseResult): ModuleRequest[] {
  const imports = module.staticImports.map(({ moduleRequest, entries, start }) => ({
    specifier: moduleRequest.value,
    start,
    names: entries.map(({ importName }) => nameOf(importName)),
  }));
  const passedOn = module.staticExports.flatMap(({ entries, start }) => {
    const specifier = entries[0]?.moduleRequest?.value;
    return specifier === undefined
      ? []
      : [{ specifier, start, names: entries.map(({ importName }) => nameOf(importName)) }];
  });
  return [...imports, ...passedOn];
}

const nameOf = ({ kind, name }: { kind: string; name: string | null }): string =>
  name ?? (kind === 'Default' ? 'default' : '*');

const exportsOf = ({ module }: ParseResult) =>
  module.staticExports.flatMap(({ entries }) =>
    entries
      .filter(({ exportName }) => exportName.kind !== 'None')
      .map(({ exportName, localName, start }) => ({
        name: nameOf(exportName),
        localName: localName.name ?? '',
        start: exportName.start ?? start,
      })),
  );

function wordsOf(text: string, comments: ParseResult['comments']): Map<string, number> {
  const words = new Map<string, number>();
  let end = 0;
  for (const { start, end: next } of [...comments, { start: text.length, end: text.length }]) {
    for (const [word] of text.slice(end, start).matchAll(/[\w$]+/g))
      words.set(word, (words.get(word) ?? 0) + 1);
    end = next;
  }
  return words;
}

function targetOf(path: string, specifier: string): Import['target'] {
  const bare = specifier.replace(/[?#].*$/, '');
  if (bare.startsWith('./') || bare.startsWith('../'))
    return { kind: 'file', path: join(dirname(path), bare) };
  if (bare.startsWith('node:')) return { kind: 'builtin', name: bare.slice('node:'.length) };
  if (builtinModules.includes(bare)) return { kind: 'builtin', name: bare };
  if (!/^[@a-z]/.test(bare)) return { kind: 'unknown' };
  const [scope = '', name] = bare.split('/');
  return { kind: 'package', name: scope.startsWith('@') ? `${scope}/${name}` : scope };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
