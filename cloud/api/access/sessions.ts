/**
 * A session is a signed cookie: name, expiry, HMAC with a key of this process (or one shared by file), so nothing
 * is kept here and a stolen database opens no session. The user is looked up on every request: revoking works at
 * once. The token itself is never in the cookie.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const SESSION_COOKIE = 'tallyport_session';
export const SESSION_SECONDS = 12 * 60 * 60;

interface UserSessions {
  /** The cookie's value for a user who just showed a token. */
  open(name: string, now: number): string;
  /** The name in a cookie that we signed and that has not expired. */
  read(cookie: string, now: number): string | undefined;
}

export function createSessions(key: Buffer): UserSessions {
  const sign = (body: string) => createHmac('sha256', key).update(body).digest('base64url');
  return {
    open(name, now) {
      const body = `${Buffer.from(name).toString('base64url')}.${now + SESSION_SECONDS * 1000}`;
      return `${body}.${sign(body)}`;
    },
    read(cookie, now) {
      const [name, expiresAt, signature, ...rest] = cookie.split('.');
      if (name === undefined || expiresAt === undefined || signature === undefined || rest.length > 0) {
        return undefined;
      }
      const expected = Buffer.from(sign(`${name}.${expiresAt}`));
      const given = Buffer.from(signature);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      return now < Number(expiresAt) ? Buffer.from(name, 'base64url').toString('utf8') : undefined;
    },
  };
}

/** The header that sets the cookie; an empty value takes it back. */
export function sessionCookie(value: string, secure: boolean): string {
  const parts = [`${SESSION_COOKIE}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Strict'];
  parts.push(`Max-Age=${value === '' ? 0 : SESSION_SECONDS}`);
  if (secure) parts.push('Secure');
  return parts.join('; ');
}

/** Our cookie in a `Cookie` header (RFC 6265 §5.4). */
export function readSessionCookie(header: string | undefined): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === SESSION_COOKIE) return pair.slice(at + 1).trim();
  }
  return undefined;
}
