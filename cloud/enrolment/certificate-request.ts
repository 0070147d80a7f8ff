/**
 * A certificate request (PKCS #10, RFC 2986) from somebody we do not know yet → its public key, or why not. Only the
 * key is taken from it: subject, names and extensions that it asks for are ours to decide. The signature over it
 * proves that the sender has the private key.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { MAX_PEM_LENGTH } from '../../protocol/link/enrolment.ts';
import { Pkcs10CertificateRequest } from './x509.ts';

const SMALLEST_RSA_BITS = 2048;
/** Larger ones only cost whoever has to check them. */
const LARGEST_RSA_BITS = 4096;
const HASHES = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

export interface CheckedRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyDer: Uint8Array<ArrayBuffer>;
}

type RequestVerdict = ({ ok: true } & CheckedRequest) | { ok: false; reason: string };

/** Never throws, whatever the text. */
export async function checkCertificateRequest(pem: string): Promise<RequestVerdict> {
  if (pem.length > MAX_PEM_LENGTH) return refuse(`longer than ${MAX_PEM_LENGTH} characters`);
  if (!pem.includes('-----BEGIN CERTIFICATE REQUEST-----')) {
    return refuse('expected PEM that begins with -----BEGIN CERTIFICATE REQUEST-----');
  }
  try {
    const request = new Pkcs10CertificateRequest(pem);
    const publicKeyDer = new Uint8Array(request.publicKey.rawData);
    const wrongKey = judgeKey(
      createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' }),
    );
    if (wrongKey !== undefined) return refuse(wrongKey);
    const { name, hash } = request.signatureAlgorithm as { name: string; hash?: { name: string } };
    if (hash !== undefined && !HASHES.has(hash.name)) return refuse(`signed with ${hash.name}: use SHA-256`);
    if (!(await request.verify())) {
      return refuse(`its ${name} signature is not by its own key: the sender may not have the private key`);
    }
    return { ok: true, publicKeyDer };
  } catch (error) {
    // The parser throws whatever it stumbles over; the text is the sender's, so all of it means the same.
    return refuse(
      `not readable as PKCS #10: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`,
    );
  }
}

/** What is wrong with a key; undefined when it will do. */
function judgeKey(key: KeyObject): string | undefined {
  const { asymmetricKeyDetails: details } = key;
  // The list of types is Node's and grows: what is not named here is refused.
  const type: string = key.asymmetricKeyType ?? 'unknown';
  const accepted = 'use P-256, Ed25519, or RSA of 2048 to 4096 bits';
  switch (type) {
    case 'ed25519':
      return undefined;
    case 'ec':
      return details?.namedCurve === 'prime256v1'
        ? undefined
        : `a key on the curve ${details?.namedCurve ?? 'unknown'}: ${accepted}`;
    case 'rsa': {
      const bits = details?.modulusLength ?? 0;
      return bits >= SMALLEST_RSA_BITS && bits <= LARGEST_RSA_BITS
        ? undefined
        : `an RSA key of ${bits} bits: ${accepted}`;
    }
    default:
      return `a key of type ${type}: ${accepted}`;
  }
}

function refuse(reason: string): RequestVerdict {
  return { ok: false, reason };
}
