/**
 * What could not be taken, kept aside with its reason: visible, bounded, never in the way. The same bad thing
 * delivered again is the same row, counted.
 */
import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../store/tables.ts';
import { unnest } from '../../store/unnest.ts';
import { digestOf } from './canonical.ts';

type DeadLetterCode =
  /** Not a batch: too large, not (gzipped) JSON, or without a sound header. */
  | 'UNREADABLE_BATCH'
  /** The payload names another gateway or lane than the transport proves. */
  | 'MISMATCHED_SENDER'
  /** A gateway that is not registered. */
  | 'UNKNOWN_GATEWAY'
  /** A gateway whose identity was revoked: kept, for what the true one saw must not be lost with the thief's. */
  | 'REVOKED_GATEWAY'
  /** One event of a batch is not an event. */
  | 'POISON_EVENT'
  /** The key of an event that stands, with another body. */
  | 'BODY_MISMATCH'
  /** The database refuses the event. */
  | 'REFUSED_BY_DATABASE';

export interface DeadLetterRecord {
  readonly gateway: string | null;
  readonly epoch: string | null;
  readonly lane: string | null;
  readonly seq: number | null;
  readonly code: DeadLetterCode;
  readonly detail: string;
  readonly payload: string;
}

const MAX_DEAD_LETTER_BYTES = 4096;
const MAX_DETAIL_CHARACTERS = 1000;
/** Beyond this many, the oldest go: a hostile sender must not fill the disk. */
const MAX_DEAD_LETTERS = 50_000;

const KINDS = {
  fingerprint: 'text',
  gateway: 'text',
  epoch: 'text',
  lane: 'text',
  seq: 'bigint',
  code: 'text',
  detail: 'text',
  payload: 'text',
  received_at: 'bigint',
  times: 'integer',
} as const;

/** A copy for people: at most MAX_DEAD_LETTER_BYTES, storable as text; what is not text is replaced. */
export function payloadText(payload: unknown): string {
  return storableText(payload instanceof Uint8Array ? payload : textOf(payload));
}

function textOf(value: unknown): Uint8Array {
  try {
    return Buffer.from(JSON.stringify(value) ?? 'undefined');
  } catch (error) {
    // Nested beyond what the stack holds: say so instead.
    return Buffer.from(`not writable as JSON: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}

function storableText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, MAX_DEAD_LETTER_BYTES))
    .toString('utf8')
    .replaceAll('\0', '\uFFFD');
  // Replacement characters are longer than what they replace.
  return Buffer.byteLength(text) <= MAX_DEAD_LETTER_BYTES
    ? text
    : Buffer.from(text)
        .subarray(0, MAX_DEAD_LETTER_BYTES - 3)
        .toString('utf8')
        .replace(/\uFFFD$/, '');
}

export async function keepDeadLetters(
  trx: Transaction<Tables>,
  letters: readonly DeadLetterRecord[],
  now: number,
): Promise<void> {
  if (letters.length === 0) return;
  const byFingerprint = new Map<string, DeadLetterRecord & { times: number }>();
  for (const letter of letters) {
    const { gateway, epoch, lane, seq, code, payload } = letter;
    const fingerprint = digestOf(JSON.stringify([gateway, epoch, lane, seq, code, payload]));
    const times = (byFingerprint.get(fingerprint)?.times ?? 0) + 1;
    byFingerprint.set(fingerprint, { ...letter, times });
  }
  const rows = [...byFingerprint]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([fingerprint, letter]) => ({
      ...letter,
      fingerprint,
      detail: Buffer.from(letter.detail.slice(0, MAX_DETAIL_CHARACTERS))
        .toString('utf8')
        .replaceAll('\0', '\uFFFD'),
      received_at: now,
    }));
  const columns = sql.raw(Object.keys(KINDS).join(', '));
  const kept = await sql<{ id: number }>`
    insert into dead_letters as old (${columns}) select * from ${unnest('t', KINDS, rows)}
    on conflict (fingerprint) do update set
      times = old.times + excluded.times, received_at = greatest(old.received_at, excluded.received_at)
    returning id
  `.execute(trx);
  const newest = Math.max(...kept.rows.map((row) => row.id));
  await trx
    .deleteFrom('dead_letters')
    .where('id', '<=', newest - MAX_DEAD_LETTERS)
    .execute();
}
