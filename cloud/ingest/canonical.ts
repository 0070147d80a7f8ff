/**
 * The canonical text of a JSON value (keys sorted, nothing else changed) and its digest: two deliveries of one
 * event have the same digest however their JSON was written. PURE.
 */
import { hash } from 'node:crypto';

/** Nesting beyond this is no event of ours, and would cost stack here and in the database. */
export const MAX_JSON_DEPTH = 32;

/** Undefined when the value is nested deeper than MAX_JSON_DEPTH. */
export function canonicalJson(value: unknown): string | undefined {
  return depthIsBounded(value, MAX_JSON_DEPTH) ? write(value) : undefined;
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

function depthIsBounded(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (levels === 0) return false;
  for (const child of Object.values(value)) if (!depthIsBounded(child, levels - 1)) return false;
  return true;
}

function write(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`);
  return `{${members.join(',')}}`;
}
