/**
 * Episodes of rules that no longer hold where they were found (rule or probe taken out of the site): nothing would
 * ever end them. They end where their point was last measured; what they exposed until then stays held.
 * The app calls it once at its start, after the site is read.
 */
import { type Kysely, sql } from 'kysely';
import { excursionId } from '../exceptions/exception-id.ts';
import { clearExceptions } from '../exceptions/raise.ts';
import type { Change } from '../ledger/change.ts';
import { lockDerivedState } from '../ledger/locks.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';
import { holdForEpisodes } from './exposure.ts';
import { rulesAt } from './rules/affected.ts';

export async function retireEpisodes(db: Kysely<Tables>, site: Site, now: number): Promise<Change[]> {
  return db.transaction().execute(async (trx) => {
    await lockDerivedState(trx);
    const stands = new Set(
      site.probes.flatMap(({ readPoint }) =>
        site.rules.flatMap(({ metric }) =>
          rulesAt(site, readPoint, metric).map(({ rule }) => `${readPoint}\n${rule.id}\n${metric}`),
        ),
      ),
    );
    const open = await trx
      .selectFrom('episodes')
      .select(['id', 'read_point', 'metric', 'rule_id'])
      .where('ended_at', 'is', null)
      .execute();
    const orphans = open
      .filter((row) => !stands.has(`${row.read_point}\n${row.rule_id}\n${row.metric}`))
      .map(({ id }) => id);
    await sql`
      delete from tracks where read_point || chr(10) || rule_id || chr(10) || metric <> all(${[...stands]}::text[])
    `.execute(trx);
    if (orphans.length === 0) return [];
    const { rows } = await sql<{ id: string; ended_at: number }>`
      update episodes e set revision = revision + 1, ended_at = greatest(e.active_at, (
        select max(s.occurred_at) from samples s where s.read_point = e.read_point and s.metric = e.metric
      ))
      where e.id = any(${orphans}::text[])
      returning e.id, e.ended_at
    `.execute(trx);
    const ended = rows.map((row) => ({ id: excursionId(row.id), clearedAt: row.ended_at }));
    return [...(await clearExceptions(trx, ended, now)), ...(await holdForEpisodes(trx, orphans, now))];
  });
}
