/** Which gateways may deliver: id, tokens, revoked or not, and what they last said of themselves. */
import type { Kysely } from 'kysely';
import { endTokens, findTokenHolder, issueToken } from '../enrolment/gateway-tokens.ts';
import { lockGateway, revoke } from '../enrolment/identities.ts';
import { hashToken, type NewToken } from '../enrolment/tokens.ts';
import type { Tables } from '../store/tables.ts';

const NEW_GATEWAY = { revoked_at: null, state_at: null, last_batch_at: null };

/** The new gateway's token, which cannot be read again; undefined when the id is taken. */
export async function addGateway(
  db: Kysely<Tables>,
  id: string,
  newToken: NewToken,
  now: number,
): Promise<string | undefined> {
  return await db.transaction().execute(async (trx) => {
    const added = await trx
      .insertInto('gateways')
      .values({ id, created_at: now, ...NEW_GATEWAY })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .executeTakeFirst();
    return added && (await issueToken(trx, id, newToken, now)).token;
  });
}

/**
 * Adds the gateway or gives it this token: for tokens that are kept elsewhere (a file that configuration names). A
 * token that was put before is left as it stands, also when a rotation has ended it; a revoked gateway stays revoked.
 */
export async function putGateway(db: Kysely<Tables>, id: string, token: string, now: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('gateways')
      .values({ id, created_at: now, ...NEW_GATEWAY })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await lockGateway(trx, id);
    const known = await trx
      .selectFrom('gateway_tokens')
      .select('gateway')
      .where('token_hash', '=', hashToken(token))
      .executeTakeFirst();
    if (known !== undefined && known.gateway !== id) {
      throw new Error(
        `the token of gateway ${id} is the one of gateway ${known.gateway}: expected one of its own for each gateway`,
      );
    }
    const { revoked_at: revokedAt } = await trx
      .selectFrom('gateways')
      .select('revoked_at')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (known !== undefined || revokedAt !== null) return;
    await endTokens(trx, id, 'superseded', now);
    await issueToken(trx, id, () => token, now);
  });
}

/** A new token in place of the old one, also for a revoked gateway; undefined when there is no such gateway. */
export async function renewGatewayToken(
  db: Kysely<Tables>,
  id: string,
  newToken: NewToken,
  now: number,
): Promise<string | undefined> {
  return await db.transaction().execute(async (trx) => {
    if (!(await lockGateway(trx, id))) return undefined;
    await endTokens(trx, id, 'superseded', now);
    await trx.updateTable('gateways').set({ revoked_at: null }).where('id', '=', id).execute();
    return (await issueToken(trx, id, newToken, now)).token;
  });
}

/** False when there is no such gateway. Revoking twice keeps the first time. */
export async function revokeGateway(db: Kysely<Tables>, id: string, now: number): Promise<boolean> {
  return await revoke(db, id, now);
}

/** The gateway that may deliver with this token. The first use of a new token ends the ones before. */
export async function gatewayOfToken(
  db: Kysely<Tables>,
  token: string,
  now: number,
): Promise<string | undefined> {
  const holder = await findTokenHolder(db, token, now);
  return holder?.standing === 'valid' ? holder.gateway : undefined;
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
