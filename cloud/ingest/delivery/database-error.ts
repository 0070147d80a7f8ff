/**
 * What a database error means for a batch. PURE. Classes: PostgreSQL manual, appendix A (SQLSTATE).
 */

/** Try again: the transaction lost a race, or the server went away. */
const TRANSIENT = new Set([
  '40001', // serialization failure
  '40P01', // deadlock detected
  '55P03', // lock not available
  '57014', // statement timeout
  '57P01', // administrator shutdown
  '57P02', // crash shutdown
  '57P03', // cannot connect now
  '53300', // too many connections
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What node-postgres says, without a code, when a connection breaks under it. */
const BROKEN_CONNECTION = /connection terminated|connection ended|timeout exceeded when trying to connect/i;

type Failure =
  /** The same again may succeed. */
  | 'transient'
  /** A value that the database does not take: the same again fails, without that event it succeeds. */
  | 'data'
  /** Our own fault or the environment's: not taken, nothing lost. */
  | 'other';

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return 'other';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (TRANSIENT.has(code) || code.startsWith('08')) return 'transient';
  if (/^(22|23|54)/.test(code) && code.length === 5) return 'data';
  if (BROKEN_CONNECTION.test(error.message)) return 'transient';
  return error.cause === undefined ? 'other' : failureOf(error.cause);
}
