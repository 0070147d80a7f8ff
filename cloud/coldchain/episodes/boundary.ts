/**
 * Where re-evaluation of a unit must begin so that it comes to the same result as from the very first sample
 * (engine/evaluate.ts, "boundary"). One statement for all units.
 *
 * - An episode that the new samples touch (or whose return they might undo) is evaluated again from its start.
 * - Else from the last sample before them at which nothing was pending, as the rule's kind says (`calm`).
 */
import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../store/tables.ts';
import { unnest } from '../../store/unnest.ts';

import type { EvaluationUnit } from '../rules/affected.ts';
import { kindOfRule } from '../rules/kinds.ts';

import { EPISODE_END } from './recorded-episode.ts';

export interface Boundary {
  /** Event time of the first sample to hear; undefined: the very first. */
  readonly from: number | undefined;
}

interface Row {
  unit: number;
  boundary: number | null;
}

const KINDS = {
  unit: 'integer',
  read_point: 'text',
  metric: 'text',
  rule_id: 'text',
  rule_version: 'integer',
  sign: 'integer',
  calm_milli: 'bigint',
  off_delay_ms: 'bigint',
  from_at: 'bigint',
} as const;

const rowOf = ({ readPoint, rule, from }: EvaluationUnit, unit: number) => {
  const { sign, most } = kindOfRule(rule).calm(rule);
  return {
    unit,
    read_point: readPoint,
    metric: rule.metric,
    rule_id: rule.id,
    rule_version: rule.version,
    sign,
    calm_milli: most,
    off_delay_ms: rule.offDelayMs,
    from_at: from,
  };
};

/** Of samples of one instant only the one with the greatest key stands (engine/standing.ts). */
const STANDS = sql`not exists (
  select 1 from samples d where d.read_point = s.read_point and d.metric = s.metric
    and d.occurred_at = s.occurred_at and d.occurred_key collate "C" > s.occurred_key collate "C")`;

export async function findBoundaries(
  trx: Transaction<Tables>,
  units: readonly EvaluationUnit[],
): Promise<Map<number, Boundary>> {
  const { rows } = await sql<Row>`
    with covered as (
      select u.*, e.started_at, coalesce(e.rule_version = u.rule_version, false) as same_version
      from ${unnest('u', KINDS, units.map(rowOf))} left join lateral (
        select e.* from episodes e
        where e.read_point = u.read_point and e.rule_id = u.rule_id
          and ${EPISODE_END} >= u.from_at - u.off_delay_ms
        order by ${EPISODE_END} limit 1
      ) e on e.started_at <= u.from_at
    )
    select c.unit, case when c.same_version then c.started_at else (
      select s.occurred_at from samples s
      where s.read_point = c.read_point and s.metric = c.metric
        and s.occurred_at < coalesce(c.started_at, c.from_at)
        and c.sign * s.value_milli::bigint <= c.calm_milli and ${STANDS}
      order by s.occurred_at desc limit 1
    ) end as boundary
    from covered c
  `.execute(trx);
  return new Map(rows.map((row) => [row.unit, { from: row.boundary ?? undefined }]));
}
