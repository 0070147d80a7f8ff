import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCertificateRequest } from './certificate-request.ts';
import { EC, makeTestRequest, newKeys, rsa } from './certificates.fixture.ts';

const BEGIN = '-----BEGIN CERTIFICATE REQUEST-----';
const END = '-----END CERTIFICATE REQUEST-----';
const armoured = (der: Uint8Array) => `${BEGIN}\n${Buffer.from(der).toString('base64')}\n${END}\n`;
const derOf = (pem: string) => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');

describe('a certificate request', () => {
  it.each([
    ['P-256', EC],
    ['Ed25519', { name: 'Ed25519' }],
    ['RSA 2048', rsa(2048)],
  ])('is taken with a key of %s', async (_name, kind) => {
    const keys = await newKeys(kind);
    const verdict = await checkCertificateRequest(await makeTestRequest(keys, kind));
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey));
    expect(verdict).toMatchObject({ ok: true });
    expect(verdict.ok && Buffer.from(verdict.publicKeyDer).equals(spki)).toBe(true);
  });

  it.each([
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }, /secp384r1/],
    ['RSA of 1024 bits', rsa(1024), /1024 bits/],
    ['a SHA-1 signature', rsa(2048, 'SHA-1'), /SHA-1/],
  ])('is refused with %s', async (_name, kind, reason) => {
    const pem = await makeTestRequest(await newKeys(kind), kind);
    expect(await checkCertificateRequest(pem)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it('is refused when somebody else signed it: the key is not the sender’s', async () => {
    const [mine, theirs] = [await newKeys(), await newKeys()];
    const mixed = { privateKey: mine.privateKey, publicKey: theirs.publicKey };
    expect(await checkCertificateRequest(await makeTestRequest(mixed))).toEqual({
      ok: false,
      reason: expect.stringMatching(/not by its own key/),
    });
  });

  it('with any byte changed is refused, or says the same: no other key gets through', async () => {
    const keys = await newKeys();
    const der = derOf(await makeTestRequest(keys));
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey));
    const keyAt = der.indexOf(spki);
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Buffer.from(der);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        const verdict = await checkCertificateRequest(armoured(damaged));
        if (at >= keyAt && at < keyAt + spki.length) expect(verdict.ok).toBe(false);
        if (verdict.ok) expect(Buffer.from(verdict.publicKeyDer)).toEqual(spki);
      }),
      { numRuns: 300 },
    );
  });

  it('of random bytes or cut anywhere is refused, never thrown', async () => {
    const der = derOf(await makeTestRequest(await newKeys()));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.nat(der.length - 1).map((length) => der.subarray(0, length)),
      // Deep nesting: each level opens a sequence.
      fc.nat(2000).map((levels) => Buffer.from('3080'.repeat(levels), 'hex')),
    );
    const text = fc.oneof(
      bytes.map(armoured),
      fc.string(),
      fc.string().map((junk) => `${BEGIN}${junk}${END}`),
    );
    await fc.assert(
      fc.asyncProperty(text, async (pem) => {
        expect((await checkCertificateRequest(pem)).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('that is too long is not read at all', async () => {
    const verdict = await checkCertificateRequest(`${BEGIN}${'A'.repeat(20_000)}${END}`);
    expect(verdict).toEqual({ ok: false, reason: expect.stringMatching(/longer than/) });
  });
});
