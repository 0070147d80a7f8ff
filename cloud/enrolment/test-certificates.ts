/** For tests: a certificate authority, keys and requests of every kind, made on the spot. */
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequestGenerator,
  X509CertificateGenerator,
} from './x509.ts';

export const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface KeyKind {
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
