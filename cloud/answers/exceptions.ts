/** Exceptions and holds as the API answers them, newest first. */
import { type Kysely, sql } from 'kysely';
import type { Exception, ExceptionFilter } from '../contract/exceptions.ts';
import type { Hold, HoldFilter } from '../contract/holds.ts';
import type { Page } from '../contract/lists.ts';
import { kindOf, type Severity } from '../exceptions/kinds.ts';
import { placeNames, titleOf } from '../exceptions/title.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';

/** More than anybody reads; a caller that wants all asks page by page. */
const MAX_LISTED = 1_000;
const DEFAULT_LISTED = 100;

export async function listExceptions(
  db: Kysely<Tables>,
  site: Site,
  filter: ExceptionFilter & Partial<Page> = {},
): Promise<Exception[]> {
  let query = db.selectFrom('exceptions').selectAll();
  if (filter.id !== undefined) query = query.where('id', '=', filter.id);
  else if (filter.status === undefined) query = query.where('status', '<>', 'withdrawn');
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.location !== undefined) query = query.where('location', '=', filter.location);
  const rows = await query
    .orderBy('raised_at', 'desc')
    .orderBy('id')
    .limit(limitOf(filter))
    .offset(filter.offset ?? 0)
    .execute();
  const ids = rows.map(({ id }) => id);
  const decisions = await decisionsOn(db, ids);
  const holds = await holdCounts(db, ids);
  const names = placeNames(site);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    severity: severityOf(row.severity),
    title: titleOf({ ...row, readPoint: row.read_point }, names),
    advice: kindOf(row.kind)?.advice ?? '',
    subject: row.subject,
    location: row.location,
    readPoint: row.read_point,
    raisedAt: iso(row.raised_at),
    clearedAt: row.cleared_at === null ? null : iso(row.cleared_at),
    status: row.status,
    revision: row.revision,
    detail: row.detail,
    holds: holds.get(row.id) ?? { active: 0, released: 0 },
    decisions: decisions.get(row.id) ?? [],
  }));
}

export async function getException(
  db: Kysely<Tables>,
  site: Site,
  id: string,
): Promise<Exception | undefined> {
  const [found] = await listExceptions(db, site, { id });
  return found;
}

export async function listHolds(
  db: Kysely<Tables>,
  site: Site,
  filter: HoldFilter & Partial<Page> = {},
): Promise<Hold[]> {
  let query = db
    .selectFrom('holds as h')
    .leftJoin('objects as o', 'o.epc', 'h.epc')
    .leftJoin('items as i', 'i.gtin', 'o.gtin')
    .leftJoin('tag_master as t', 't.epc', 'h.epc')
    .select(['h.exception_id', 'h.epc', 'h.exposed_from', 'h.exposed_to', 'h.status'])
    .select(['o.gtin', 'o.location', 'i.name', 't.lot']);
  if (filter.exceptionId !== undefined) query = query.where('h.exception_id', '=', filter.exceptionId);
  if (filter.epc !== undefined) query = query.where('h.epc', '=', filter.epc);
  if (filter.location !== undefined) query = query.where('o.location', '=', filter.location);
  query =
    filter.status === undefined
      ? query.where('h.status', '<>', 'withdrawn')
      : query.where('h.status', '=', filter.status);
  const rows = await query
    .orderBy('h.exposed_from', 'desc')
    .orderBy('h.exception_id')
    .orderBy('h.epc')
    .limit(limitOf(filter))
    .offset(filter.offset ?? 0)
    .execute();
  const itemNames = new Map(site.items.map(({ gtin, name }) => [gtin, name]));
  return rows.map((row) => ({
    exceptionId: row.exception_id,
    epc: row.epc,
    gtin: row.gtin,
    itemName: row.name ?? (row.gtin === null ? null : (itemNames.get(row.gtin) ?? null)),
    lot: row.lot,
    location: row.location,
    exposedFrom: iso(row.exposed_from),
    exposedTo: row.exposed_to === null ? null : iso(row.exposed_to),
    status: row.status,
  }));
}

async function decisionsOn(db: Kysely<Tables>, ids: readonly string[]) {
  const rows = await db
    .selectFrom('decisions')
    .select(['subject_id', 'action', 'actor', 'reason', 'decided_at'])
    .where('subject_kind', '=', 'exception')
    .where(sql<boolean>`subject_id = any(${[...ids]}::text[])`)
    .orderBy('decided_at')
    .orderBy('id')
    .execute();
  const decisions = new Map<string, Exception['decisions']>();
  for (const { subject_id: id, action, actor, reason, decided_at } of rows) {
    decisions.set(id, [...(decisions.get(id) ?? []), { action, actor, reason, decidedAt: iso(decided_at) }]);
  }
  return decisions;
}

async function holdCounts(db: Kysely<Tables>, ids: readonly string[]) {
  const rows = await db
    .selectFrom('holds')
    .select('exception_id')
    .select(sql<number>`count(*) filter (where status = 'active')`.as('active'))
    .select(sql<number>`count(*) filter (where status = 'released')`.as('released'))
    .where(sql<boolean>`exception_id = any(${[...ids]}::text[])`)
    .groupBy('exception_id')
    .execute();
  return new Map(rows.map(({ exception_id: id, active, released }) => [id, { active, released }]));
}

function limitOf({ limit }: Partial<Page>): number {
  return Math.min(limit ?? DEFAULT_LISTED, MAX_LISTED);
}

function severityOf(text: string): Severity {
  return text === 'info' || text === 'warning' ? text : 'critical';
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
