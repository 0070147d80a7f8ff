/**
 * The gateway's own key pair (P-256) and the request for a certificate of it (PKCS #10, RFC 2986), written as DER by
 * hand: a request is six fields, and the libraries for it weigh more than the rest of the gateway. The private key is
 * made here and goes nowhere but into the identity folder.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';

/** PKCS #8, PEM, unencrypted: for a file that only the gateway may read. */
export function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTF8_STRING = 0x0c;
const NO_ATTRIBUTES = Buffer.from([0xa0, 0x00]);
/** id-at-commonName, 2.5.4.3. */
const COMMON_NAME = Buffer.from('0603550403', 'hex');
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2. */
const ECDSA_WITH_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

/** A request, PEM, with the gateway id as common name; signed by the key to prove that we have it. */
export function makeRequest(keyPem: string, gateway: string): string {
  const key = createPrivateKey(keyPem);
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(gateway)))));
  const info = der(SEQUENCE, der(INTEGER, Buffer.from([0])), name, publicKey, NO_ATTRIBUTES);
  const signature = sign('sha256', info, key);
  const request = der(SEQUENCE, info, ECDSA_WITH_SHA256, der(BIT_STRING, Buffer.from([0]), signature));
  const lines = request.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join(
    '\n',
  );
}

/** One element with definite length (X.690 §8.1.3). */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const hex = length.toString(16);
  const size = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, content]);
}

interface CertificateFacts {
  readonly subject: string;
  readonly commonName: string | undefined;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Of the first certificate in the text; undefined when there is none that can be read. */
export function certificateFacts(pem: string): CertificateFacts | undefined {
  try {
    const { subject, validFromDate, validToDate } = new X509Certificate(pem);
    const commonName = /(?:^|\n)CN=([^\n]*)/.exec(subject)?.[1];
    return { subject, commonName, notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
  } catch {
    return undefined;
  }
}

/** Whether the certificate is of this key. */
export function belongsTogether(certificatePem: string, keyPem: string): boolean {
  return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
}
