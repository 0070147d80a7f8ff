/**
 * Exceptions from what devices say of themselves. Each stretch during which a condition held is one exception,
 * from the event that began it to the one that ended it. Computed from the device events on record, by
 * (occurredAt, key), so the order of arrival does not matter; and only around the new events, from the end before
 * them to the end after them: what a device said in past years is not read again.
 *
 * A condition of a probe of the site is a SENSOR_FAULT: the room cannot be measured. Any other is a DEVICE_FAULT.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { CONDITIONS_COVERED_BY_GAPS, MOMENTARY_CONDITIONS } from '../../protocol/events/device-conditions.ts';
import { exceptionId } from '../exceptions/exception-id.ts';
import { type ExceptionRow, raiseExceptions, withdrawExceptions } from '../exceptions/raise.ts';
import type { Change } from '../ledger/change.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';
import { unnest } from '../store/unnest.ts';

export interface DeviceFact {
  readonly gateway: string;
  readonly device: string;
  readonly condition: string;
  /** One bus may carry several probes: the same condition at another point is another matter. */
  readonly readPoint: string | null;
  readonly occurredAt: number;
}

/** One event of a condition, in the order of (occurredAt, occurredKey). */
interface ConditionEvent {
  readonly occurredAt: number;
  readonly active: boolean;
  readonly detail: string;
}

interface ConditionSpan {
  readonly from: number;
  readonly to: number | null;
  readonly detail: string;
}

/** A condition of a device, and between which event times it has news. */
interface Matter extends Omit<DeviceFact, 'occurredAt'> {
  from: number;
  to: number;
}

/** What is on record around the news: after an end before them (`after`), up to an end after them (`upTo`). */
interface NeighbouringEvents {
  readonly after: number | null;
  readonly upTo: number | null;
  readonly events: ConditionEvent[];
}

/**
 * The stretches that begin after `after`, or at it behind its end, and not after `upTo`. Repeats change nothing, an
 * end without a beginning is none. Pure.
 */
function stretchesOf({ after, upTo, events }: NeighbouringEvents): ConditionSpan[] {
  const stretches: ConditionSpan[] = [];
  let open: ConditionSpan | undefined;
  const begin = events.findLastIndex(({ occurredAt, active }) => occurredAt === after && !active) + 1;
  for (const { occurredAt, active, detail } of events.slice(begin)) {
    // Beyond, only the end of what is open matters.
    if (upTo !== null && occurredAt > upTo && open === undefined) break;
    if (active) {
      open ??= { from: occurredAt, to: null, detail };
    } else if (open !== undefined) {
      stretches.push({ ...open, to: occurredAt });
      open = undefined;
    }
  }
  return open === undefined ? stretches : [...stretches, open];
}

/**
 * Call it in the ingest transaction after the events are inserted, with the device events that were new (or, for
 * a rebuild, all). Reads what else is on record of the same conditions by itself. The caller holds the lock of
 * derived state (ledger/locks.ts).
 */
export async function projectDeviceConditions(
  trx: Transaction<Tables>,
  facts: readonly DeviceFact[],
  { site, now }: Context,
): Promise<Change[]> {
  const matters = new Map<string, Matter>();
  for (const { occurredAt, ...fact } of facts) {
    if (CONDITIONS_COVERED_BY_GAPS.has(fact.condition)) continue;
    const name = nameOf(fact);
    const known = matters.get(name) ?? { ...fact, from: occurredAt, to: occurredAt };
    known.from = Math.min(known.from, occurredAt);
    known.to = Math.max(known.to, occurredAt);
    matters.set(name, known);
  }
  if (matters.size === 0) return [];
  const lasting = [...matters.values()].filter(({ condition }) => !MOMENTARY_CONDITIONS.has(condition));
  const momentary = [...matters.values()].filter(({ condition }) => MOMENTARY_CONDITIONS.has(condition));
  return [
    ...(await raiseMomentary(trx, momentary, { site, now })),
    ...(await raiseLasting(trx, lasting, { site, now })),
  ];
}

interface Context {
  readonly site: Site;
  readonly now: number;
}

/** Each time is a matter of its own, over at once. */
async function raiseMomentary(
  trx: Transaction<Tables>,
  matters: readonly Matter[],
  { site, now }: Context,
): Promise<Change[]> {
  if (matters.length === 0) return [];
  const { rows } = await sql<{ name: number; occurredAt: number; detail: string }>`
    select m.name, e.occurred_at as "occurredAt", e.body ->> 'detail' as detail
    from ${unnest('m', KINDS, matters.map(rowOf))} join events e on ${OF_MATTER}
      and e.body -> 'active' = 'true' and e.occurred_at between m."from" and m."to"
    order by ${IN_ORDER}
  `.execute(trx);
  const exceptions = rows.flatMap(({ name, occurredAt, detail }) => {
    const matter = matters[name];
    const stretch = { from: occurredAt, to: occurredAt, detail };
    return matter === undefined ? [] : [exceptionOf(matter, stretch, site)];
  });
  return raiseExceptions(trx, exceptions, now);
}

async function raiseLasting(
  trx: Transaction<Tables>,
  matters: readonly Matter[],
  { site, now }: Context,
): Promise<Change[]> {
  if (matters.length === 0) return [];
  const surroundings = await readSurroundings(trx, matters);
  const exceptions = matters.flatMap((matter, index) => {
    const around = surroundings.get(index);
    return around === undefined ? [] : stretchesOf(around).map((one) => exceptionOf(matter, one, site));
  });
  const gone = await noLongerSaid(trx, matters, surroundings, new Set(exceptions.map(({ id }) => id)));
  return [...(await raiseExceptions(trx, exceptions, now)), ...(await withdrawExceptions(trx, gone, now))];
}

function exceptionOf(
  fact: Omit<DeviceFact, 'occurredAt'>,
  { from, to, detail }: ConditionSpan,
  site: Site,
): ExceptionRow {
  const { gateway, device, condition, readPoint } = fact;
  const probe = site.probes.find((candidate) => candidate.readPoint === readPoint);
  return {
    // The kind is no part of the id: the site may come to know the probe later.
    id: exceptionId('DEVICE_FAULT', gateway, device, readPoint ?? '', condition, from),
    kind: probe === undefined ? 'DEVICE_FAULT' : 'SENSOR_FAULT',
    subject: probe?.readPoint ?? device,
    location: probe?.location ?? null,
    readPoint,
    raisedAt: from,
    clearedAt: to,
    detail: { gateway, device, condition, text: detail },
  };
}

const KINDS = {
  name: 'integer',
  gateway: 'text',
  device: 'text',
  condition: 'text',
  readPoint: 'text',
  from: 'bigint',
  to: 'bigint',
} as const;

/** `name` is the matter's index. */
const rowOf = (matter: Matter, name: number) => ({ ...matter, name });

/** As the index events_by_condition has it. */
const OF_MATTER = sql`e.type = 'device' and e.time_quality <> 'waiting' and e.gateway = m.gateway and e.body ->> 'device' = m.device
  and e.body ->> 'condition' = m.condition and coalesce(e.body ->> 'readPoint', '') = coalesce(m."readPoint", '')`;

/** One look into the index for each; `offset 0` keeps the planner from joining the whole index instead. */
const EITHER = sql`(values ('true'::jsonb), ('false'::jsonb)) as either (active)`;

const IN_ORDER = sql`e.occurred_at, e.epoch collate "C", e.lane collate "C", e.seq`;

/** The nearest event of the matter in one direction, by time alone. */
const nearest = (active: boolean, where: RawBuilder<unknown>, direction: 'asc' | 'desc') => sql`lateral (
  select e.occurred_at as at from events e
  where ${OF_MATTER} and e.body -> 'active' = ${sql.lit(String(active))} and ${where}
  order by e.occurred_at ${sql.raw(direction)} limit 1
)`;

interface SurroundingRow extends ConditionEvent {
  name: number;
  after: number | null;
  upTo: number | null;
}

async function readSurroundings(
  trx: Transaction<Tables>,
  matters: readonly Matter[],
): Promise<Map<number, NeighbouringEvents>> {
  const since = sql`e.occurred_at > coalesce(l.at, ${Number.MIN_SAFE_INTEGER}::bigint)`;
  const { rows } = await sql<SurroundingRow>`
    with window_of as (
      select m.*, l.at as after, u.at as up_to, array[l.at, a.at, b.at, u.at, v.at] as also
      from ${unnest('m', KINDS, matters.map(rowOf))}
        left join ${nearest(false, sql`e.occurred_at < m."from"`, 'desc')} l on true
        left join ${nearest(true, sql`${since} and e.occurred_at < m."from"`, 'asc')} a on true
        left join ${nearest(true, sql`e.occurred_at > m."to"`, 'asc')} b on true
        left join ${nearest(false, sql`e.occurred_at > m."to"`, 'asc')} u on true
        -- at the time of one end another stretch may begin: this is its end
        left join ${nearest(false, sql`e.occurred_at > u.at`, 'asc')} v on true
    )
    select m.name, m.after, m.up_to as "upTo", e.occurred_at as "occurredAt",
      (e.body ->> 'active')::boolean as active, e.body ->> 'detail' as detail
    from window_of m cross join lateral (
      select e.* from ${EITHER} cross join lateral (
        select e.* from events e where ${OF_MATTER} and e.body -> 'active' = either.active
          and e.occurred_at between m."from" and m."to" offset 0
      ) e
      union all
      select e.* from ${EITHER} cross join (select distinct unnest(m.also) as at) also cross join lateral (
        select e.* from events e where ${OF_MATTER} and e.body -> 'active' = either.active
          and e.occurred_at = also.at offset 0
      ) e
    ) e
    order by ${IN_ORDER}
  `.execute(trx);
  const surroundings = new Map<number, NeighbouringEvents>();
  for (const { name, after, upTo, ...event } of rows) {
    const around = surroundings.get(name) ?? { after, upTo, events: [] };
    around.events.push(event);
    surroundings.set(name, around);
  }
  return surroundings;
}

/** Stretches on record that a late event has moved to another beginning, or joined to another. */
async function noLongerSaid(
  trx: Transaction<Tables>,
  matters: readonly Matter[],
  surroundings: ReadonlyMap<number, NeighbouringEvents>,
  said: ReadonlySet<string>,
): Promise<string[]> {
  const asked = matters.map((matter, name) => ({
    ...rowOf(matter, name),
    from: (surroundings.get(name)?.after ?? Number.MIN_SAFE_INTEGER) + 1,
    to: surroundings.get(name)?.upTo ?? Number.MAX_SAFE_INTEGER,
  }));
  const { rows } = await sql<{ id: string }>`
    select x.id from ${unnest('m', KINDS, asked)}
      cross join lateral unnest(array[m.device, m."readPoint"]) as s(subject)
      cross join (values ('DEVICE_FAULT'), ('SENSOR_FAULT')) as k(kind)
      cross join lateral (
        select x.id from exceptions x where x.subject = s.subject and x.kind = k.kind
          and x.raised_at between m."from" and m."to" and x.read_point is not distinct from m."readPoint"
          and x.detail ->> 'gateway' = m.gateway and x.detail ->> 'device' = m.device
          and x.detail ->> 'condition' = m.condition and x.status <> 'withdrawn' offset 0
      ) x
  `.execute(trx);
  return rows.map(({ id }) => id).filter((id) => !said.has(id));
}

function nameOf({ gateway, device, condition, readPoint }: Omit<DeviceFact, 'occurredAt'>): string {
  return JSON.stringify([gateway, device, condition, readPoint]);
}
