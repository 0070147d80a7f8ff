/**
 * Rooms as the API answers them: what each probe says now and whether that can be trusted. A room is in excursion
 * while an episode stands open there; it is unknown while a probe that a rule depends on has no fresh sample.
 */
import { type Kysely, sql } from 'kysely';
import { COMPARATORS } from '../../protocol/events/limits.ts';
import { rulesAt } from '../coldchain/rules/affected.ts';
import type { Room } from '../contract/rooms.ts';
import type { Rule, Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';

type RoomProbe = Room['probes'][number];

interface RoomFacts {
  readonly conditions: readonly {
    read_point: string;
    metric: string;
    value_milli: number;
    sampled_at: number;
  }[];
  readonly contacts: readonly { read_point: string; state: string; changed_at: number }[];
  readonly inExcursion: ReadonlySet<string>;
  readonly objects: ReadonlyMap<string, number>;
  readonly onHold: ReadonlyMap<string, number>;
}

/** Every place with a probe or contact, or made to be cold, in the order of the site. */
export async function listRooms(db: Kysely<Tables>, site: Site, now: number): Promise<Room[]> {
  const facts = await readFacts(db);
  return site.locations
    .filter(
      ({ id, kind }) =>
        kind === 'cold-room' || kind === 'freezer' || site.probes.some(({ location }) => location === id),
    )
    .map((location) => {
      const points = site.probes.filter((probe) => probe.location === location.id);
      const contacts = points.flatMap(({ readPoint, name }) =>
        facts.contacts
          .filter((contact) => contact.read_point === readPoint)
          .map(({ state, changed_at }) => ({ readPoint, name, state, changedAt: iso(changed_at) })),
      );
      const probes = points
        .filter(({ readPoint }) => !isContact(facts, readPoint))
        .flatMap((probe) => probesOf(probe, facts, site, now));
      return {
        location: location.id,
        name: location.name,
        kind: location.kind,
        probes,
        contacts,
        state: facts.inExcursion.has(location.id) ? 'excursion' : isKnown(probes) ? 'ok' : 'unknown',
        objects: facts.objects.get(location.id) ?? 0,
        onHold: facts.onHold.get(location.id) ?? 0,
      };
    });
}

/** One row for each metric that the probe has measured or that a rule needs from it. */
function probesOf(
  { readPoint, name }: Site['probes'][number],
  facts: RoomFacts,
  site: Site,
  now: number,
): RoomProbe[] {
  const measured = facts.conditions.filter((condition) => condition.read_point === readPoint);
  const metrics = new Set(measured.map(({ metric }) => metric));
  for (const { metric } of site.rules) if (rulesAt(site, readPoint, metric).length > 0) metrics.add(metric);
  return [...metrics]
    .sort()
    .reverse()
    .map((metric) => {
      const newest = measured.find((condition) => condition.metric === metric);
      const rules = rulesAt(site, readPoint, metric).map(({ rule }) => rule);
      return {
        readPoint,
        name,
        metric,
        valueMilli: newest?.value_milli ?? null,
        sampledAt: newest === undefined ? null : iso(newest.sampled_at),
        freshness: freshnessOf(newest?.sampled_at, site, now),
        lowMilli: strictest(rules, 'below'),
        highMilli: strictest(rules, 'above'),
      };
    });
}

function freshnessOf(sampledAt: number | undefined, site: Site, now: number): RoomProbe['freshness'] {
  if (sampledAt === undefined) return 'none';
  return now - sampledAt > site.sensorSilentAfterMs ? 'silent' : 'fresh';
}

/** The innermost limit of that side. */
function strictest(rules: readonly Rule[], comparator: Rule['comparator']): number | null {
  const limits = rules.filter((rule) => rule.comparator === comparator).map((rule) => rule.limitMilli);
  if (limits.length === 0) return null;
  const { sign } = COMPARATORS[comparator];
  return limits.reduce((strictest, limit) => (sign * limit < sign * strictest ? limit : strictest));
}

function isKnown(probes: readonly RoomProbe[]): boolean {
  const ruled = probes.filter(({ lowMilli, highMilli }) => lowMilli !== null || highMilli !== null);
  return (ruled.length > 0 ? ruled : probes).every(({ freshness }) => freshness === 'fresh');
}

/** A read point that has only ever sent open and closed. */
function isContact(facts: RoomFacts, readPoint: string): boolean {
  return (
    facts.contacts.some((contact) => contact.read_point === readPoint) &&
    !facts.conditions.some((condition) => condition.read_point === readPoint)
  );
}

async function readFacts(db: Kysely<Tables>): Promise<RoomFacts> {
  const conditions = await db.selectFrom('conditions').selectAll().execute();
  const contacts = await db.selectFrom('contacts').selectAll().execute();
  const open = await db.selectFrom('episodes').select('location').where('ended_at', 'is', null).execute();
  const { rows: counts } = await sql<{ location: string; objects: number; on_hold: number }>`
    select o.location, count(*) as objects, count(*) filter (where exists (
      select 1 from holds h where h.epc = o.epc and h.status = 'active'
    )) as on_hold
    from objects o where o.location is not null group by o.location
  `.execute(db);
  return {
    conditions,
    contacts,
    inExcursion: new Set(open.map(({ location }) => location)),
    objects: new Map(counts.map(({ location, objects }) => [location, objects])),
    onHold: new Map(counts.map(({ location, on_hold }) => [location, on_hold])),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
