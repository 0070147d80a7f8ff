/**
 * Stock that left although it was held. A function of movements, holds and their releases, whatever came first: a
 * dispatch at or after the exposure violates the hold, unless a person had released it before the goods left. A
 * hold that the events withdraw takes its violations back; a release afterwards does not.
 */
import { sql, type Transaction } from 'kysely';
import { exceptionId } from '../exceptions/exception-id.ts';
import { holdSubjectOf } from '../exceptions/hold-subject.ts';
import { type ExceptionRow, raiseExceptions, withdrawExceptions } from '../exceptions/raise.ts';
import type { Change } from '../ledger/change.ts';
import type { Tables } from '../store/tables.ts';

interface HoldViolation {
  epc: string;
  occurredAt: number;
  occurredKey: string;
  readPoint: string;
  passId: string;
  from: string | null;
  holds: string[];
}

/** The objects that these exceptions hold or ever held. */
export async function heldBy(trx: Transaction<Tables>, exceptionIds: readonly string[]): Promise<string[]> {
  if (exceptionIds.length === 0) return [];
  const { rows } = await sql<{ epc: string }>`
    select distinct epc from holds where exception_id = any(${exceptionIds}::text[])
  `.execute(trx);
  return rows.map(({ epc }) => epc);
}

/** Judges the holds of these objects, or of all that are held. */
export async function judgeHolds(
  trx: Transaction<Tables>,
  epcs: readonly string[] | 'all',
  now: number,
): Promise<Change[]> {
  if (epcs.length === 0) return [];
  const violations = await findViolations(trx, epcs);
  const raised = await raiseExceptions(trx, violations.map(exceptionOf), now);
  return [...raised, ...(await withdrawOthers(trx, epcs, violations.map(idOf), now))];
}

async function findViolations(
  trx: Transaction<Tables>,
  epcs: readonly string[] | 'all',
): Promise<HoldViolation[]> {
  const only = epcs === 'all' ? sql`true` : sql`h.epc = any(${epcs}::text[])`;
  const { rows } = await sql<HoldViolation>`
    select m.epc, m.occurred_at as "occurredAt", m.occurred_key as "occurredKey", m.read_point as "readPoint",
      m.pass_id as "passId", m.from_location as "from", jsonb_agg(h.exception_id order by h.exception_id) as holds
    from holds h join movements m on m.epc = h.epc and m.to_location = 'customer' and m.moved
      and m.occurred_at >= h.exposed_from
    where h.status <> 'withdrawn' and ${only} and not exists (
      select from decisions d where d.subject_kind = 'hold' and d.action = 'release'
        and d.subject_id = ${holdSubjectOf('h')} and d.decided_at <= m.occurred_at)
    group by m.epc, m.occurred_at, m.occurred_key, m.read_point, m.pass_id, m.from_location
    order by m.epc, m.occurred_key
  `.execute(trx);
  return rows;
}

async function withdrawOthers(
  trx: Transaction<Tables>,
  epcs: readonly string[] | 'all',
  standing: readonly string[],
  now: number,
): Promise<Change[]> {
  const only = epcs === 'all' ? sql`true` : sql`subject = any(${epcs}::text[])`;
  const { rows } = await sql<{ id: string }>`
    select id from exceptions where kind = 'HOLD_VIOLATED' and status <> 'withdrawn' and ${only}
      and not id = any(${standing}::text[])
  `.execute(trx);
  return withdrawExceptions(
    trx,
    rows.map((row) => row.id),
    now,
  );
}

function idOf({ epc, occurredKey }: HoldViolation): string {
  return exceptionId('HOLD_VIOLATED', epc, occurredKey);
}

function exceptionOf(violation: HoldViolation): ExceptionRow {
  const { epc, occurredAt, readPoint, passId, from, holds } = violation;
  return {
    id: idOf(violation),
    kind: 'HOLD_VIOLATED',
    subject: epc,
    location: from,
    readPoint,
    raisedAt: occurredAt,
    detail: { epc, passId, holds },
  };
}
