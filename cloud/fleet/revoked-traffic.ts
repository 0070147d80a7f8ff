/**
 * Somebody goes on using an identity that was revoked: one exception for each revocation, however often it is tried
 * and wherever it shows (a batch over a broker that lets it through, a sign-in, a post).
 */
import { sql, type Transaction } from 'kysely';
import { exceptionId } from '../exceptions/exception-id.ts';
import { raiseEarliest } from '../exceptions/from-events.ts';
import type { ExceptionRow } from '../exceptions/raise.ts';
import type { Change } from '../ledger/change.ts';
import { lockDerivedState } from '../ledger/locks.ts';
import type { Store } from '../store/database.ts';
import type { Tables } from '../store/tables.ts';

export function revokedTraffic(gateway: string, revokedAt: number, now: number): ExceptionRow {
  return {
    id: exceptionId('GATEWAY_REVOKED_TRAFFIC', gateway, revokedAt),
    kind: 'GATEWAY_REVOKED_TRAFFIC',
    subject: gateway,
    location: null,
    readPoint: null,
    raisedAt: now,
    detail: { gateway, revokedAt },
  };
}

/** For traffic that never reaches the ingest. */
export async function raiseRevokedTraffic(
  { db }: Pick<Store, 'db'>,
  gateway: string,
  revokedAt: number,
  now: number,
): Promise<Change[]> {
  return await db.transaction().execute(async (trx) => {
    await lockDerivedState(trx);
    return await raiseEarliest(trx, [revokedTraffic(gateway, revokedAt, now)], now);
  });
}

/** When each of these gateways was revoked; those that were not are left out. */
export async function revokedAmong(
  trx: Transaction<Tables>,
  gateways: readonly string[],
): Promise<Map<string, number>> {
  if (gateways.length === 0) return new Map();
  const { rows } = await sql<{ id: string; revoked_at: number }>`
    select id, revoked_at from gateways where id = any(${[...new Set(gateways)]}::text[]) and revoked_at is not null
  `.execute(trx);
  return new Map(rows.map((row) => [row.id, row.revoked_at]));
}
