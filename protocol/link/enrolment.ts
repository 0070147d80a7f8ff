/**
 * How a gateway gets and renews its identity: the one-time code and the bodies of `POST /link/v1/enroll` and
 * `POST /link/v1/renew`. A code is for reading aloud and typing: 95 random bits and a check character (Luhn mod 32),
 * in Crockford's base 32 (no I, L, O, U), in groups of five; case, dashes, blanks and look-alikes do not matter.
 */
import * as z from 'zod';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const DATA_CHARACTERS = 19;
const GROUP = 5;
/** Random bytes that a code takes. */
export const CODE_BYTES = 12;
/** What a person may send for a code, blanks and dashes included. */
const MAX_CODE_LENGTH = 64;
/** PEM of a request or a chain; an RSA 4096 request has about 1.7 KB. */
export const MAX_PEM_LENGTH = 16_384;

/** `XXXXX-XXXXX-XXXXX-XXXXX` from 12 random bytes, of which 95 bits are used. */
export function enrolmentCode(random: Uint8Array): string {
  if (random.length < CODE_BYTES) throw new RangeError(`a code takes ${CODE_BYTES} random bytes`);
  let bits = 0n;
  for (const byte of random.subarray(0, CODE_BYTES)) bits = (bits << 8n) | BigInt(byte);
  let data = '';
  for (let at = 0; at < DATA_CHARACTERS; at++) {
    data += ALPHABET[Number(bits & 31n)];
    bits >>= 5n;
  }
  return grouped(data + checkCharacter(data));
}

/** The one spelling of a code; undefined when it cannot be one (a character too few, a typing mistake). */
export function normalizeCode(text: string): string | undefined {
  if (text.length > MAX_CODE_LENGTH) return undefined;
  const plain = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (plain.length !== DATA_CHARACTERS + 1) return undefined;
  if ([...plain].some((character) => !ALPHABET.includes(character))) return undefined;
  const data = plain.slice(0, -1);
  return checkCharacter(data) === plain.at(-1) ? grouped(plain) : undefined;
}

/** Luhn mod N: finds every single wrong character and nearly every exchange of neighbours. */
function checkCharacter(data: string): string {
  const size = ALPHABET.length;
  let sum = 0;
  for (const [index, character] of [...data].reverse().entries()) {
    const doubled = ALPHABET.indexOf(character) * (index % 2 === 0 ? 2 : 1);
    sum += Math.floor(doubled / size) + (doubled % size);
  }
  return ALPHABET[(size - (sum % size)) % size] ?? '';
}

function grouped(characters: string): string {
  const groups: string[] = [];
  for (let at = 0; at < characters.length; at += GROUP) groups.push(characters.slice(at, at + GROUP));
  return groups.join('-');
}

const csrPem = z.string().max(MAX_PEM_LENGTH);

export const enrolRequestSchema = z.object({
  code: z.string().max(MAX_CODE_LENGTH),
  /** Who the gateway takes itself for: refused when the invitation is for another. */
  gateway: z.string().max(64).optional(),
  /** PKCS #10, PEM. */
  csrPem: csrPem.optional(),
});
export type EnrolRequest = z.infer<typeof enrolRequestSchema>;

export const renewRequestSchema = z.object({ csrPem: csrPem.optional() });

/** What a gateway is given; the token is sent this once. */
export const credentialsSchema = z.object({
  gateway: z.string(),
  token: z.string().min(1).max(256),
  /** The gateway's certificate first, then what leads to its root. Only where the cloud has a device CA. */
  certificatePem: z.string().max(MAX_PEM_LENGTH).optional(),
  /** Whom the gateway should believe to be the broker and the cloud; without it the system's own list. */
  caPem: z
    .string()
    .max(4 * MAX_PEM_LENGTH)
    .optional(),
  uplink: z.object({ mqttUrl: z.string().optional(), httpsUrl: z.string().optional() }),
});
export type Credentials = z.infer<typeof credentialsSchema>;
