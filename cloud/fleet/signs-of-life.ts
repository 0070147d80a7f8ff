/** When each gateway and probe was last heard, by the clock of the cloud. Reads only. */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { metricSchema } from '../../protocol/events/metrics.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';
import { unnest } from '../store/unnest.ts';

export interface GatewayLife {
  readonly id: string;
  readonly isOffline: boolean;
  /** The last batch, or the last change of its state, whichever is later. */
  readonly heardAt: number;
  /** Since when it could have delivered: probes get their time from here on. */
  readonly onlineAt: number;
  readonly isSilent: boolean;
}

export interface ProbeLife {
  readonly readPoint: string;
  readonly location: string;
  /** The gateway that last reported it; null: none ever did. */
  readonly gateway: string | null;
  /** When its last sample arrived; null: none ever did. */
  readonly heardAt: number | null;
}

/**
 * A gateway is silent when it has been offline too long; or, though online, when it has probes that should make
 * it speak and it does not. One without probes may have nothing to say. One that was never heard is not missed.
 */
export async function readGateways(
  trx: Transaction<Tables>,
  site: Site,
  probes: readonly ProbeLife[],
  now: number,
): Promise<GatewayLife[]> {
  const rows = await trx.selectFrom('gateways').selectAll().where('revoked_at', 'is', null).execute();
  return rows.flatMap(({ id, state, state_at, last_batch_at, created_at }) => {
    if (state_at === null && last_batch_at === null) return [];
    const heardAt = Math.max(state_at ?? 0, last_batch_at ?? 0);
    const isOffline = state === 'offline';
    const mustSpeak = isOffline || probes.some(({ gateway }) => gateway === id);
    const isSilent = mustSpeak && now - heardAt >= site.sensorSilentAfterMs;
    return [
      { id, isOffline, heardAt, onlineAt: (state === 'online' ? state_at : null) ?? created_at, isSilent },
    ];
  });
}

/** How many samples to look at: the last by event time need not be the last to arrive. */
const LOOK_BACK = 20;

/**
 * The probes of the site; what has only ever sent open and closed is a contact and left out. Samples from the
 * future (a clock that lies) must not hide the newer ones behind them: both sides of `now` are looked at.
 */
export async function readProbes(trx: Transaction<Tables>, site: Site, now: number): Promise<ProbeLife[]> {
  const probes = site.probes
    .filter(({ kind }) => kind !== 'contact')
    .map(({ readPoint, location }) => ({ read_point: readPoint, location }));
  if (probes.length === 0) return [];
  const recent = (when: RawBuilder<unknown>) => sql`(
    select occurred_key from samples
    where read_point = p.read_point and metric = m.metric and ${when}
    order by occurred_at desc limit ${sql.lit(LOOK_BACK)})`;
  const { rows } = await sql<{
    read_point: string;
    location: string;
    gateway: string | null;
    received_at: number | null;
    is_contact: boolean;
  }>`
    select p.read_point, p.location, s.gateway, s.received_at,
      exists (select 1 from contacts c where c.read_point = p.read_point) as is_contact
    from ${unnest('p', { read_point: 'text', location: 'text' }, probes)} left join lateral (
      select e.gateway, e.received_at
      from unnest(${metricSchema.options}::text[]) as m(metric) cross join lateral (
        ${recent(sql`occurred_at <= ${now}`)} union all ${recent(sql`occurred_at > ${now}`)}
      ) seen cross join lateral (
        select gateway, received_at from events where gateway = split_part(seen.occurred_key, '/', 1)
          and epoch = split_part(seen.occurred_key, '/', 2) and lane = split_part(seen.occurred_key, '/', 3)
          and seq = split_part(seen.occurred_key, '/', 4)::bigint limit 1
      ) e
      order by e.received_at desc limit 1
    ) s on true
  `.execute(trx);
  return rows
    .filter((row) => row.received_at !== null || !row.is_contact)
    .map((row) => ({
      readPoint: row.read_point,
      location: row.location,
      gateway: row.gateway,
      heardAt: row.received_at,
    }));
}
