/**
 * How far each unit has been evaluated: the engine's track after the newest sample. New samples that come after all
 * others are evaluated from there, without reading a single old one: a room that is warm for a week costs no more per
 * sample than one that is cold.
 *
 * A track may be continued only while it has taken in all samples but the new ones, under the same rule at the same
 * place; anything else (late samples, a rule changed) is evaluated again from a boundary (boundary.ts).
 */
import { sql, type Transaction } from 'kysely';
import * as z from 'zod';
import { fingerprint } from '../../ledger/fingerprint.ts';
import type { TracksTable } from '../../store/tables/coldchain.ts';
import type { Tables } from '../../store/tables.ts';
import { type ColumnKinds, unnest } from '../../store/unnest.ts';

import type { Track } from '../engine/track.ts';
import type { EvaluationUnit, SampleFact } from '../rules/affected.ts';
import { kindOfRule } from '../rules/kinds.ts';
import type { Reevaluation } from './reevaluate.ts';

const outside = {
  at: z.number(),
  startedAt: z.number(),
  peakMilli: z.number(),
  unknownMs: z.number(),
};

const trackSchema: z.ZodType<Track> = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('ok') }),
  z.object({ phase: z.literal('pending'), ...outside, knownMs: z.number() }),
  z.object({ phase: z.literal('active'), ...outside, activeAt: z.number() }),
  z.object({ phase: z.literal('recovering'), ...outside, activeAt: z.number(), since: z.number() }),
]);

interface Row {
  unit: number;
  rule_mark: string;
  track: unknown;
  is_next: boolean;
}

const ASKED = {
  unit: 'integer',
  read_point: 'text',
  metric: 'text',
  rule_id: 'text',
  from_at: 'bigint',
  fresh: 'bigint',
} as const;

/** The tracks of those units (by their index) whose new samples come next. */
export async function readTracks(
  trx: Transaction<Tables>,
  units: readonly EvaluationUnit[],
): Promise<Map<number, Track>> {
  const asked = units.map(({ readPoint, rule, from, fresh }, unit) => {
    return { unit, read_point: readPoint, metric: rule.metric, rule_id: rule.id, from_at: from, fresh };
  });
  const { rows } = await sql<Row>`
    select u.unit, t.rule_mark, t.track, t.heard_at < u.from_at and u.fresh >= (
      select count(*) from (
        select 1 from samples s
        where s.read_point = u.read_point and s.metric = u.metric and s.occurred_at > t.heard_at
        order by s.occurred_at limit u.fresh + 1
      ) unheard
    ) as is_next
    from ${unnest('u', ASKED, asked)} join tracks t on t.read_point = u.read_point and t.rule_id = u.rule_id
  `.execute(trx);
  const isOfRule = (row: Row) => row.rule_mark === markOf(units[row.unit]);
  await forget(
    trx,
    rows.filter((row) => !isOfRule(row)).map((row) => units[row.unit]),
  );
  return new Map(
    rows.filter((row) => row.is_next && isOfRule(row)).map((row) => [row.unit, trackSchema.parse(row.track)]),
  );
}

/** A track under a rule as it no longer is: it must not come back to life when the rule does. */
async function forget(
  trx: Transaction<Tables>,
  units: readonly (EvaluationUnit | undefined)[],
): Promise<void> {
  const gone = units.flatMap((unit) =>
    unit === undefined ? [] : [{ read_point: unit.readPoint, rule_id: unit.rule.id }],
  );
  if (gone.length === 0) return;
  await sql`
    delete from tracks t using ${unnest('g', { read_point: 'text', rule_id: 'text' }, gone)}
    where t.read_point = g.read_point and t.rule_id = g.rule_id
  `.execute(trx);
}

/** Evaluates the new samples of a unit from where its track ends. */
export function goOn(unit: EvaluationUnit, track: Track, samples: readonly SampleFact[]): Reevaluation {
  const { readPoint, location, rule } = unit;
  const kind = kindOfRule(rule);
  const { ended, track: heard } = kind.evaluateFrom(track, samples, rule, { point: readPoint });
  const before = kind.openEpisode(track, rule, readPoint);
  const after = kind.openEpisode(heard, rule, readPoint);
  return {
    unit,
    from: undefined,
    to: undefined,
    episodes: after === undefined ? ended : [...ended, after],
    heard: { track: heard, at: unit.to },
    standing: before === undefined ? [] : [{ location, episode: before }],
  };
}

const KINDS: ColumnKinds<Omit<TracksTable, 'track'> & { track: string }> = {
  read_point: 'text',
  rule_id: 'text',
  metric: 'text',
  rule_mark: 'text',
  heard_at: 'bigint',
  track: 'text',
};

export async function writeTracks(
  trx: Transaction<Tables>,
  outcomes: readonly Reevaluation[],
): Promise<void> {
  const rows = outcomes.flatMap(({ unit, heard }) =>
    heard === undefined
      ? []
      : [
          {
            read_point: unit.readPoint,
            rule_id: unit.rule.id,
            metric: unit.rule.metric,
            rule_mark: markOf(unit),
            heard_at: heard.at,
            track: JSON.stringify(heard.track),
          },
        ],
  );
  if (rows.length === 0) return;
  await sql`
    insert into tracks (read_point, rule_id, metric, rule_mark, heard_at, track)
    select read_point, rule_id, metric, rule_mark, heard_at, track::jsonb from ${unnest('t', KINDS, rows)}
    on conflict (read_point, rule_id) do update set metric = excluded.metric,
      rule_mark = excluded.rule_mark, heard_at = excluded.heard_at, track = excluded.track
  `.execute(trx);
}

const marks = new WeakMap<EvaluationUnit['rule'], Map<string, string>>();

/** Says under which rule, word for word, and at which place a track was evaluated. */
function markOf(unit: EvaluationUnit | undefined): string {
  if (unit === undefined) return '';
  const { rule, location } = unit;
  const ofRule = marks.get(rule) ?? new Map<string, string>();
  marks.set(rule, ofRule);
  const mark = ofRule.get(location) ?? fingerprint(location, JSON.stringify(rule));
  ofRule.set(location, mark);
  return mark;
}
