/**
 * The life of a gateway's identity, one transaction each: enrolled with a one-time code, renewed with what it has,
 * revoked. All of them lock the gateway's row, so that a renewal cannot slip past a revocation. Nothing here touches
 * what the gateway has delivered: enrolled again under its id, it goes on where its journal stands.
 */
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from '../store/tables.ts';
import { type CheckedRequest, checkCertificateRequest } from './certificate-request.ts';
import { recordCertificate, revokeCertificates } from './certificates.ts';
import type { DeviceCa, SignedCertificate } from './device-ca.ts';
import { endTokens, findTokenHolder, issueToken } from './gateway-tokens.ts';
import { checkInvitation, takeInvitation } from './invitations.ts';
import type { NewToken } from './tokens.ts';

export interface Issued {
  readonly gateway: string;
  readonly token: string;
  readonly certificate?: SignedCertificate;
}

export type EnrolmentRefusal =
  | { code: 'unknown' | 'used' | 'expired' | 'other-gateway'; detail: string }
  | { code: 'invalid-request'; detail: string }
  | { code: 'wrong-token'; detail: string };

type IssueAnswer = { ok: true; issued: Issued } | { ok: false; refusal: EnrolmentRefusal };

interface IdentityContext {
  readonly db: Kysely<Tables>;
  readonly newToken: NewToken;
  readonly deviceCa?: DeviceCa | undefined;
  readonly now: number;
}

/** A code for an identity. A request that is refused does not use the code up. */
export async function enrol(
  context: IdentityContext,
  asked: {
    readonly code: string;
    readonly gateway?: string | undefined;
    readonly csrPem?: string | undefined;
  },
): Promise<IssueAnswer> {
  const { db, now } = context;
  const invitation = await checkInvitation(db, asked.code, now);
  if (!invitation.ok) return refused(invitation.reason, INVITATION_DETAIL[invitation.reason]);
  const { gateway, codeHash } = invitation;
  if (asked.gateway !== undefined && asked.gateway !== gateway) {
    return refused('other-gateway', `the code is not for ${asked.gateway}`);
  }
  const signing = await sign(context, gateway, asked.csrPem);
  if (!signing.ok) return signing;
  return await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('gateways')
      .values({ id: gateway, created_at: now, revoked_at: null, state_at: null, last_batch_at: null })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await lockGateway(trx, gateway);
    if (!(await takeInvitation(trx, codeHash, now))) return refused('used', INVITATION_DETAIL.used);
    await trx.updateTable('gateways').set({ revoked_at: null }).where('id', '=', gateway).execute();
    return await issue(trx, context, gateway, signing.certificate);
  });
}

/** New credentials for valid ones; those stay valid until the new ones are used. */
export async function renew(
  context: IdentityContext,
  asked: { readonly token: string; readonly csrPem?: string | undefined },
): Promise<IssueAnswer> {
  const { db, now } = context;
  const holder = await findTokenHolder(db, asked.token, now);
  if (holder?.standing !== 'valid') return refused('wrong-token', 'the token is unknown, ended or revoked');
  const { gateway } = holder;
  const signing = await sign(context, gateway, asked.csrPem);
  if (!signing.ok) return signing;
  return await db.transaction().execute(async (trx) => {
    await lockGateway(trx, gateway);
    const still = await findTokenHolder(trx, asked.token, now);
    if (still?.standing !== 'valid') return refused('wrong-token', 'the token has just been revoked');
    return await issue(trx, context, gateway, signing.certificate);
  });
}

/** Shuts the gateway out: tokens, certificates and open invitations. False when there is no such gateway. */
export async function revoke(db: Kysely<Tables>, gateway: string, now: number): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('invitations').where('gateway', '=', gateway).execute();
    if (!(await lockGateway(trx, gateway))) return false;
    await trx
      .updateTable('gateways')
      .set((set) => ({ revoked_at: set.fn.coalesce('revoked_at', set.val(now)) }))
      .where('id', '=', gateway)
      .execute();
    await endTokens(trx, gateway, 'revoked', now);
    await revokeCertificates(trx, gateway, now);
    return true;
  });
}

export async function lockGateway(trx: Transaction<Tables>, gateway: string): Promise<boolean> {
  const row = await trx
    .selectFrom('gateways')
    .select('id')
    .where('id', '=', gateway)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

const INVITATION_DETAIL = {
  unknown: 'no invitation has this code',
  used: 'the code has been used',
  expired: 'the code has expired',
} as const;

function refused(code: EnrolmentRefusal['code'], detail: string): IssueAnswer & { ok: false } {
  return { ok: false, refusal: { code, detail } };
}

type Signing = { ok: true; certificate?: SignedCertificate } | (IssueAnswer & { ok: false });

/** A request is checked also where nobody signs it: a mistake shows at once, not when a CA is added. */
async function sign(
  { deviceCa, now }: IdentityContext,
  gateway: string,
  csrPem: string | undefined,
): Promise<Signing> {
  if (csrPem === undefined) return { ok: true };
  const verdict = await checkCertificateRequest(csrPem);
  if (!verdict.ok) return refused('invalid-request', verdict.reason);
  const request: CheckedRequest = verdict;
  return deviceCa === undefined
    ? { ok: true }
    : { ok: true, certificate: await deviceCa.sign(request, gateway, now) };
}

async function issue(
  trx: Transaction<Tables>,
  { newToken, now }: IdentityContext,
  gateway: string,
  certificate: SignedCertificate | undefined,
): Promise<IssueAnswer> {
  const { id, token } = await issueToken(trx, gateway, newToken, now);
  if (certificate !== undefined) await recordCertificate(trx, gateway, id, certificate, now);
  return { ok: true, issued: { gateway, token, ...(certificate && { certificate }) } };
}
