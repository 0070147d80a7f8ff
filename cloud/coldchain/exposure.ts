/**
 * Holds: exactly the objects that were in an episode's place while it ran. An object is in a place from the
 * movement that brought it there until its next movement; a pass that moved nothing (turned back) is none.
 * Objects that came after the end or had left by the start were not exposed. An episode that is still open has
 * no end yet: whoever comes in is held.
 *
 * The set is always computed from the movements themselves, so it is the same in whatever order they came. What
 * a person released stays released; what turns out not to have been exposed is withdrawn.
 *
 * The objects projection, which must be up to date, only narrows the search: who was there since the start is
 * there still, or has moved since. Of each object only the movement that stood when the episode began and those
 * within it are read. So neither the goods nor the movements of past years cost anything.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { holdSubjectOf } from '../exceptions/hold-subject.ts';
import type { Change } from '../ledger/change.ts';
import type { Tables } from '../store/tables.ts';
import { EPISODE_END } from './episodes/recorded-episode.ts';

interface Touched {
  exception_id: string;
  location: string;
}

/** Brings the holds of these episodes in line, after the episodes changed. */
export async function holdForEpisodes(
  trx: Transaction<Tables>,
  episodeIds: readonly string[],
  now: number,
): Promise<Change[]> {
  if (episodeIds.length === 0) return [];
  const target = sql`e.id = any(${[...episodeIds]}::text[])`;
  const candidates = sql`
    select t.exception_id, o.epc from target t join objects o on o.location = t.location
    union
    select t.exception_id, o.epc from target t join objects o on o.moved_at >= t.started_at`;
  return syncHolds(trx, target, candidates, sql`true`, now);
}

/** Brings the holds of these objects in line, after movements of theirs were added, the oldest of them at `since`. */
export async function holdForObjects(
  trx: Transaction<Tables>,
  epcs: readonly string[],
  since: number,
  now: number,
): Promise<Change[]> {
  if (epcs.length === 0) return [];
  const target = sql`${EPISODE_END} >= ${since}::bigint and (e.rule ->> 'hold')::boolean`;
  const { rows } = await sql`select from episodes e where ${target} limit 1`.execute(trx);
  if (rows.length === 0) return [];
  const list = [...new Set(epcs)];
  const candidates = sql`select t.exception_id, c.epc from target t cross join unnest(${list}::text[]) as c(epc)`;
  return syncHolds(trx, target, candidates, sql`h.epc = any(${list}::text[])`, now);
}

/** The episodes of these exceptions are gone: nothing was exposed to them. */
export async function withdrawHolds(
  trx: Transaction<Tables>,
  exceptionIds: readonly string[],
  now: number,
): Promise<Change[]> {
  if (exceptionIds.length === 0) return [];
  const { rows } = await sql<{ exception_id: string }>`
    update holds set status = 'withdrawn'
    where exception_id = any(${[...exceptionIds]}::text[]) and status = 'active'
    returning exception_id
  `.execute(trx);
  return changesOf(rows, now);
}

async function syncHolds(
  trx: Transaction<Tables>,
  ofEpisode: RawBuilder<unknown>,
  candidates: RawBuilder<unknown>,
  ofHold: RawBuilder<unknown>,
  now: number,
): Promise<Change[]> {
  const { rows } = await sql<Touched>`
    with target as materialized (
      select 'excursion-' || e.id as exception_id, e.location, e.started_at, e.ended_at,
        (e.rule ->> 'hold')::boolean as holds
      from episodes e where ${ofEpisode}
    ), candidate as (
      ${candidates}
    ), stay as (
      select t.exception_id, m.epc,
        greatest(m.occurred_at, t.started_at) as exposed_from, least(n.occurred_at, t.ended_at) as exposed_to
      from target t
        join candidate c on c.exception_id = t.exception_id
        cross join lateral (
          (select y.* from movements y where y.epc = c.epc and y.moved and y.occurred_at <= t.started_at
            order by y.occurred_at desc, y.occurred_key desc limit 1)
          union all
          select y.* from movements y where y.epc = c.epc and y.moved
            and y.occurred_at > t.started_at and y.occurred_at <= coalesce(t.ended_at, y.occurred_at)
        ) m
        left join lateral (
          select x.occurred_at from movements x
          where x.epc = m.epc and x.moved and (x.occurred_at, x.occurred_key) > (m.occurred_at, m.occurred_key)
          order by x.occurred_at, x.occurred_key limit 1
        ) n on true
      where t.holds and m.to_location = t.location
        and (n.occurred_at is null or (n.occurred_at > t.started_at and n.occurred_at > m.occurred_at))
    ), exposed as (
      select exception_id, epc, min(exposed_from) as exposed_from,
        case when bool_or(exposed_to is null) then null else max(exposed_to) end as exposed_to
      from stay group by exception_id, epc
    ), held as (
      insert into holds as h (exception_id, epc, exposed_from, exposed_to, status)
      select e.exception_id, e.epc, e.exposed_from, e.exposed_to,
        case when exists (
          select 1 from decisions d where d.subject_kind = 'hold' and d.action = 'release'
            and d.subject_id = ${holdSubjectOf('e')}
        ) then 'released' else 'active' end
      from exposed e
      on conflict (exception_id, epc) do update set exposed_from = excluded.exposed_from,
        exposed_to = excluded.exposed_to, status = excluded.status
      where (h.exposed_from, h.exposed_to, h.status) is distinct from
        (excluded.exposed_from, excluded.exposed_to, excluded.status)
      returning h.exception_id
    ), withdrawn as (
      update holds h set status = 'withdrawn'
      from target t
      where h.exception_id = t.exception_id and h.status = 'active' and ${ofHold}
        and (h.exception_id, h.epc) not in (select e.exception_id, e.epc from exposed e)
      returning h.exception_id
    )
    select distinct t.exception_id, t.location
    from target t join (select exception_id from held union all select exception_id from withdrawn) changed
      on changed.exception_id = t.exception_id
  `.execute(trx);
  return changesOf(rows, now);
}

function changesOf(rows: readonly { exception_id: string; location?: string }[], now: number): Change[] {
  const at = new Date(now).toISOString();
  const places = new Map(rows.map((row) => [row.exception_id, row.location]));
  return [...places].map(([id, location]) => ({
    topic: 'hold' as const,
    at,
    id,
    ...(location === undefined ? {} : { location }),
  }));
}
