/**
 * What people decide about exceptions and holds. Every decision is a new row in `decisions`, with who and why;
 * the status of the exception or hold follows from them. Nothing here is ever changed or deleted.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Change } from '../ledger/change.ts';
import { lockColdChain } from '../ledger/lock.ts';
import type { DecisionsTable, Tables } from '../store/tables.ts';
import { unnest } from '../store/unnest.ts';
import { EPISODE_KINDS } from './kinds.ts';
import { refreshStatus } from './raise.ts';

export interface Decision {
  readonly actor: string;
  readonly reason: string;
}

export type Refusal =
  /** No exception of this id. */
  | 'NOT_FOUND'
  /** The facts that raised it no longer say so: nothing is left to decide. */
  | 'WITHDRAWN'
  /** Its episode still stands. */
  | 'STILL_ACTIVE'
  /** Resolving and releasing need a reason. */
  | 'REASON_MISSING'
  /** None of the named objects has an active hold of this exception. */
  | 'NOTHING_HELD';

/** The caller asked for something that the facts do not allow. */
export class DecisionRefused extends Error {
  readonly code: Refusal;
  constructor(code: Refusal, message: string) {
    super(message);
    this.name = 'DecisionRefused';
    this.code = code;
  }
}

/** "I have seen it." Allowed while the episode stands, and again by another person. */
export async function acknowledgeException(
  db: Kysely<Tables>,
  id: string,
  decision: Decision,
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
  decision: Decision,
  now: number,
): Promise<Change[]> {
  demandReason(decision);
  return db.transaction().execute(async (trx) => {
    const exception = await openException(trx, id);
    const stands = EPISODE_KINDS.includes(exception.kind) && exception.cleared_at === null;
    if (stands && !(await isProbeSilent(trx, exception.read_point))) {
      throw new DecisionRefused(
        'STILL_ACTIVE',
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
  decision: Decision,
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
      throw new DecisionRefused('NOTHING_HELD', 'none of these objects is held by this exception');
    }
    const subjects = released.map(({ epc }) => holdSubject(exceptionId, epc));
    await record(trx, 'hold', subjects, 'release', decision, now);
    return [{ ...exceptionChange(exception, now), topic: 'hold' }];
  });
}

/** The subject id of a hold in `decisions`. */
export function holdSubject(exceptionId: string, epc: string): string {
  return `${exceptionId}/${epc}`;
}

function demandReason({ reason }: Decision): void {
  if (reason.trim() === '') throw new DecisionRefused('REASON_MISSING', 'a reason is needed');
}

interface Found {
  readonly id: string;
  readonly kind: string;
  readonly cleared_at: number | null;
  readonly location: string | null;
  readonly read_point: string | null;
}

async function openException(trx: Transaction<Tables>, id: string): Promise<Found> {
  await lockColdChain(trx);
  const found = await trx
    .selectFrom('exceptions')
    .select(['id', 'kind', 'cleared_at', 'location', 'read_point', 'status'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (found === undefined) throw new DecisionRefused('NOT_FOUND', `there is no exception ${id}`);
  if (found.status === 'withdrawn') {
    throw new DecisionRefused('WITHDRAWN', 'later data has withdrawn this exception');
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
  { actor, reason }: Decision,
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
