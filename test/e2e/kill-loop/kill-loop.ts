/**
 * Kills parts of a site at seeded random moments, also in the midst of their start and several at once, and compares
 * at the end what the journals promised with what the ledger holds. The moments are seeded; what a process is doing
 * in such a moment is not, so a run is a sample of what can happen, not a replay.
 */
import { type Random, seededRandom } from '../../../protocol/ports/random.ts';
import type { Victim } from './seat.ts';
import { type KillLoopSitePlan, startKillSite } from './site.ts';
import { compare, isSound, type KillLoopFindings } from './truth.ts';

interface KillLoopPlan extends KillLoopSitePlan {
  readonly seed: number;
  readonly rounds: number;
  readonly onRound?: (round: number, killed: readonly string[]) => void;
}

export interface KillLoopReport {
  readonly ok: boolean;
  readonly link: string;
  readonly database: string;
  readonly seed: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly drainSeconds: number;
  readonly kills: Readonly<Record<string, number>>;
  /** A cloud ends when its database is away at its start, and is started again. */
  readonly failedStarts: number;
  /** Parts that ended by themselves though they were up, each with its last words. */
  readonly deaths: readonly string[];
  readonly findings: KillLoopFindings;
  /** Samples projected beside events of the condition lane; equal when each took effect once. */
  readonly samples: { readonly projected: number; readonly events: number };
  readonly complaints: readonly string[];
}

/** Load between kills; so long also after the last one. */
const PEACE_MS = { least: 50, most: 1200 };
const AWAY_MS = { least: 0, most: 800 };
const SEVERAL_AT_ONCE = 0.2;
/** Chance that the next kill does not wait until what was killed answers again. */
const NOT_WAITED_FOR = 0.3;
const DRAIN_LIMIT_MS = 600_000;
/** The load writes a device event with each tenth entry. */
const HEALTH_EACH = 10;

export async function runKillLoop(plan: KillLoopPlan): Promise<KillLoopReport> {
  const begun = performance.now();
  const site = await startKillSite(plan);
  try {
    const kills = await shoot(plan, site.victims);
    const drainBegun = performance.now();
    await site.drain(DRAIN_LIMIT_MS);
    const drainSeconds = (performance.now() - drainBegun) / 1000;
    const { failedStarts, deaths } = site.exits();
    const promises = site.promises();
    const { rows, samples, complaints } = await site.ledger();
    const findings = compare(promises, rows, HEALTH_EACH);
    const conditions = rows.filter((row) => row.lane === 'condition').length;
    const { link, database, seed, rounds } = plan;
    return {
      ok: isSound(findings) && deaths.length + complaints.length === 0 && samples === conditions,
      link,
      database,
      seed,
      rounds,
      seconds: Math.round((performance.now() - begun) / 1000),
      drainSeconds: Math.round(drainSeconds),
      kills,
      failedStarts,
      deaths,
      findings,
      samples: { projected: samples, events: conditions },
      complaints,
    };
  } finally {
    await site.close();
  }
}

/** Gives how often each was killed. */
async function shoot(plan: KillLoopPlan, victims: readonly Victim[]): Promise<Record<string, number>> {
  const random = seededRandom(plan.seed, 'kills');
  const kills: Record<string, number> = Object.fromEntries(victims.map(({ name }) => [name, 0]));
  const starting = new Map<Victim, Promise<void>>();
  for (let round = 1; round <= plan.rounds; round++) {
    await wait(random, PEACE_MS);
    const chosen = choose(random, victims);
    await Promise.all(chosen.map((victim) => victim.kill()));
    for (const { name } of chosen) kills[name] = (kills[name] ?? 0) + 1;
    plan.onRound?.(
      round,
      chosen.map(({ name }) => name),
    );
    await wait(random, AWAY_MS);
    for (const victim of chosen) {
      const before = starting.get(victim) ?? Promise.resolve();
      const start = before.then(() => victim.start());
      // Looked at below, or at the end; until then it must not count as unhandled.
      start.catch(() => {});
      starting.set(victim, start);
    }
    if (random.next() >= NOT_WAITED_FOR) await Promise.all(starting.values());
  }
  await Promise.all(starting.values());
  await wait(random, PEACE_MS);
  return kills;
}

function choose(random: Random, victims: readonly Victim[]): Victim[] {
  const chosen = new Set([random.pick(victims)]);
  while (random.next() < SEVERAL_AT_ONCE) chosen.add(random.pick(victims));
  return [...chosen];
}

function wait(random: Random, { least, most }: { least: number; most: number }): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, random.integer(least, most)));
}
