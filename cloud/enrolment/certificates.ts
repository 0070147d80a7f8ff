/** The certificates that were signed for gateways: which are valid, which are to be refused (RFC 5280 §5). */
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from '../store/tables.ts';
import type { RevokedCertificate, SignedCertificate } from './device-ca.ts';

interface CertificateRecord {
  /** Lower-case hex. */
  readonly serial: string;
  readonly gateway: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly revokeReason: 'superseded' | 'revoked' | null;
}

export async function recordCertificate(
  trx: Transaction<Tables>,
  gateway: string,
  tokenId: number,
  certificate: SignedCertificate,
  now: number,
): Promise<void> {
  const { serial, fingerprint, expiresAt } = certificate;
  await trx
    .insertInto('certificates')
    .values({ serial, gateway, token_id: tokenId, fingerprint, issued_at: now, expires_at: expiresAt })
    .execute();
}

/** All of a gateway; one that was superseded before counts as revoked from now on. */
export async function revokeCertificates(
  trx: Transaction<Tables>,
  gateway: string,
  now: number,
): Promise<void> {
  await trx
    .updateTable('certificates')
    .set((set) => ({
      revoked_at: set.fn.coalesce('revoked_at', set.val(now)),
      revoke_reason: 'revoked' as const,
    }))
    .where('gateway', '=', gateway)
    .execute();
}

/** The newest first, of one gateway or of all. */
export async function listCertificates(
  db: Kysely<Tables>,
  options: { readonly gateway?: string | undefined; readonly limit: number },
): Promise<CertificateRecord[]> {
  const { gateway, limit } = options;
  const rows = await db
    .selectFrom('certificates')
    .selectAll()
    .$if(gateway !== undefined, (query) => query.where('gateway', '=', gateway ?? ''))
    .orderBy('issued_at', 'desc')
    .orderBy('serial')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    serial: row.serial,
    gateway: row.gateway,
    fingerprint: row.fingerprint,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    revokeReason: row.revoke_reason,
  }));
}

/** What a revocation list has to name; an expired certificate is refused without it. */
export async function revokedCertificates(db: Kysely<Tables>, now: number): Promise<RevokedCertificate[]> {
  const rows = await db
    .selectFrom('certificates')
    .select(['serial', 'revoked_at', 'revoke_reason'])
    .where('revoked_at', 'is not', null)
    .where('expires_at', '>', now)
    .orderBy('serial')
    .execute();
  return rows.map((row) => ({
    serial: row.serial,
    revokedAt: row.revoked_at ?? now,
    reason: row.revoke_reason ?? 'revoked',
  }));
}
