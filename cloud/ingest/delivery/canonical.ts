/**
 * JSON values: the canonical text (keys sorted) by which two deliveries of one event are known to be the same, a
 * digest, and whether the database can keep one. PURE.
 */
import { hash } from 'node:crypto';

/** Nesting beyond this is no event of ours, and would cost stack here and in the database. */
export const MAX_JSON_DEPTH = 32;

/**
 * Why the database cannot keep a JSON value as jsonb and text, if so: nested too deeply, or with a NUL or an unpaired
 * surrogate in a text or key, both of which JSON allows.
 */
export function whyNotStorable(value: unknown, levels = MAX_JSON_DEPTH): string | undefined {
  if (typeof value === 'string') {
    const isStorable = value.isWellFormed() && !value.includes('\0');
    return isStorable ? undefined : 'a text holds NUL or an unpaired surrogate';
  }
  if (value === null || typeof value !== 'object') return undefined;
  if (levels === 0) return 'nested too deeply';
  // Every event of every gateway passes here: keys, not entries, which take twice as long.
  for (const key of Object.keys(value)) {
    const reason = whyNotStorable(key) ?? whyNotStorable(value[key as keyof typeof value], levels - 1);
    if (reason !== undefined) return reason;
  }
  return undefined;
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
