/**
 * The cold chain's part of the ingest transaction: new samples and movements in, episodes, exceptions and holds
 * brought in line. Call it last, after the rows of this batch are inserted, with exactly those that were new. The
 * caller holds the lock of derived state (ledger/locks.ts).
 *
 * Invariant: what stands afterwards is a function of the samples, the movements, the site's rules and people's
 * decisions; not of the order, the batches or the repetition in which they came. (Revision numbers count how
 * often that view changed, so they do depend on the history.)
 */
import type { Transaction } from 'kysely';
import { excursionId } from '../exceptions/exception-id.ts';
import { raiseExceptions, withdrawExceptions } from '../exceptions/raise.ts';
import type { Change } from '../ledger/change.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';
import { findBoundaries } from './episodes/boundary.ts';
import { carryDecisions, excursionOf, successions } from './episodes/excursion.ts';
import { type Reevaluation, reevaluate } from './episodes/reevaluate.ts';
import { diffEpisodes, type EpisodeDiff, readStanding, writeEpisodes } from './episodes/standing-episodes.ts';
import { goOn, readTracks, writeTracks } from './episodes/tracks.ts';
import { holdForEpisodes, holdForObjects, withdrawHolds } from './exposure.ts';
import { affectedUnits, type EvaluationUnit, type SampleFact } from './rules/affected.ts';

export interface MovementFact {
  readonly epc: string;
  readonly occurredAt: number;
  readonly occurredKey: string;
  readonly fromLocation: string | null;
  readonly toLocation: string | null;
  /** False for a sighting that moved nothing. */
  readonly moved: boolean;
}

export interface ColdChainFacts {
  readonly samples: readonly SampleFact[];
  readonly movements: readonly MovementFact[];
}

interface ColdChainContext {
  readonly site: Site;
  /** Wall clock; only stamps the changes. */
  readonly now: number;
}

/** What the ingest calls; a port only in that tests may put a failing one in its place. */
export type ProjectColdChain = typeof projectColdChain;

export async function projectColdChain(
  trx: Transaction<Tables>,
  facts: ColdChainFacts,
  context: ColdChainContext,
): Promise<Change[]> {
  const { site, now } = context;
  const units = affectedUnits(facts.samples, site);
  const moved = facts.movements.filter((movement) => movement.moved);
  const mayHold = moved.length > 0 && site.rules.some((rule) => rule.hold);
  if (units.length === 0 && !mayHold) return [];
  const changes = units.length === 0 ? [] : await projectUnits(trx, units, facts.samples, now);
  if (!mayHold) return changes;
  const since = moved.reduce(
    (oldest, { occurredAt }) => Math.min(oldest, occurredAt),
    Number.MAX_SAFE_INTEGER,
  );
  const epcs = moved.map(({ epc }) => epc);
  return [...changes, ...(await holdForObjects(trx, epcs, since, now))];
}

/** Evaluates these units and brings everything that follows from their episodes in line. */
async function projectUnits(
  trx: Transaction<Tables>,
  units: readonly EvaluationUnit[],
  samples: readonly SampleFact[],
  now: number,
): Promise<Change[]> {
  const tracks = await readTracks(trx, units);
  const fresh = Map.groupBy(samples, (sample) => `${sample.metric}/${sample.readPoint}`);
  const outcomes: Reevaluation[] = [];
  const others: EvaluationUnit[] = [];
  for (const [index, unit] of units.entries()) {
    const track = tracks.get(index);
    if (track === undefined) others.push(unit);
    else outcomes.push(goOn(unit, track, fresh.get(`${unit.rule.metric}/${unit.readPoint}`) ?? []));
  }
  if (others.length > 0) {
    const boundaries = await findBoundaries(trx, others);
    outcomes.push(
      ...(await reevaluate(trx, others, boundaries, await readStanding(trx, others, boundaries))),
    );
  }
  await writeTracks(trx, outcomes);
  return applyEpisodes(trx, diffEpisodes(outcomes), now);
}

async function applyEpisodes(trx: Transaction<Tables>, diff: EpisodeDiff, now: number): Promise<Change[]> {
  await writeEpisodes(trx, diff);
  await carryDecisions(trx, successions(diff));
  const written = [...diff.inserted, ...diff.updated.map(({ after }) => after)];
  const gone = diff.deleted.map(({ episode }) => excursionId(episode.id));
  return [
    ...(await raiseExceptions(trx, written.map(excursionOf), now)),
    ...(await withdrawExceptions(trx, gone, now)),
    ...(await holdForEpisodes(trx, exposureChanged(diff), now)),
    ...(await withdrawHolds(trx, gone, now)),
  ];
}

/** A new peak exposes nobody new: only episodes whose time or place changed ask for their holds again. */
function exposureChanged({ inserted, updated }: EpisodeDiff): string[] {
  const moved = updated.filter(
    ({ before, after }) =>
      before.episode.endedAt !== after.episode.endedAt || before.location !== after.location,
  );
  return [...inserted, ...moved.map(({ after }) => after)].map(({ episode }) => episode.id);
}
