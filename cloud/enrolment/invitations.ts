/** One-time codes that turn into a gateway's identity: short-lived, stored as hashes, one open one for each gateway. */
import { createHash } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import { CODE_BYTES, enrolmentCode, normalizeCode } from '../../protocol/link/enrolment.ts';
import type { Tables } from '../store/tables.ts';
import { hashToken, type NewToken } from './tokens.ts';

export const DEFAULT_INVITATION_HOURS = 24;
export const MAX_INVITATION_HOURS = 14 * 24;
const HOUR_MS = 3_600_000;

interface Invitation {
  readonly id: string;
  /** The only time it is shown. */
  readonly code: string;
  readonly expiresAt: number;
}

/** A new code for this gateway, whether it exists or not; one that is still open ends. */
export async function invite(
  db: Kysely<Tables>,
  gateway: string,
  hours: number,
  newToken: NewToken,
  now: number,
): Promise<Invitation> {
  const random = createHash('sha256').update(newToken()).digest().subarray(0, CODE_BYTES);
  const code = enrolmentCode(random);
  const row = {
    code_hash: hashToken(code),
    created_at: now,
    expires_at: now + hours * HOUR_MS,
    used_at: null,
  };
  await db
    .insertInto('invitations')
    .values({ gateway, ...row })
    .onConflict((conflict) => conflict.column('gateway').doUpdateSet(row))
    .execute();
  return { id: gateway, code, expiresAt: row.expires_at };
}

type InvitationVerdict =
  | { ok: true; gateway: string; codeHash: string }
  | { ok: false; reason: 'unknown' | 'used' | 'expired' };

export async function checkInvitation(
  db: Kysely<Tables>,
  typed: string,
  now: number,
): Promise<InvitationVerdict> {
  const code = normalizeCode(typed);
  if (code === undefined) return { ok: false, reason: 'unknown' };
  const codeHash = hashToken(code);
  const row = await db
    .selectFrom('invitations')
    .select(['gateway', 'expires_at', 'used_at'])
    .where('code_hash', '=', codeHash)
    .executeTakeFirst();
  if (row === undefined) return { ok: false, reason: 'unknown' };
  if (row.used_at !== null) return { ok: false, reason: 'used' };
  if (row.expires_at <= now) return { ok: false, reason: 'expired' };
  return { ok: true, gateway: row.gateway, codeHash };
}

/** Uses the code up; false when somebody else did in the meantime. */
export async function takeInvitation(
  trx: Transaction<Tables>,
  codeHash: string,
  now: number,
): Promise<boolean> {
  const taken = await trx
    .updateTable('invitations')
    .set({ used_at: now })
    .where('code_hash', '=', codeHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('gateway')
    .executeTakeFirst();
  return taken !== undefined;
}
