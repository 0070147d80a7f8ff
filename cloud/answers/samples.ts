/**
 * Samples for a chart, thinned so that no peak is lost: time is cut into equal slices and each gives its lowest
 * and its highest sample; the first and the last of all stay, so a line keeps its ends. Done in the database.
 */
import { type Kysely, sql } from 'kysely';
import type { Samples, SamplesQuery } from '../contract/rooms.ts';
import type { Tables } from '../store/tables.ts';

const DEFAULT_POINTS = 1_000;
const MAX_POINTS = 10_000;
/** Two ends, and two of at least one slice. */
const MIN_POINTS = 4;

export async function samplesOf(db: Kysely<Tables>, query: SamplesQuery): Promise<Samples> {
  const { readPoint, metric, from, to } = query;
  const maxPoints = Math.max(MIN_POINTS, Math.min(query.maxPoints ?? DEFAULT_POINTS, MAX_POINTS));
  const slices = Math.floor((maxPoints - 2) / 2);
  const sliceMs = Math.max(1, Math.ceil((to - from + 1) / slices));
  const { rows } = await sql<{ at: number; value: number }>`
    with standing as (
      select distinct on (occurred_at) occurred_at as at, value_milli as value
      from samples
      where read_point = ${readPoint} and metric = ${metric}
        and occurred_at between ${from}::bigint and ${to}::bigint
      order by occurred_at, occurred_key collate "C" desc
    ), ranked as (
      select at, value, count(*) over () as total,
        row_number() over (order by at) as forth, row_number() over (order by at desc) as back,
        row_number() over (partition by slice order by value, at) as lowest,
        row_number() over (partition by slice order by value desc, at) as highest
      from (select at, value, (at - ${from}::bigint) / ${sliceMs}::bigint as slice from standing) sliced
    )
    select at, value from ranked
    where total <= ${maxPoints} or lowest = 1 or highest = 1 or forth = 1 or back = 1
    order by at
  `.execute(db);
  return { readPoint, metric, points: rows.map(({ at, value }) => [at, value]) };
}
