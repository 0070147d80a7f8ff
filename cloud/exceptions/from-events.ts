/**
 * Exceptions that follow from single events. Several events may raise the same one (parts of a pass, every sample
 * of an unknown probe): the earliest counts, in whatever order they come. The caller holds the lock of derived
 * state, so nobody raises between the look and the write.
 */
import type { Transaction } from 'kysely';
import type { Change } from '../ledger/change.ts';
import type { Tables } from '../store/tables.ts';
import { type ExceptionRow, raiseExceptions } from './raise.ts';

export async function raiseEarliest(
  trx: Transaction<Tables>,
  rows: readonly ExceptionRow[],
  now: number,
): Promise<Change[]> {
  if (rows.length === 0) return [];
  const standing = await trx
    .selectFrom('exceptions')
    .select(['id', 'raised_at'])
    .where(
      'id',
      'in',
      rows.map((row) => row.id),
    )
    .where('status', '<>', 'withdrawn')
    .execute();
  const raisedAt = new Map(standing.map((row) => [row.id, row.raised_at]));
  const earliest = rows.map((row) => {
    return { ...row, raisedAt: Math.min(row.raisedAt, raisedAt.get(row.id) ?? row.raisedAt) };
  });
  return raiseExceptions(trx, earliest, now);
}
