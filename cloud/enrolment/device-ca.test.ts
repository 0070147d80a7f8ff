import { X509Certificate as NodeCertificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkCertificateRequest } from './certificate-request.ts';
import { makeTestCa, makeTestRequest, newKeys, privatePem, rsa } from './certificates.fixture.ts';
import { CRL_LIFE_DAYS, DeviceCaError, openDeviceCa } from './device-ca.ts';
import { X509Certificate, X509Crl } from './x509.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1, 6);
const life = { from: NOW - DAY, to: NOW + 365 * DAY };

async function request() {
  const verdict = await checkCertificateRequest(await makeTestRequest(await newKeys()));
  if (!verdict.ok) throw new Error(verdict.reason);
  return verdict;
}

describe('the CA of gateways', () => {
  it.each([
    ['P-256', undefined],
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }],
    ['Ed25519', { name: 'Ed25519' }],
    ['RSA', rsa(2048)],
  ])('with a key of %s signs a client certificate for the id and nothing else', async (_name, kind) => {
    const files = await makeTestCa({ ...life, ...(kind && { kind }) });
    const ca = await openDeviceCa({ ...files, certificateDays: 30, now: NOW });
    const signed = await ca.sign(await request(), 'dock-north', NOW);
    const certificate = new NodeCertificate(signed.pem);
    const issuer = new NodeCertificate(files.certPem);
    expect(certificate.subject).toBe('CN=dock-north');
    expect(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.serialNumber.toLowerCase()).toBe(signed.serial);
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(signed.fingerprint);
    expect(certificate.validToDate.getTime()).toBe(NOW + 30 * DAY);
    expect(signed.expiresAt).toBe(NOW + 30 * DAY);
    expect(certificate.validFromDate.getTime()).toBeLessThan(NOW);
  });

  it('signs nothing that outlives itself', async () => {
    const ca = await openDeviceCa({
      ...(await makeTestCa({ from: NOW - DAY, to: NOW + 3 * DAY })),
      certificateDays: 90,
      now: NOW,
    });
    expect((await ca.sign(await request(), 'gw-1', NOW)).expiresAt).toBe(NOW + 3 * DAY);
  });

  it('writes a signed list of what to refuse, under the label that brokers read, also an empty one', async () => {
    const files = await makeTestCa(life);
    const ca = await openDeviceCa({ ...files, certificateDays: 30, now: NOW });
    const { serial } = await ca.sign(await request(), 'gw-1', NOW);
    const pem = await ca.revocationList([{ serial, revokedAt: NOW, reason: 'revoked' }], NOW);
    expect(pem).toMatch(/^-----BEGIN X509 CRL-----\n[\s\S]+\n-----END X509 CRL-----\n$/);
    const list = new X509Crl(pem.replaceAll('X509 CRL', 'CRL'));
    expect(await list.verify({ publicKey: new X509Certificate(files.certPem) })).toBe(true);
    expect(list.entries.map((entry) => [entry.serialNumber, entry.reason])).toEqual([[serial, 1]]);
    expect(list.nextUpdate?.getTime()).toBe(NOW + CRL_LIFE_DAYS * DAY);
    const empty = await ca.revocationList([], NOW);
    expect(new X509Crl(empty.replaceAll('X509 CRL', 'CRL')).entries).toEqual([]);
  });

  it('is not opened with files that will not do, and says why', async () => {
    const good = await makeTestCa(life);
    const open = (files: { certPem: string; keyPem: string }) =>
      openDeviceCa({ ...files, certificateDays: 30, now: NOW });
    const cases: [{ certPem: string; keyPem: string }, RegExp][] = [
      [await makeTestCa({ ...life, ca: false }), /not one of a CA/],
      [await makeTestCa({ from: NOW - 2 * DAY, to: NOW - DAY }), /expired/],
      [{ ...good, keyPem: await privatePem(await newKeys()) }, /does not belong/],
      [{ ...good, certPem: 'nothing' }, /not readable as PEM/],
      [{ ...good, keyPem: 'nothing' }, /not readable as an unencrypted PEM key/],
    ];
    for (const [files, reason] of cases) {
      await expect(open(files)).rejects.toThrow(DeviceCaError);
      await expect(open(files)).rejects.toThrow(reason);
    }
  });
});
