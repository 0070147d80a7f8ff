/**
 * Exceptions as machines write them. Ids are made by the caller from what the exception is about, so raising
 * twice is raising once. The row given is how it stands *now* as derived from stored facts: callers that derive
 * it order-free get an order-free exception. A machine never lowers a severity and never undoes a person:
 * `status` follows from the decisions on record, so a rebuild finds it again.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Change } from '../ledger/change.ts';
import type { Tables } from '../store/tables.ts';
import { type ColumnKinds, unnest } from '../store/unnest.ts';
import { EPISODE_KINDS, EXCEPTION_KINDS, type ExceptionKind, type Severity } from './kinds.ts';

export interface ExceptionRow {
  /** Deterministic: the same matter always gets the same id (`exceptionId`). */
  readonly id: string;
  readonly kind: ExceptionKind;
  /** Default: the kind's. */
  readonly severity?: Severity;
  /** What it is about: a read point, a device, a shipment, an EPC … */
  readonly subject: string;
  readonly location: string | null;
  readonly readPoint: string | null;
  readonly raisedAt: number;
  /** null: it stands (again). Left out: as it is on record. */
  readonly clearedAt?: number | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

interface WrittenException {
  id: string;
  location: string | null;
  read_point: string | null;
}

const KINDS = {
  id: 'text',
  kind: 'text',
  severity: 'text',
  subject: 'text',
  location: 'text',
  read_point: 'text',
  raised_at: 'bigint',
  cleared_at: 'bigint',
  keeps_cleared: 'boolean',
  detail: 'text',
} as const;

/** Inserts, or brings up to date with a new revision; what is already so is left alone. */
export async function raiseExceptions(
  trx: Transaction<Tables>,
  rows: readonly ExceptionRow[],
  now: number,
): Promise<Change[]> {
  const distinct = [...new Map(rows.map((row) => [row.id, row])).values()];
  if (distinct.length === 0) return [];
  const given = distinct.map((row) => ({
    id: row.id,
    kind: row.kind,
    severity: row.severity ?? EXCEPTION_KINDS[row.kind].severity,
    subject: row.subject,
    location: row.location,
    read_point: row.readPoint,
    raised_at: row.raisedAt,
    cleared_at: row.clearedAt ?? null,
    keeps_cleared: row.clearedAt === undefined,
    detail: JSON.stringify(row.detail),
  }));
  const { rows: written } = await sql<WrittenException>`
    with given as (
      select g.id, g.kind, g.severity, g.subject, g.location, g.read_point, g.raised_at,
        case when g.keeps_cleared then x.cleared_at else g.cleared_at end as cleared_at, g.detail::jsonb as detail
      from ${unnest('g', KINDS, given)} left join exceptions x on x.id = g.id
    )
    insert into exceptions as x
      (id, kind, severity, subject, location, read_point, raised_at, cleared_at, detail, status)
    select g.id, g.kind, g.severity, g.subject, g.location, g.read_point, g.raised_at, g.cleared_at, g.detail,
      ${decidedStatus('g')}
    from given g order by g.id
    on conflict (id) do update set
      severity = case when ${rank('excluded')} > ${rank('x')} then excluded.severity else x.severity end,
      subject = excluded.subject, location = excluded.location, read_point = excluded.read_point,
      raised_at = excluded.raised_at, cleared_at = excluded.cleared_at, detail = excluded.detail,
      status = excluded.status, revision = x.revision + 1
    where ${rank('excluded')} > ${rank('x')}
      or (x.subject, x.location, x.read_point, x.raised_at, x.cleared_at, x.detail, x.status) is distinct from
        (excluded.subject, excluded.location, excluded.read_point, excluded.raised_at, excluded.cleared_at,
          excluded.detail, excluded.status)
    returning id, location, read_point
  `.execute(trx);
  return changesOf(written, now);
}

/** What was raised is over. The earliest of several ends stands; ids that were never raised are passed over. */
export async function clearExceptions(
  trx: Transaction<Tables>,
  rows: readonly { readonly id: string; readonly clearedAt: number }[],
  now: number,
): Promise<Change[]> {
  if (rows.length === 0) return [];
  const kinds: ColumnKinds<{ id: string; cleared_at: number }> = { id: 'text', cleared_at: 'bigint' };
  const given = rows.map((row) => ({ id: row.id, cleared_at: row.clearedAt }));
  const { rows: written } = await sql<WrittenException>`
    with given as (
      select c.id, min(c.cleared_at) as cleared_at from ${unnest('c', kinds, given)} group by c.id
    ), cleared as (
      select x.id, x.kind, least(x.cleared_at, g.cleared_at) as cleared_at
      from exceptions x join given g on g.id = x.id
    )
    update exceptions x set cleared_at = c.cleared_at, revision = x.revision + 1,
      status = case when x.status = 'withdrawn' then x.status else ${decidedStatus('c')} end
    from cleared c where c.id = x.id and x.cleared_at is distinct from c.cleared_at
    returning x.id, x.location, x.read_point
  `.execute(trx);
  return changesOf(written, now);
}

/** The facts that raised them no longer say so. They stay on record; raising one again brings it back. */
export async function withdrawExceptions(
  trx: Transaction<Tables>,
  ids: readonly string[],
  now: number,
): Promise<Change[]> {
  if (ids.length === 0) return [];
  const { rows: written } = await sql<WrittenException>`
    update exceptions set status = 'withdrawn', revision = revision + 1
    where id = any(${[...ids]}::text[]) and status <> 'withdrawn'
    returning id, location, read_point
  `.execute(trx);
  return changesOf(written, now);
}

/** Brings `status` in line with the decisions on record, after one was added. */
export async function refreshStatus(trx: Transaction<Tables>, ids: readonly string[]): Promise<void> {
  await sql`
    update exceptions x set status = ${decidedStatus('x')}
    where x.id = any(${[...ids]}::text[]) and x.status <> 'withdrawn' and x.status <> ${decidedStatus('x')}
  `.execute(trx);
}

/**
 * The status that the decisions on record give an exception: `close` resolves whatever stands, `resolve` only
 * what no longer stands of an episode. `row` is an alias with id, kind and cleared_at.
 */
function decidedStatus(row: string): RawBuilder<string> {
  const id = sql.ref(`${row}.id`);
  const decided = (action: string) =>
    sql`exists (select 1 from decisions d where d.subject_kind = 'exception' and d.subject_id = ${id}
      and d.action = ${sql.lit(action)})`;
  const standing = sql`${sql.ref(`${row}.cleared_at`)} is null
    and ${sql.ref(`${row}.kind`)} in (${sql.join(EPISODE_KINDS.map((kind) => sql.lit(kind)))})`;
  return sql<string>`case
    when ${decided('close')} then 'resolved'
    when ${decided('resolve')} and not (${standing}) then 'resolved'
    when ${decided('resolve')} or ${decided('acknowledge')} then 'acknowledged'
    else 'raised' end`;
}

function rank(table: string): RawBuilder<number> {
  return sql<number>`array_position(array['info', 'warning', 'critical'], ${sql.ref(`${table}.severity`)})`;
}

function changesOf(written: readonly WrittenException[], now: number): Change[] {
  const at = new Date(now).toISOString();
  return written.map((row) => ({
    topic: 'exception' as const,
    at,
    id: row.id,
    ...(row.location === null ? {} : { location: row.location }),
    ...(row.read_point === null ? {} : { readPoint: row.read_point }),
  }));
}
