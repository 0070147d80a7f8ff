/**
 * Where re-evaluation of a unit must begin so that it comes to the same result as from the very first sample
 * (engine/evaluate.ts, "boundary"). One statement for all units.
 *
 * - An episode that the new samples touch (or whose return they might undo) is evaluated again from its start.
 * - Else from the last sample before them that is not beyond the limit: there nothing was pending.
 * - New samples that come after all others of an open episode need only its last sample that is not back within
 *   bounds (`resume`): a room that is warm for a week is not read from its start with each sample. Only where it
 *   had gaps are their lengths added up again, inside the database.
 */
import { sql, type Transaction } from 'kysely';
import type { Tables } from '../store/tables.ts';
import { unnest } from '../store/unnest.ts';
import type { Unit } from './affected.ts';

export interface Boundary {
  /** Event time of the first sample to hear; undefined: the very first. */
  readonly from: number | undefined;
  /** The episode to go on with at `resumeAt`, instead of hearing everything from `from`. */
  readonly resume:
    | { readonly episodeId: string; readonly at: number; readonly unknownMs: number }
    | undefined;
}

interface Row {
  unit: number;
  boundary: number | null;
  episode_id: string | null;
  resume_at: number | null;
  resume_unknown_ms: number | null;
}

const KINDS = {
  unit: 'integer',
  read_point: 'text',
  metric: 'text',
  rule_id: 'text',
  rule_version: 'integer',
  sign: 'integer',
  limit_milli: 'bigint',
  back_milli: 'bigint',
  off_delay_ms: 'bigint',
  max_gap_ms: 'bigint',
  from_at: 'bigint',
  fresh: 'bigint',
} as const;

/** `sign` times the value grows away from the bounds, so one comparison serves both directions. */
const rowOf = ({ readPoint, rule, from, fresh }: Unit, unit: number) => {
  const sign = rule.comparator === 'above' ? 1 : -1;
  return {
    unit,
    read_point: readPoint,
    metric: rule.metric,
    rule_id: rule.id,
    rule_version: rule.version,
    sign,
    limit_milli: sign * rule.limitMilli,
    back_milli: sign * rule.limitMilli - rule.deadBandMilli,
    off_delay_ms: rule.offDelayMs,
    max_gap_ms: rule.maxGapMs,
    from_at: from,
    fresh,
  };
};

/** Of samples of one instant only the one with the greatest key stands (engine/standing.ts). */
const STANDS = sql`not exists (
  select 1 from samples d where d.read_point = s.read_point and d.metric = s.metric
    and d.occurred_at = s.occurred_at and d.occurred_key collate "C" > s.occurred_key collate "C")`;

export async function findBoundaries(
  trx: Transaction<Tables>,
  units: readonly Unit[],
): Promise<Map<number, Boundary>> {
  const { rows } = await sql<Row>`
    with covered as (
      select u.*, e.id as episode_id, e.started_at, e.active_at, e.ended_at, e.unknown_ms,
        coalesce(e.rule_version = u.rule_version, false) as same_version
      from ${unnest('u', KINDS, units.map(rowOf))} left join lateral (
        select e.* from episodes e
        where e.read_point = u.read_point and e.rule_id = u.rule_id and e.started_at <= u.from_at
          and (e.ended_at is null or e.ended_at + u.off_delay_ms >= u.from_at)
        order by e.started_at limit 1
      ) e on true
    ), found as (
    select c.*,
      case when c.same_version then c.started_at else (
        select s.occurred_at from samples s
        where s.read_point = c.read_point and s.metric = c.metric
          and s.occurred_at < coalesce(c.started_at, c.from_at)
          and c.sign * s.value_milli::bigint <= c.limit_milli and ${STANDS}
        order by s.occurred_at desc limit 1
      ) end as boundary,
      case when c.same_version and c.ended_at is null and c.fresh >= (
        select count(*) from (
          select 1 from samples s
          where s.read_point = c.read_point and s.metric = c.metric and s.occurred_at >= c.from_at
          limit c.fresh + 1
        ) later
      ) then (
        select s.occurred_at from samples s
        where s.read_point = c.read_point and s.metric = c.metric
          and s.occurred_at < c.from_at and s.occurred_at >= c.active_at
          and c.sign * s.value_milli::bigint > c.back_milli and ${STANDS}
        order by s.occurred_at desc limit 1
      ) end as resume_at
    from covered c
    )
    select f.unit, f.episode_id, f.boundary, f.resume_at,
      case when f.unknown_ms = 0 then 0 else (
        select coalesce(sum(gap), 0)::bigint from (
          select s.occurred_at - lag(s.occurred_at) over (order by s.occurred_at) as gap from samples s
          where s.read_point = f.read_point and s.metric = f.metric
            and s.occurred_at between f.started_at and f.resume_at
        ) gaps where gap > f.max_gap_ms
      ) end as resume_unknown_ms
    from found f
  `.execute(trx);
  return new Map(
    rows.map((row) => [
      row.unit,
      {
        from: row.boundary ?? undefined,
        resume:
          row.episode_id === null || row.resume_at === null
            ? undefined
            : { episodeId: row.episode_id, at: row.resume_at, unknownMs: row.resume_unknown_ms ?? 0 },
      },
    ]),
  );
}
