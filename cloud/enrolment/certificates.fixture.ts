/** For tests: a certificate authority, keys and requests of every kind, made on the spot. */
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './x509.ts';

export const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

interface KeyKind {
  readonly name: string;
  readonly namedCurve?: string;
  readonly hash?: string;
}

export function rsa(modulusLength: number, hash = 'SHA-256'): KeyKind & RsaHashedKeyGenParams {
  return { name: 'RSASSA-PKCS1-v1_5', modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash };
}

export async function newKeys(kind: KeyKind = EC): Promise<CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(kind, true, ['sign', 'verify'])) as CryptoKeyPair;
}

export async function makeTestCa(options: {
  readonly from: number;
  readonly to: number;
  readonly ca?: boolean;
  readonly kind?: KeyKind;
}): Promise<{ certPem: string; keyPem: string }> {
  const keys = await newKeys(options.kind);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test CA',
    notBefore: new Date(options.from),
    notAfter: new Date(options.to),
    keys,
    signingAlgorithm: options.kind ?? EC,
    extensions: [new BasicConstraintsExtension(options.ca ?? true, undefined, true)],
  });
  return { certPem: certificate.toString('pem'), keyPem: await privatePem(keys) };
}

export async function privatePem(keys: CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
}

/** PKCS #10, PEM. */
export async function makeTestRequest(
  keys: CryptoKeyPair,
  kind: KeyKind = EC,
  name = 'CN=x',
): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: kind });
  return request.toString('pem');
}

/** A certificate for a server on this machine, by a CA of ours. */
export async function makeServerCertificate(ca: {
  readonly certPem: string;
  readonly keyPem: string;
}): Promise<{ certPem: string; keyPem: string }> {
  const keys = await newKeys();
  const issuer = new X509Certificate(ca.certPem);
  const der = Buffer.from(ca.keyPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=localhost',
    issuer: issuer.subjectName,
    notBefore: issuer.notBefore,
    notAfter: issuer.notAfter,
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey('pkcs8', der, EC, false, ['sign']),
    signingAlgorithm: EC,
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: await privatePem(keys) };
}
