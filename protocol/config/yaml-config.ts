/**
 * Reads a YAML (or JSON) document against a zod schema. Pure: text in, value or complaint out. A complaint names
 * file, line, path and what was expected, one line per fault, so that a wrong file fails at start and says where.
 */
import { isNode, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';

type ParsedConfig<T> = { ok: true; value: T } | { ok: false; problems: string[] };

export function parseConfig<T>(schema: z.ZodType<T>, text: string, fileName: string): ParsedConfig<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => {
        const position = lines.linePos(error.pos[0]);
        return `${fileName}:${position.line}:${position.col}: ${error.message}`;
      }),
    };
  }
  const input: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, value: parsed.data };

  const lineOf = (path: readonly PropertyKey[]): string => {
    for (let length = path.length; length > 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return `:${lines.linePos(node.range[0]).line}`;
    }
    return '';
  };
  return {
    ok: false,
    problems: parsed.error.issues.flatMap(flatten).map((issue) => {
      const got = valueAt(input, issue.path);
      const shown = got === undefined ? '' : `, got ${JSON.stringify(got).slice(0, 80)}`;
      return `${fileName}${lineOf(issue.path)}: ${formatPath(issue.path)}: ${issue.message}${shown}`;
    }),
  };
}

interface Issue {
  readonly path: PropertyKey[];
  readonly message: string;
}

/**
 * Issues as people want them: a misspelt key stands at its own line; a failed union says only "invalid input", so
 * the alternative that came furthest says what is wrong.
 */
function flatten(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'there is no such setting' }));
  }
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const depth = (issues: z.core.$ZodIssue[]) => Math.max(0, ...issues.map((inner) => inner.path.length));
  const best = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
  return best.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }));
}

function formatPath(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || '(top level)';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return typeof value === 'object' ? undefined : value;
}
