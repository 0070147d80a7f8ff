/** Tokens of people and gateways: 256 random bits, stored only as SHA-256 (nothing to guess, so no slow hash needed). */
import { createHash, timingSafeEqual } from 'node:crypto';

/** The port for new secrets; the app gives `randomBytes`. */
export type NewToken = () => string;

/** Nothing longer is a token; bounds the hashing. */
export const MAX_TOKEN_LENGTH = 256;

export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

export function tokenMatches(token: string, hash: string): boolean {
  if (token.length > MAX_TOKEN_LENGTH) return false;
  const given = Buffer.from(hashToken(token), 'hex');
  const stored = Buffer.from(hash, 'hex');
  return given.length === stored.length && timingSafeEqual(given, stored);
}
