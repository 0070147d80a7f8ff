/**
 * The tokens of gateways, stored only as hashes. A rotation must survive a power cut between our answer and the
 * gateway's file, so a new token does not end the old one: its first use does, since by then the gateway has it. What
 * a token is worth is always asked of the database, so it holds in every cloud process at once.
 */
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from '../store/tables.ts';
import { hashToken, MAX_TOKEN_LENGTH, type NewToken } from './tokens.ts';

/** Issued and not used yet: answers that may still be on their way to the gateway. The oldest beyond go. */
export const MAX_UNUSED_TOKENS = 4;
/** Ended ones that are still recognised when somebody uses them. */
const MAX_ENDED_TOKENS = 16;

/** `ended`: a newer one took its place. `revoked`: the gateway was shut out while it was valid. */
type TokenState = 'valid' | 'ended' | 'revoked';

export interface TokenHolder {
  readonly gateway: string;
  readonly standing: TokenState;
  /** When it ended, for one that is not valid any more. */
  readonly endedAt?: number;
}

/** Adds a token to a gateway that exists; the ones it has stay valid. The id orders it after all before it. */
export async function issueToken(
  trx: Transaction<Tables>,
  gateway: string,
  newToken: NewToken,
  now: number,
): Promise<{ id: number; token: string }> {
  const token = newToken();
  const { id } = await trx
    .insertInto('gateway_tokens')
    .values({ token_hash: hashToken(token), gateway, issued_at: now })
    .returning('id')
    .executeTakeFirstOrThrow();
  await endSurplus(trx, gateway, now);
  return { id, token };
}

/** Ends every valid token of the gateway that was issued before `beforeId` (default: all of them). */
export async function endTokens(
  trx: Transaction<Tables>,
  gateway: string,
  reason: 'superseded' | 'revoked',
  now: number,
  beforeId = Number.MAX_SAFE_INTEGER,
): Promise<void> {
  await trx
    .updateTable('gateway_tokens')
    .set({ ended_at: now, end_reason: reason })
    .where('gateway', '=', gateway)
    .where('id', '<', beforeId)
    .where('ended_at', 'is', null)
    .execute();
}

/** Whose token this is and what it is worth; the first use of a valid one ends what was issued before it. */
export async function findTokenHolder(
  db: Kysely<Tables>,
  token: string,
  now: number,
): Promise<TokenHolder | undefined> {
  if (token.length === 0 || token.length > MAX_TOKEN_LENGTH) return undefined;
  const row = await db
    .selectFrom('gateway_tokens as t')
    .innerJoin('gateways as g', 'g.id', 't.gateway')
    .select(['t.id', 't.gateway', 't.first_used_at', 't.ended_at', 't.end_reason', 'g.revoked_at'])
    .where('t.token_hash', '=', hashToken(token))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { id, gateway, ended_at: endedAt, end_reason: reason, revoked_at: revokedAt } = row;
  if (endedAt !== null) return { gateway, standing: reason === 'revoked' ? 'revoked' : 'ended', endedAt };
  if (revokedAt !== null) return { gateway, standing: 'revoked', endedAt: revokedAt };
  if (row.first_used_at === null) await markUsed(db, gateway, id, now);
  return { gateway, standing: 'valid' };
}

/** Which of these hashes are tokens that may deliver now: one query for all sessions of a broker. */
export async function validTokenHashes(db: Kysely<Tables>, hashes: readonly string[]): Promise<Set<string>> {
  if (hashes.length === 0) return new Set();
  const rows = await db
    .selectFrom('gateway_tokens as t')
    .innerJoin('gateways as g', 'g.id', 't.gateway')
    .select('t.token_hash')
    .where('t.token_hash', 'in', [...hashes])
    .where('t.ended_at', 'is', null)
    .where('g.revoked_at', 'is', null)
    .execute();
  return new Set(rows.map((row) => row.token_hash));
}

/** The gateway has it: the tokens before it end, and where a certificate came with it, the certificates before it. */
async function markUsed(db: Kysely<Tables>, gateway: string, id: number, now: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.selectFrom('gateways').select('id').where('id', '=', gateway).forUpdate().execute();
    const marked = await trx
      .updateTable('gateway_tokens')
      .set({ first_used_at: now })
      .where('id', '=', id)
      .where('first_used_at', 'is', null)
      .where('ended_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (marked === undefined) return;
    await endTokens(trx, gateway, 'superseded', now, id);
    await trx
      .updateTable('certificates')
      .set({ revoked_at: now, revoke_reason: 'superseded' })
      .where('gateway', '=', gateway)
      .where('token_id', '<', id)
      .where('revoked_at', 'is', null)
      .where(({ exists, selectFrom }) =>
        exists(selectFrom('certificates as own').select('own.serial').where('own.token_id', '=', id)),
      )
      .execute();
  });
}

async function endSurplus(trx: Transaction<Tables>, gateway: string, now: number): Promise<void> {
  const idsBeyond = (kept: number, ended: boolean) =>
    trx
      .selectFrom('gateway_tokens')
      .select('id')
      .where('gateway', '=', gateway)
      .where('ended_at', ended ? 'is not' : 'is', null)
      .$if(!ended, (query) => query.where('first_used_at', 'is', null))
      .orderBy('id', 'desc')
      .offset(kept);
  await trx
    .updateTable('gateway_tokens')
    .set({ ended_at: now, end_reason: 'superseded' })
    .where('id', 'in', idsBeyond(MAX_UNUSED_TOKENS, false))
    .execute();
  await trx.deleteFrom('gateway_tokens').where('id', 'in', idsBeyond(MAX_ENDED_TOKENS, true)).execute();
}
