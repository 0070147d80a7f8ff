/**
 * Evaluates the samples of each unit again from its boundary until the result meets what stands, or to the last
 * sample. Reads in rounds: each round is one statement that gives every unit still at work its next samples.
 */
import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../store/tables.ts';
import { unnest } from '../../store/unnest.ts';
import type { Episode, Sample } from '../engine/episode.ts';

import { OK, type Track } from '../engine/track.ts';
import type { EvaluationUnit } from '../rules/affected.ts';
import { kindOfRule } from '../rules/kinds.ts';

import type { Boundary } from './boundary.ts';
import type { StandingEpisode } from './recorded-episode.ts';

/** Samples per unit and round: bounds the memory of a batch that reaches far back. */
const SAMPLES_PER_ROUND = 2_000;

export interface Reevaluation {
  readonly unit: EvaluationUnit;
  /** Event times between which `episodes` are all that start there; open ends are undefined. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly episodes: readonly Episode[];
  /** Those on record that may differ. */
  readonly standing: readonly StandingEpisode[];
  /** The track after the last sample of all; left out where the rest is known from before. */
  readonly heard?: { readonly track: Track; readonly at: number };
}

interface Work {
  readonly unit: EvaluationUnit;
  readonly standing: readonly StandingEpisode[];
  /** Begins at the first sample from here on. */
  readonly scopeFrom: number | undefined;
  track: Track;
  heardAt: number | undefined;
  nextFrom: number | undefined;
  readonly ended: Episode[];
}

export async function reevaluate(
  trx: Transaction<Tables>,
  units: readonly EvaluationUnit[],
  boundaries: ReadonlyMap<number, Boundary>,
  standing: ReadonlyMap<number, readonly StandingEpisode[]>,
): Promise<Reevaluation[]> {
  const outcomes: Reevaluation[] = [];
  let working = units.map((unit, index) => beginWork(unit, boundaries.get(index), standing.get(index) ?? []));
  while (working.length > 0) {
    const samples = await nextSamples(trx, working);
    const unfinished: Work[] = [];
    for (const [index, work] of working.entries()) {
      const outcome = hear(work, samples.get(index) ?? []);
      if (outcome === undefined) unfinished.push(work);
      else outcomes.push(outcome);
    }
    working = unfinished;
  }
  return outcomes;
}

function beginWork(
  unit: EvaluationUnit,
  boundary: Boundary | undefined,
  standing: readonly StandingEpisode[],
): Work {
  const from = boundary?.from;
  return { unit, standing, scopeFrom: from, track: OK, heardAt: undefined, nextFrom: from, ended: [] };
}

/** One round of one unit; undefined while it needs more samples. */
function hear(work: Work, samples: readonly Sample[]): Reevaluation | undefined {
  const last = samples.at(-1);
  const isLastRound = samples.length < SAMPLES_PER_ROUND;
  const { ended, track, settledAt } = kindOfRule(work.unit.rule).evaluateFrom(
    work.track,
    samples,
    work.unit.rule,
    {
      point: work.unit.readPoint,
      isSettled: (occurredAt) => occurredAt > work.unit.to && !isInside(work, occurredAt),
    },
  );
  work.ended.push(...ended);
  work.track = track;
  work.heardAt = last?.occurredAt ?? work.heardAt;
  if (settledAt !== undefined) return outcomeOf(work, settledAt);
  if (isLastRound || last === undefined) return outcomeOf(work, undefined);
  work.nextFrom = last.occurredAt + 1;
  return undefined;
}

function outcomeOf(work: Work, settledAt: number | undefined): Reevaluation {
  const { unit, standing, scopeFrom, ended, track, heardAt } = work;
  const open = kindOfRule(unit.rule).openEpisode(track, unit.rule, unit.readPoint);
  const isComplete = settledAt === undefined && heardAt !== undefined;
  return {
    unit,
    from: scopeFrom,
    to: settledAt,
    episodes: open === undefined ? ended : [...ended, open],
    standing,
    ...(isComplete ? { heard: { track, at: heardAt } } : {}),
  };
}

/** Whether an episode that stands was still running, or in its off-delay, at that time. */
function isInside(work: Work, at: number): boolean {
  return work.standing.some(
    ({ episode: { startedAt, endedAt } }) =>
      startedAt <= at && (endedAt === null || endedAt + work.unit.rule.offDelayMs > at),
  );
}

interface Row {
  work: number;
  occurred_at: number;
  occurred_key: string;
  value_milli: number;
}

const KINDS = { work: 'integer', read_point: 'text', metric: 'text', from_at: 'bigint' } as const;

async function nextSamples(
  trx: Transaction<Tables>,
  working: readonly Work[],
): Promise<Map<number, Sample[]>> {
  const asked = working.map(({ unit, nextFrom }, work) => ({
    work,
    read_point: unit.readPoint,
    metric: unit.rule.metric,
    from_at: nextFrom ?? Number.MIN_SAFE_INTEGER,
  }));
  const { rows } = await sql<Row>`
    select w.work, s.occurred_at, s.occurred_key, s.value_milli
    from ${unnest('w', KINDS, asked)} cross join lateral (
      select distinct on (occurred_at) occurred_at, occurred_key, value_milli from samples
      where read_point = w.read_point and metric = w.metric and occurred_at >= w.from_at
      order by occurred_at, occurred_key collate "C" desc
      limit ${sql.lit(SAMPLES_PER_ROUND)}
    ) s
    order by w.work, s.occurred_at
  `.execute(trx);
  const samples = new Map<number, Sample[]>();
  for (const row of rows) {
    const list = samples.get(row.work) ?? [];
    list.push({
      occurredAt: row.occurred_at,
      occurredKey: row.occurred_key,
      valueMilli: row.value_milli,
    });
    samples.set(row.work, list);
  }
  return samples;
}
