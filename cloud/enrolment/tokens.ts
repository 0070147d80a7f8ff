/** Tokens of people and gateways: 256 random bits, stored only as SHA-256 (nothing to guess, so no slow hash needed). */
import { createHash } from 'node:crypto';

/** The port for new secrets; the app gives `randomBytes`. */
export type NewToken = () => string;

/** Nothing longer is a token; bounds the hashing. */
export const MAX_TOKEN_LENGTH = 256;

export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
