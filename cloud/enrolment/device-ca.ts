/**
 * The certificate authority for gateways: signs client certificates whose subject is the gateway id and nothing
 * else, and the list of those that are to be refused (RFC 5280). The key comes from a file and stays in this object.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import type { CheckedRequest } from './certificate-request.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from './x509.ts';

const DAY_MS = 86_400_000;
/** Brokers whose clock is behind ours must not find a new certificate not valid yet. */
const BACKDATE_MS = 3_600_000;
/** OpenSSL refuses everybody once the list is past this, so it leaves room for a broken timer. */
export const CRL_LIFE_DAYS = 7;
const SERIAL_BYTES = 16;
/** id-ce-cRLNumber, RFC 5280 §5.2.3. */
const CRL_NUMBER = '2.5.29.20';

export interface SignedCertificate {
  /** Lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** The gateway's own first; with an intermediate CA, that one after it. */
  readonly pem: string;
  readonly expiresAt: number;
}

export interface RevokedCertificate {
  readonly serial: string;
  readonly revokedAt: number;
  readonly reason: 'superseded' | 'revoked';
}

export interface DeviceCa {
  readonly subject: string;
  readonly expiresAt: number;
  sign(request: CheckedRequest, gateway: string, now: number): Promise<SignedCertificate>;
  /** PEM; to be fetched again within CRL_LIFE_DAYS. */
  revocationList(revoked: readonly RevokedCertificate[], now: number): Promise<string>;
}

/** Why this certificate and key are no CA; the message says what to do. */
export class DeviceCaError extends Error {
  override readonly name = 'DeviceCaError';
}

export async function openDeviceCa(options: {
  readonly certPem: string;
  readonly keyPem: string;
  readonly certificateDays: number;
  readonly now: number;
}): Promise<DeviceCa> {
  const certificate = readCertificate(options.certPem);
  const { signingKey, signingAlgorithm } = await importKey(readKey(options.keyPem, certificate));
  if (certificate.getExtension(BasicConstraintsExtension)?.ca !== true) {
    throw new DeviceCaError('the certificate is not one of a CA: make it with basicConstraints CA:TRUE');
  }
  if (certificate.notAfter.getTime() <= options.now) {
    throw new DeviceCaError(`the CA certificate expired on ${certificate.notAfter.toISOString()}: renew it`);
  }
  const authority = await AuthorityKeyIdentifierExtension.create(certificate);
  const caExpiresAt = certificate.notAfter.getTime();
  const selfIssued = certificate.subject === certificate.issuer;

  return {
    subject: certificate.subject,
    expiresAt: caExpiresAt,
    async sign({ publicKeyDer }, gateway, now) {
      const serial = newSerial();
      const publicKey = new PublicKey(publicKeyDer);
      const expiresAt = Math.min(now + options.certificateDays * DAY_MS, caExpiresAt);
      const signed = await X509CertificateGenerator.create({
        serialNumber: serial,
        subject: [{ CN: [gateway] }],
        issuer: certificate.subjectName,
        notBefore: new Date(Math.max(now - BACKDATE_MS, certificate.notBefore.getTime())),
        notAfter: new Date(expiresAt),
        publicKey,
        signingKey,
        signingAlgorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
          await SubjectKeyIdentifierExtension.create(publicKey),
          authority,
        ],
      });
      const der = Buffer.from(signed.rawData);
      const chain = selfIssued ? [signed] : [signed, certificate];
      return {
        serial,
        fingerprint: createHash('sha256').update(der).digest('hex'),
        pem: chain.map((one) => `${one.toString('pem')}\n`).join(''),
        expiresAt: signed.notAfter.getTime(),
      };
    },
    async revocationList(revoked, now) {
      const list = await X509CrlGenerator.create({
        issuer: certificate.subjectName,
        thisUpdate: new Date(now),
        nextUpdate: new Date(now + CRL_LIFE_DAYS * DAY_MS),
        signingAlgorithm,
        signingKey,
        extensions: [authority, new Extension(CRL_NUMBER, false, derInteger(now))],
        entries: revoked.map(({ serial, revokedAt, reason }) => ({
          serialNumber: serial,
          revocationDate: new Date(revokedAt),
          reason: reason === 'superseded' ? X509CrlReason.superseded : X509CrlReason.keyCompromise,
        })),
      });
      return crlPem(Buffer.from(list.rawData));
    },
  };
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new DeviceCaError(`the CA certificate is not readable as PEM: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function readKey(pem: string, certificate: X509Certificate): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause may quote the file.
    throw new DeviceCaError('the CA key is not readable as an unencrypted PEM key');
  }
  const own = createPublicKey(key).export({ format: 'der', type: 'spki' });
  if (!own.equals(Buffer.from(certificate.publicKey.rawData))) {
    throw new DeviceCaError('the CA key does not belong to the CA certificate: name the two of one pair');
  }
  return key;
}

type SigningAlgorithm = Algorithm | EcdsaParams;

async function importKey(
  key: KeyObject,
): Promise<{ signingKey: CryptoKey; signingAlgorithm: SigningAlgorithm }> {
  const [importAs, signingAlgorithm] = algorithmsOf(key);
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  const signingKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), importAs, false, ['sign']);
  return { signingKey, signingAlgorithm };
}

function algorithmsOf(
  key: KeyObject,
): [importAs: Algorithm | EcKeyImportParams | RsaHashedImportParams, signWith: SigningAlgorithm] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const curve = details?.namedCurve;
  if (type === 'ec' && curve === 'prime256v1') {
    return [
      { name: 'ECDSA', namedCurve: 'P-256' },
      { name: 'ECDSA', hash: 'SHA-256' },
    ];
  }
  if (type === 'ec' && curve === 'secp384r1') {
    return [
      { name: 'ECDSA', namedCurve: 'P-384' },
      { name: 'ECDSA', hash: 'SHA-384' },
    ];
  }
  if (type === 'ed25519') return [{ name: 'Ed25519' }, { name: 'Ed25519' }];
  if (type === 'rsa') {
    const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    return [rsa, rsa];
  }
  throw new DeviceCaError(`a CA key of type ${type ?? 'unknown'}: use P-256, P-384, Ed25519 or RSA`);
}

/** Positive, 127 random bits, no leading zero byte: the same text as hex whoever writes it (RFC 5280 §4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** With the label that everybody reads (RFC 7468 §6); the library writes another one. */
function crlPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n');
}

/** A non-negative number as a DER INTEGER. */
function derInteger(value: number): Uint8Array<ArrayBuffer> {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const signed = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return new Uint8Array([0x02, signed.length, ...signed]);
}
