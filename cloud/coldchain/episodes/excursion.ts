/**
 * The exception of an episode: one each. Also what happens to people's decisions when later data moves an
 * episode's start and so gives it another id.
 *
 * A decision is carried over from an old episode to a new one that overlaps it, so that nobody has to decide
 * twice about one stretch of heat: the acknowledgement, and every release of an object. "Resolved" arrives as an
 * acknowledgement: the person has seen it, but resolved it on other evidence.
 */

import { sql, type Transaction } from 'kysely';
import { excursionId } from '../../exceptions/exception-id.ts';
import type { ExceptionRow } from '../../exceptions/raise.ts';
import type { Tables } from '../../store/tables.ts';
import { unnest } from '../../store/unnest.ts';
import type { Episode } from '../engine/episode.ts';
import { kindOfRule } from '../rules/kinds.ts';
import type { FoundEpisode } from './recorded-episode.ts';
import type { EpisodeDiff } from './standing-episodes.ts';

export function excursionOf({ location, episode, rule }: FoundEpisode): ExceptionRow {
  const kind = kindOfRule(rule);
  return {
    id: excursionId(episode.id),
    kind: kind.exceptionKind(rule),
    severity: rule.severity,
    subject: episode.point,
    location,
    readPoint: episode.point,
    raisedAt: episode.activeAt,
    clearedAt: episode.endedAt,
    detail: {
      episodeId: episode.id,
      ruleId: rule.id,
      ruleName: rule.name,
      ruleVersion: rule.version,
      metric: rule.metric,
      ...kind.exceptionDetail(rule),
      peakMilli: episode.peakMilli,
      startedAt: episode.startedAt,
      activeAt: episode.activeAt,
      endedAt: episode.endedAt,
      unknownMs: episode.unknownMs,
    },
  };
}

/** Old episodes and the new ones that take over (part of) their time; `from` and `to` are exception ids. */
export function successions(diff: EpisodeDiff): { from: string; to: string }[] {
  const before = [
    ...diff.deleted.map(({ episode }) => ({ episode, gone: true })),
    ...diff.updated.map(({ before: { episode } }) => ({ episode, gone: false })),
  ];
  const after = [
    ...diff.inserted.map(({ episode }) => ({ episode, isNew: true })),
    ...diff.updated.map(({ after: { episode } }) => ({ episode, isNew: false })),
  ];
  const pairs: { from: string; to: string }[] = [];
  for (const old of before) {
    for (const next of after) {
      const samePlace =
        old.episode.point === next.episode.point && old.episode.ruleId === next.episode.ruleId;
      const sameId = old.episode.id === next.episode.id;
      if (!samePlace || sameId || !(old.gone || next.isNew)) continue;
      if (overlap(old.episode, next.episode)) {
        pairs.push({ from: excursionId(old.episode.id), to: excursionId(next.episode.id) });
      }
    }
  }
  return pairs;
}

function overlap(a: Episode, b: Episode): boolean {
  return (
    a.startedAt <= (b.endedAt ?? Number.POSITIVE_INFINITY) &&
    b.startedAt <= (a.endedAt ?? Number.POSITIVE_INFINITY)
  );
}

export async function carryDecisions(
  trx: Transaction<Tables>,
  pairs: readonly { from: string; to: string }[],
): Promise<void> {
  if (pairs.length === 0) return;
  await sql`
    insert into decisions (subject_kind, subject_id, action, actor, reason, decided_at)
    select distinct carried.* from (
      select d.subject_kind,
        case d.subject_kind when 'hold' then p.to || substr(d.subject_id, length(p.from) + 1) else p.to end
          as subject_id,
        case d.subject_kind when 'hold' then d.action else 'acknowledge' end as action,
        d.actor, d.reason, d.decided_at
      from ${unnest('p', { from: 'text', to: 'text' }, pairs)}
        join decisions d on (d.subject_kind = 'exception' and d.subject_id = p.from)
          or (d.subject_kind = 'hold' and starts_with(d.subject_id, p.from || '/'))
    ) carried
    where not exists (
      select 1 from decisions d where d.subject_kind = carried.subject_kind
        and d.subject_id = carried.subject_id and d.action = carried.action
        and d.actor = carried.actor and d.decided_at = carried.decided_at
    )
  `.execute(trx);
}
