/**
 * The lanes of a group of batches: how far each has come, and which openings of its journal have spoken, as the
 * database knows it at the start of the transaction and as it stands after it. The lanes' locks are held.
 */
import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../store/tables.ts';
import { unnest } from '../../store/unnest.ts';
import type { JudgedBatch } from './judge.ts';
import { advanceToPruned, cover, type Range, START, type Watermark } from './watermark.ts';

interface LaneName {
  readonly gateway: string;
  readonly epoch: string;
  readonly lane: string;
}

export interface LaneState extends LaneName {
  watermark: Watermark;
  /** What the gateway pruned and we do not have. */
  lost: Range[];
  /** The newest opening of the journal that spoke on this lane; 0: none did. */
  opening: number;
}

/** Ids of the openings on record, by `openingName`. */
export type Openings = Map<string, string>;

export interface KnownLanes {
  /** Of gateways that may deliver. */
  readonly lanes: Map<string, LaneState>;
  readonly openings: Openings;
}

export function laneName({ gateway, epoch, lane }: LaneName): string {
  return `${gateway}/${epoch}/${lane}`;
}

export function openingName({ gateway, epoch }: Pick<LaneName, 'gateway' | 'epoch'>, n: number): string {
  return `${gateway}/${epoch}/${n}`;
}

interface AskedLane extends LaneName {
  n: number;
}

interface LaneRow extends AskedLane {
  up_to: number | null;
  ahead: Range[] | null;
  opening: number | null;
  opening_id: string | null;
}

/** Batches that do not say which opening sends them ask for this one, which none has. */
const NO_OPENING = 0;

export async function readLanes(
  trx: Transaction<Tables>,
  batches: readonly JudgedBatch[],
): Promise<KnownLanes> {
  const known: KnownLanes = { lanes: new Map(), openings: new Map() };
  if (batches.length === 0) return known;
  const asked = new Map(
    batches.map(({ gateway, epoch, lane, boot }) => {
      const name = { gateway, epoch, lane, n: boot?.n ?? NO_OPENING };
      return [`${laneName(name)}/${name.n}`, name];
    }),
  );
  const kinds = { gateway: 'text', epoch: 'text', lane: 'text', n: 'bigint' } as const;
  const { rows } = await sql<LaneRow>`
    select t.gateway, t.epoch, t.lane, t.n, w.up_to, w.ahead, w.opening, o.id as opening_id
    from ${unnest<AskedLane>('t', kinds, [...asked.values()])}
      left join watermarks w using (gateway, epoch, lane)
      left join journal_openings o using (gateway, epoch, n)
    where exists (select 1 from gateways g where g.id = t.gateway and g.revoked_at is null)
  `.execute(trx);
  for (const { gateway, epoch, lane, n, up_to: upTo, ahead, opening, opening_id } of rows) {
    const watermark = upTo === null ? START : { upTo, ahead: ahead ?? [] };
    const name = { gateway, epoch, lane };
    known.lanes.set(laneName(name), {
      ...name,
      watermark,
      lost: [],
      opening: opening ?? NO_OPENING,
    });
    if (opening_id !== null) known.openings.set(openingName(name, n), opening_id);
  }
  return known;
}

export function advance(state: LaneState, batch: JudgedBatch): void {
  const covered = cover(state.watermark, batch.firstSeq, batch.lastSeq);
  const { watermark, lost } = advanceToPruned(covered, batch.prunedUpTo);
  state.watermark = watermark;
  state.lost.push(...lost);
}

/** Returns the gateways of which events wait for a good clock. */
export async function writeLanes(
  trx: Transaction<Tables>,
  lanes: readonly LaneState[],
  now: number,
): Promise<ReadonlySet<string>> {
  if (lanes.length === 0) return new Set();
  const rows = lanes
    .map(({ gateway, epoch, lane, watermark, opening }) => {
      return { gateway, epoch, lane, up_to: watermark.upTo, ahead: JSON.stringify(watermark.ahead), opening };
    })
    .sort((a, b) => (laneName(a) < laneName(b) ? -1 : 1));
  const kinds = {
    gateway: 'text',
    epoch: 'text',
    lane: 'text',
    up_to: 'bigint',
    ahead: 'text',
    opening: 'bigint',
  } as const;
  const touched = await sql<{ id: string; events_wait: boolean }>`
    with moved as (
      insert into watermarks (gateway, epoch, lane, up_to, ahead, opening, updated_at)
      select gateway, epoch, lane, up_to, ahead::jsonb, opening, ${now}::bigint from ${unnest('t', kinds, rows)}
      on conflict (gateway, epoch, lane) do update set up_to = excluded.up_to, ahead = excluded.ahead,
        opening = excluded.opening, updated_at = excluded.updated_at
      returning gateway
    )
    update gateways set last_batch_at = greatest(last_batch_at, ${now}::bigint)
    where id in (select id from gateways where id in (select gateway from moved) order by id for update)
    returning id, exists (
      select from events e where e.gateway = gateways.id and e.time_quality = 'waiting'
    ) as events_wait
  `.execute(trx);
  return new Set(touched.rows.flatMap(({ id, events_wait }) => (events_wait ? [id] : [])));
}
