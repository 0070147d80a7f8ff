/** Signatures: what the SDK's signer makes is accepted, and no bit of it can be turned. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import { AwsError } from '../service/aws-error.ts';
import { AccessKeys } from './access-keys.ts';
import { ACCOUNT } from './principal.ts';
import { MAX_SKEW_MS, type SignedRequest, verifySignature } from './sigv4.ts';

const NOW = Date.UTC(2026, 2, 2, 8, 30);
const REGION = 'eu-central-1';
const LASTING = { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret/of/the/test' };
const ERRORS = { missing: 'missing', unknownKey: 'unknown', mismatch: 'mismatch', expired: 'expired' };

const clockAt = (startAt: number) => new VirtualClock({ startAt, flush: () => Promise.resolve() });
const keys = new AccessKeys(clockAt(NOW), [LASTING]);
const expected = { region: REGION, services: ['iotdata'], now: NOW };

interface UnsignedRequest {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly body?: Uint8Array;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  readonly service?: string;
  readonly region?: string;
  readonly at?: number;
}

async function signed(draft: UnsignedRequest = {}): Promise<SignedRequest> {
  const {
    method = 'POST',
    path = '/topics/a%2Fb',
    query = { qos: '1' },
    body = Buffer.from('hello'),
  } = draft;
  const signer = new SignatureV4({
    credentials: draft.credentials ?? LASTING,
    region: draft.region ?? REGION,
    service: draft.service ?? 'iotdata',
    sha256: Sha256,
  });
  const { headers } = await signer.sign(
    new HttpRequest({
      method,
      path,
      query,
      body,
      headers: { host: '127.0.0.1:8080', 'content-type': 'application/octet-stream' },
    }),
    { signingDate: new Date(draft.at ?? NOW) },
  );
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { method, path, query: new URLSearchParams(query), headers: lower, body };
}

const verdict = (request: SignedRequest) =>
  verifySignature(request, keys, expected, ERRORS).then(
    () => 'accepted',
    (error: unknown) => (error instanceof AwsError ? error.type : String(error)),
  );

const flip = (text: string, at: number, bit: number) => {
  const bytes = Buffer.from(text, 'latin1');
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  return bytes.toString('latin1');
};

describe('a request', () => {
  it('that the signer made is accepted, whatever its path, query and body', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-zA-Z]{1,8}$/), text, { maxKeys: 3 }),
        fc.uint8Array({ maxLength: 200 }),
        async (parts, query, body) => {
          const path = `/${parts.map((part) => encodeURIComponent(part.replace(/^\.+/, ''))).join('/')}`;
          expect(await verdict(await signed({ path, query, body }))).toBe('accepted');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is refused when one bit of it is another: method, path, query, body, any signed header', async () => {
    const good = await signed({
      credentials: keys.issue(ACCOUNT, 60_000) ?? LASTING,
    });
    expect(await verdict(good)).toBe('accepted');
    const names = Object.keys(good.headers);
    const turned = (part: string, at: number, bit: number): SignedRequest => {
      const turn = (text: string) => flip(text, at % text.length, bit);
      if (part === 'method') return { ...good, method: turn(good.method) };
      if (part === 'path') return { ...good, path: turn(good.path) };
      if (part === 'query') return { ...good, query: new URLSearchParams({ qos: turn('1') }) };
      if (part === 'query name') return { ...good, query: new URLSearchParams({ [turn('qos')]: '1' }) };
      if (part === 'body') {
        const body = Buffer.from(good.body);
        const index = at % body.length;
        body[index] = (body[index] ?? 0) ^ (1 << bit);
        return { ...good, body };
      }
      return { ...good, headers: { ...good.headers, [part]: turn(good.headers[part] ?? '') } };
    };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('method', 'path', 'query', 'query name', 'body', ...names),
        fc.nat(500),
        fc.integer({ min: 0, max: 7 }),
        async (part, at, bit) => {
          expect(await verdict(turned(part, at, bit))).not.toBe('accepted');
        },
      ),
      { numRuns: 400 },
    );
  });

  it.each<[string, UnsignedRequest, string]>([
    ['five minutes old', { at: NOW - MAX_SKEW_MS }, 'accepted'],
    ['older than five minutes', { at: NOW - MAX_SKEW_MS - 1000 }, 'expired'],
    ['of the future', { at: NOW + MAX_SKEW_MS + 1000 }, 'expired'],
    ['for another service', { service: 's3' }, 'mismatch'],
    ['for another region', { region: 'us-east-1' }, 'mismatch'],
    ['with another secret', { credentials: { ...LASTING, secretAccessKey: 'wrong' } }, 'mismatch'],
    ['with an unknown key', { credentials: { ...LASTING, accessKeyId: 'AKIDOTHER' } }, 'unknown'],
    ['with a token the key has not', { credentials: { ...LASTING, sessionToken: 'x' } }, 'unknown'],
  ])('%s: %s', async (_name, draft, answer) => {
    expect(await verdict(await signed(draft))).toBe(answer);
  });

  it('without signature, or with an unsigned host, is refused', async () => {
    const good = await signed();
    const { authorization = '', ...unsigned } = good.headers;
    expect(await verdict({ ...good, headers: unsigned })).toBe('missing');
    const less = authorization.replace(';host', '');
    expect(await verdict({ ...good, headers: { ...good.headers, authorization: less } })).toBe('mismatch');
  });

  it('with a temporary key is accepted until it expires', async () => {
    const key = keys.issue(ACCOUNT, 60_000);
    const request = await signed({ ...(key && { credentials: key }) });
    expect(await verdict(request)).toBe('accepted');
    const later = { ...expected, now: NOW + 60_000 };
    await expect(verifySignature(request, keys, later, ERRORS)).rejects.toMatchObject({ type: 'expired' });
  });
});
