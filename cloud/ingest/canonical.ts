/**
 * Texts of JSON values: the canonical one (keys sorted) by which two deliveries of one event are told to be the same,
 * a digest, and whether the database can keep it. PURE.
 */
import { hash } from 'node:crypto';

/** Nesting beyond this is no event of ours, and would cost stack here and in the database. */
export const MAX_JSON_DEPTH = 32;

export function isNestedTooDeeply(value: unknown, levels = MAX_JSON_DEPTH): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && isNestedTooDeeply(child, levels - 1)) return true;
  }
  return false;
}

/** The value must not be nested too deeply. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

/**
 * Whether PostgreSQL can keep the text as jsonb and text: no NUL and no unpaired surrogate, both of which JSON
 * allows. `json` is JSON text, in which both can only stand as escapes.
 */
export function isStorable(json: string): boolean {
  return !json.includes('\\u') || !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i.test(json);
}
