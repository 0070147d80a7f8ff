/**
 * What people decide about exceptions and holds. Every decision is a new row in `decisions`, with who and why;
 * the status of the exception or hold follows from them. Nothing here is ever changed or deleted.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Change } from '../ledger/change.ts';
import { type DecisionBy, DecisionRefused } from '../ledger/decision.ts';
import { lockDerivedState } from '../ledger/locks.ts';
import type { DecisionsTable } from '../store/tables/exceptions.ts';
import type { Tables } from '../store/tables.ts';
import { unnest } from '../store/unnest.ts';
import { holdSubject } from './hold-subject.ts';
import { EPISODE_KINDS } from './kinds.ts';
import { refreshStatus } from './raise.ts';

/** "I have seen it." Allowed while the episode stands, and again by another person. */
export async function acknowledgeException(
  db: Kysely<Tables>,
  id: string,
  decision: DecisionBy,
  now: number,
): Promise<Change[]> {
  return db.transaction().execute(async (trx) => {
    const exception = await openException(trx, id);
    await record(trx, 'exception', [id], 'acknowledge', decision, now);
    await refreshStatus(trx, [id]);
    return [exceptionChange(exception, now)];
  });
}

/**
 * "It is dealt with." Refused while the episode stands, unless its probe is silent: then no sample will ever
 * end it, and a person may close it without that proof (on record as `close`).
 */
export async function resolveException(
  db: Kysely<Tables>,
  id: string,
  decision: DecisionBy,
  now: number,
): Promise<Change[]> {
  demandReason(decision);
  return db.transaction().execute(async (trx) => {
    const exception = await openException(trx, id);
    const stands = EPISODE_KINDS.includes(exception.kind) && exception.cleared_at === null;
    if (stands && !(await isProbeSilent(trx, exception.read_point))) {
      throw new DecisionRefused(
        'still-active',
        `the condition still stands; it can be resolved when the samples are back within bounds`,
      );
    }
    await record(trx, 'exception', [id], stands ? 'close' : 'resolve', decision, now);
    await refreshStatus(trx, [id]);
    return [exceptionChange(exception, now)];
  });
}

/** Frees objects from the hold of one exception; holds of other exceptions on them stay. */
export async function releaseHold(
  db: Kysely<Tables>,
  subject: { readonly exceptionId: string; readonly epcs: readonly string[] | 'all' },
  decision: DecisionBy,
  now: number,
): Promise<Change[]> {
  demandReason(decision);
  const { exceptionId, epcs } = subject;
  return db.transaction().execute(async (trx) => {
    const exception = await openException(trx, exceptionId);
    let update = trx
      .updateTable('holds')
      .set({ status: 'released' })
      .where('exception_id', '=', exceptionId)
      .where('status', '=', 'active');
    if (epcs !== 'all') update = update.where(sql<boolean>`epc = any(${[...epcs]}::text[])`);
    const released = await update.returning('epc').execute();
    if (released.length === 0) {
      throw new DecisionRefused('nothing-held', 'none of these objects is held by this exception');
    }
    const subjects = released.map(({ epc }) => holdSubject(exceptionId, epc));
    await record(trx, 'hold', subjects, 'release', decision, now);
    return [{ ...exceptionChange(exception, now), topic: 'hold' }];
  });
}

function demandReason({ reason }: DecisionBy): void {
  if (reason.trim() === '') throw new DecisionRefused('reason-missing', 'a reason is needed');
}

interface Found {
  readonly id: string;
  readonly kind: string;
  readonly cleared_at: number | null;
  readonly location: string | null;
  readonly read_point: string | null;
}

async function openException(trx: Transaction<Tables>, id: string): Promise<Found> {
  await lockDerivedState(trx);
  const found = await trx
    .selectFrom('exceptions')
    .select(['id', 'kind', 'cleared_at', 'location', 'read_point', 'status'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (found === undefined) throw new DecisionRefused('not-found', `there is no exception ${id}`);
  if (found.status === 'withdrawn') {
    throw new DecisionRefused('withdrawn', 'later data has withdrawn this exception');
  }
  return found;
}

async function isProbeSilent(trx: Transaction<Tables>, readPoint: string | null): Promise<boolean> {
  const silent = await trx
    .selectFrom('exceptions')
    .select('id')
    .where('kind', '=', 'SENSOR_SILENT')
    .where('read_point', '=', readPoint)
    .where('cleared_at', 'is', null)
    .where('status', '<>', 'withdrawn')
    .executeTakeFirst();
  return silent !== undefined;
}

async function record(
  trx: Transaction<Tables>,
  kind: DecisionsTable['subject_kind'],
  subjects: readonly string[],
  action: DecisionsTable['action'],
  { actor, reason }: DecisionBy,
  now: number,
): Promise<void> {
  await sql`
    insert into decisions (subject_kind, subject_id, action, actor, reason, decided_at)
    select ${kind}, s.subject, ${action}, ${actor}, ${reason}, ${now}
    from ${unnest(
      's',
      { subject: 'text' },
      subjects.map((subject) => ({ subject })),
    )}
  `.execute(trx);
}

function exceptionChange(found: Found, now: number): Change {
  return {
    topic: 'exception',
    at: new Date(now).toISOString(),
    id: found.id,
    ...(found.location === null ? {} : { location: found.location }),
    ...(found.read_point === null ? {} : { readPoint: found.read_point }),
  };
}
