/** Which gateways may deliver: id, hash of a token, revoked or not, and what they last said of themselves. */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/tables.ts';
import { hashToken, type NewToken, tokenMatches } from './tokens.ts';

/** The new gateway's token, which cannot be read again; undefined when the id is taken. */
export async function addGateway(
  db: Kysely<Tables>,
  id: string,
  newToken: NewToken,
  now: number,
): Promise<string | undefined> {
  const token = newToken();
  const added = await db
    .insertInto('gateways')
    .values({
      id,
      token_hash: hashToken(token),
      created_at: now,
      revoked_at: null,
      state_at: null,
      last_batch_at: null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return added && token;
}

/** Adds the gateway or gives it this token: for tokens that are kept elsewhere (a file that configuration names). */
export async function putGateway(db: Kysely<Tables>, id: string, token: string, now: number): Promise<void> {
  const token_hash = hashToken(token);
  await db
    .insertInto('gateways')
    .values({ id, token_hash, created_at: now, revoked_at: null, state_at: null, last_batch_at: null })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ token_hash }))
    .execute();
}

/** A new token in place of the old one, also for a revoked gateway; undefined when there is no such gateway. */
export async function renewGatewayToken(
  db: Kysely<Tables>,
  id: string,
  newToken: NewToken,
): Promise<string | undefined> {
  const token = newToken();
  const renewed = await db
    .updateTable('gateways')
    .set({ token_hash: hashToken(token), revoked_at: null })
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return renewed && token;
}

/** False when there is no such gateway. Revoking twice keeps the first time. */
export async function revokeGateway(db: Kysely<Tables>, id: string, now: number): Promise<boolean> {
  const revoked = await db
    .updateTable('gateways')
    .set((set) => ({ token_hash: null, revoked_at: set.fn.coalesce('revoked_at', set.val(now)) }))
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return revoked !== undefined;
}

export async function verifyGateway(db: Kysely<Tables>, id: string, token: string): Promise<boolean> {
  const row = await db
    .selectFrom('gateways')
    .select('token_hash')
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row?.token_hash !== undefined && row.token_hash !== null && tokenMatches(token, row.token_hash);
}

/** Keeps what a gateway said of itself; an unknown one is nobody's business here. */
export async function recordGatewayState(
  db: Kysely<Tables>,
  id: string,
  state: 'online' | 'offline',
  now: number,
): Promise<void> {
  await db
    .updateTable('gateways')
    .set({ state, state_at: now })
    .where('id', '=', id)
    // A retained state that the broker repeats is no news: since when counts from the change.
    .where('state', '<>', state)
    .execute();
}
