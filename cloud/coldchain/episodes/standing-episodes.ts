/**
 * Episodes on record: read those that a re-evaluation may change, and write what it found. The rule is kept on
 * the episode as it stood when it was found.
 */
import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../store/tables.ts';
import { unnest } from '../../store/unnest.ts';
import type { Episode } from '../engine/episode.ts';
import type { EvaluationUnit } from '../rules/affected.ts';
import type { Boundary } from './boundary.ts';
import { EPISODE_END, type FoundEpisode, type StandingEpisode } from './recorded-episode.ts';
import type { Reevaluation } from './reevaluate.ts';

/** Old and new at once: what went, what came, what changed. */
export interface EpisodeDiff {
  readonly deleted: StandingEpisode[];
  readonly inserted: FoundEpisode[];
  readonly updated: { before: StandingEpisode; after: FoundEpisode }[];
}

interface Row {
  unit: number;
  id: string;
  read_point: string;
  location: string;
  rule_id: string;
  rule_version: number;
  started_at: number;
  active_at: number;
  ended_at: number | null;
  peak_milli: number;
  unknown_ms: number;
}

/** All episodes of each unit's point and rule, of any version of it, that run or start after its boundary. */
export async function readStanding(
  trx: Transaction<Tables>,
  units: readonly EvaluationUnit[],
  boundaries: ReadonlyMap<number, Boundary>,
): Promise<Map<number, StandingEpisode[]>> {
  const asked = units.map(({ readPoint, rule }, unit) => ({
    unit,
    read_point: readPoint,
    rule_id: rule.id,
    off_delay_ms: rule.offDelayMs,
    from_at: boundaries.get(unit)?.from ?? Number.MIN_SAFE_INTEGER,
  }));
  const kinds = {
    unit: 'integer',
    read_point: 'text',
    rule_id: 'text',
    off_delay_ms: 'bigint',
    from_at: 'bigint',
  } as const;
  const { rows } = await sql<Row>`
    select u.unit, e.id, e.read_point, e.location, e.rule_id, e.rule_version, e.started_at, e.active_at,
      e.ended_at, e.peak_milli, e.unknown_ms
    from ${unnest('u', kinds, asked)}
      join episodes e on e.read_point = u.read_point and e.rule_id = u.rule_id
        and ${EPISODE_END} >= u.from_at - u.off_delay_ms
    order by u.unit, e.started_at
  `.execute(trx);
  const standing = new Map<number, StandingEpisode[]>();
  for (const row of rows) {
    const list = standing.get(row.unit) ?? [];
    list.push({ location: row.location, episode: episodeOf(row) });
    standing.set(row.unit, list);
  }
  return standing;
}

export function diffEpisodes(outcomes: readonly Reevaluation[]): EpisodeDiff {
  const diff: EpisodeDiff = { deleted: [], inserted: [], updated: [] };
  for (const { unit, from, to, episodes, standing } of outcomes) {
    const before = new Map(
      standing
        .filter(
          ({ episode: { startedAt } }) => startedAt >= (from ?? startedAt) && startedAt <= (to ?? startedAt),
        )
        .map((old) => [old.episode.id, old]),
    );
    for (const episode of episodes) {
      const old = before.get(episode.id);
      const found = { location: unit.location, episode, rule: unit.rule };
      before.delete(episode.id);
      if (old === undefined) diff.inserted.push(found);
      else if (!isSame(old, found)) diff.updated.push({ before: old, after: found });
    }
    diff.deleted.push(...before.values());
  }
  return diff;
}

const KINDS = {
  id: 'text',
  read_point: 'text',
  location: 'text',
  metric: 'text',
  rule_id: 'text',
  rule_version: 'integer',
  rule: 'text',
  started_at: 'bigint',
  active_at: 'bigint',
  ended_at: 'bigint',
  peak_milli: 'bigint',
  unknown_ms: 'bigint',
} as const;

/** An episode that is changed gets the next revision number. */
export async function writeEpisodes(trx: Transaction<Tables>, diff: EpisodeDiff): Promise<void> {
  if (diff.deleted.length > 0) {
    const gone = diff.deleted.map(({ episode }) => episode.id);
    await sql`delete from episodes where id = any(${gone}::text[])`.execute(trx);
  }
  const written = [...diff.inserted, ...diff.updated.map(({ after }) => after)];
  if (written.length === 0) return;
  await sql`
    insert into episodes as e (id, read_point, location, metric, rule_id, rule_version, rule, started_at,
      active_at, ended_at, peak_milli, unknown_ms)
    select w.id, w.read_point, w.location, w.metric, w.rule_id, w.rule_version, w.rule::jsonb, w.started_at,
      w.active_at, w.ended_at, w.peak_milli, w.unknown_ms
    from ${unnest('w', KINDS, written.map(rowOf))}
    on conflict (id) do update set location = excluded.location, rule = excluded.rule,
      active_at = excluded.active_at, ended_at = excluded.ended_at, peak_milli = excluded.peak_milli,
      unknown_ms = excluded.unknown_ms, revision = e.revision + 1
  `.execute(trx);
}

function rowOf({ location, episode, rule }: FoundEpisode) {
  return {
    id: episode.id,
    read_point: episode.point,
    location,
    metric: rule.metric,
    rule_id: rule.id,
    rule_version: rule.version,
    rule: JSON.stringify(rule),
    started_at: episode.startedAt,
    active_at: episode.activeAt,
    ended_at: episode.endedAt,
    peak_milli: episode.peakMilli,
    unknown_ms: episode.unknownMs,
  };
}

function episodeOf(row: Row): Episode {
  return {
    id: row.id,
    point: row.read_point,
    ruleId: row.rule_id,
    ruleVersion: row.rule_version,
    startedAt: row.started_at,
    activeAt: row.active_at,
    endedAt: row.ended_at,
    peakMilli: row.peak_milli,
    unknownMs: row.unknown_ms,
  };
}

function isSame(old: StandingEpisode, found: FoundEpisode): boolean {
  const a = old.episode;
  const b = found.episode;
  return (
    old.location === found.location &&
    a.activeAt === b.activeAt &&
    a.endedAt === b.endedAt &&
    a.peakMilli === b.peakMilli &&
    a.unknownMs === b.unknownMs
  );
}
