/**
 * Checks AWS Signature Version 4 of a request (AWS General Reference, "Signing AWS API requests") by signing it again
 * with the secret of the key it names, using the SDK's own signer. What is checked: the key is known, the scope is
 * ours, the time is near, host and date are signed, the token is the key's, the body is the one whose hash was
 * signed, and the signature itself.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { AwsError } from '../service/aws-error.ts';
import type { AccessKey, AccessKeys } from './access-keys.ts';

/** A request may be this much older or newer than our clock. */
export const MAX_SKEW_MS = 5 * 60_000;

export interface SignedRequest {
  readonly method: string;
  /** As it stood in the request line, still escaped. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** How refusals are named: the names differ between services. */
export interface SignatureErrors {
  readonly missing: string;
  readonly unknownKey: string;
  readonly mismatch: string;
  readonly expired: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([a-z0-9;_-]+),\s*Signature=([0-9a-f]{64})$/;
const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const HASH_HEADER = 'x-amz-content-sha256';

/** The key that signed; throws an AwsError (403) that says what is wrong. */
export async function verifySignature(
  request: SignedRequest,
  keys: AccessKeys,
  expected: { region: string; services: readonly string[]; now: number },
  errors: SignatureErrors,
): Promise<AccessKey> {
  const refuse = (type: string, message: string) => new AwsError(type, 403, message);
  const { headers } = request;
  const match = AUTHORIZATION.exec(headers.authorization ?? '');
  const [, accessKeyId = '', day = '', region = '', service = '', signed = '', signature = ''] = match ?? [];
  if (match === null) throw refuse(errors.missing, 'Missing or malformed Authorization header');
  const key = keys.find(accessKeyId);
  if (key === undefined || headers['x-amz-security-token'] !== key.sessionToken) {
    throw refuse(errors.unknownKey, 'The security token included in the request is invalid.');
  }
  if (key.expiresAt !== undefined && expected.now >= key.expiresAt) {
    throw refuse(errors.expired, 'The security token included in the request is expired');
  }
  if (region !== expected.region || !expected.services.includes(service)) {
    throw refuse(
      errors.mismatch,
      `Credential should be scoped to region ${expected.region} and service ${expected.services[0]}, not ${region} and ${service}`,
    );
  }
  const names = signed.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) {
    throw refuse(errors.mismatch, "'host' and 'x-amz-date' must be signed headers");
  }
  const date = headers['x-amz-date'] ?? '';
  const at = timeOf(date);
  if (at === undefined || !date.startsWith(day)) {
    throw refuse(errors.mismatch, 'Date in Credential scope does not match x-amz-date');
  }
  if (Math.abs(at - expected.now) > MAX_SKEW_MS) {
    const words = at < expected.now ? 'Signature expired' : 'Signature not yet current';
    throw refuse(errors.expired, `${words}: ${date} is not within 5 min of ${amzDate(expected.now)}`);
  }
  checkBodyHash(request, () => refuse(errors.mismatch, 'The content does not match x-amz-content-sha256'));
  const again = await sign(request, names, key, { region, service, at });
  if (!sameText(again, signature)) {
    throw refuse(
      errors.mismatch,
      'The request signature we calculated does not match the signature you provided.',
    );
  }
  return key;
}

async function sign(
  request: SignedRequest,
  names: readonly string[],
  { accessKeyId, secretAccessKey, sessionToken }: AccessKey,
  scope: { region: string; service: string; at: number },
): Promise<string | undefined> {
  const headers: Record<string, string> = {};
  for (const name of names) {
    const value = request.headers[name];
    if (value === undefined) return undefined;
    headers[name] = value;
  }
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(request.query.keys())) {
    const values = request.query.getAll(name);
    query[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  const signer = new SignatureV4({
    // (The token is among the signed headers when it was signed; the signer would add it otherwise.)
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && names.includes('x-amz-security-token') && { sessionToken }),
    },
    region: scope.region,
    service: scope.service,
    sha256: Sha256,
    applyChecksum: false,
  });
  const { method, path, body } = request;
  const signed = await signer.sign(new HttpRequest({ method, path, query, headers, body }), {
    signingDate: new Date(scope.at),
    signableHeaders: new Set(names),
  });
  return AUTHORIZATION.exec(signed.headers.authorization ?? '')?.[6];
}

/** The signer believes the header about the body; we do not. */
function checkBodyHash({ headers, body }: SignedRequest, refusal: () => AwsError): void {
  const stated = headers[HASH_HEADER];
  if (stated === undefined) return;
  if (!sameText(createHash('sha256').update(body).digest('hex'), stated)) throw refusal();
}

function sameText(a: string | undefined, b: string): boolean {
  if (a === undefined || a.length !== b.length) return false;
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function timeOf(date: string): number | undefined {
  const parts = AMZ_DATE.exec(date)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function amzDate(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
