/**
 * Events that waited for a good clock, and now need not wait any more: their times are put right and they take
 * effect, in the transaction of the caller, a page at a time. Arriving late is nothing new to the projections.
 */
import { sql, type Transaction } from 'kysely';
import * as z from 'zod';
import type { Change } from '../../ledger/change.ts';
import type { EventTime } from '../../ledger/event-time.ts';
import { type LedgerEvent, ledgerEvent, occurredKey, readRecorded } from '../../ledger/ledger-event.ts';
import { lockClocks, lockLanes } from '../../ledger/locks.ts';
import { type ProjectContext, projectEvents } from '../../projections/project.ts';
import type { Tables } from '../../store/tables.ts';
import { unnest } from '../../store/unnest.ts';
import { type BootName, readClocks } from './clocks.ts';
import { corrected, GatewayClocks } from './true-time.ts';

const PAGE_EVENTS = 1000;

/** A boot whose events have waited so long that no clock will ever give their time: receipt less age is the best there is. */
export interface GivenUpBoot extends BootName {
  /** The smallest (receipt − monotonic time) of its events: none can have been later. */
  readonly latestStart: number;
}

interface Settled {
  readonly events: number;
  /** There is another page. */
  readonly more: boolean;
  readonly changes: Change[];
}

interface AskedBoot extends BootName {
  up_to: number;
}

const waitingRow = z.object({
  gateway: z.string(),
  epoch: z.string(),
  lane: z.string(),
  seq: z.number(),
  recorded_at: z.number(),
  boot_id: z.string(),
  monotonic_ms: z.number(),
  type: z.string(),
  body: z.record(z.string(), z.unknown()),
});
type WaitingEventRow = z.infer<typeof waitingRow>;

/** A page of the times that this gateway's clocks can give; `givenUp`: its boots that are estimated where none does. */
export async function settleClocks(
  trx: Transaction<Tables>,
  gateway: string,
  context: ProjectContext,
  givenUp: readonly GivenUpBoot[],
): Promise<Settled> {
  await lockLanes(trx, context.engine, []);
  await lockClocks(trx, context.engine, [gateway]);
  const waiting = await waitingBoots(trx, gateway);
  if (waiting.length === 0) return { events: 0, more: false, changes: [] };
  const clocks = (await readClocks(trx, waiting)).get(gateway) ?? new GatewayClocks([]);
  const lastResort = new Map(givenUp.map((boot) => [boot.boot_id, boot.latestStart]));
  const asked = waiting.flatMap(({ boot_id }): AskedBoot[] => {
    const upTo = lastResort.has(boot_id) ? Number.MAX_VALUE : clocks.knownUpTo(boot_id);
    return upTo === undefined ? [] : [{ gateway, boot_id, up_to: upTo }];
  });
  const rows = await waitingEvents(trx, asked);
  const timed = rows.map((row) => ({ ...row, ...timeOf(row, clocks, lastResort.get(row.boot_id)) }));
  await writeTimes(trx, timed);
  const changes = await projectEvents(trx, timed.map(ledgerEventOf), context);
  return { events: rows.length, more: rows.length === PAGE_EVENTS, changes };
}

function ledgerEventOf(row: WaitingEventRow & EventTime): LedgerEvent {
  const { gateway, epoch, lane, seq, quality, correctionMs } = row;
  return ledgerEvent(readRecorded(row.type, row.body), {
    gateway,
    key: occurredKey(gateway, epoch, lane, seq),
    recordedAt: row.recorded_at,
    time: { quality, correctionMs, bootId: row.boot_id },
  });
}

function timeOf(
  { recorded_at: recordedAt, boot_id: bootId, monotonic_ms: monotonicMs }: WaitingEventRow,
  clocks: GatewayClocks,
  latestStart: number | undefined,
): EventTime {
  const known = clocks.timeOf({ recordedAt, bootId, monotonicMs, clock: 'unsynced' });
  if (known.quality !== 'waiting' || latestStart === undefined) return known;
  return corrected('estimated', latestStart + monotonicMs, recordedAt);
}

/** The boots that have events waiting: one look into the index for each, however many events wait. */
async function waitingBoots(trx: Transaction<Tables>, gateway: string): Promise<BootName[]> {
  const next = (beyond: ReturnType<typeof sql>) => sql`
    select gateway, boot_id from events where time_quality = 'waiting' and gateway = ${gateway} and ${beyond}
    order by boot_id limit 1`;
  const { rows } = await sql<BootName>`
    with recursive boots as (
      (${next(sql`true`)})
      union all
      select n.gateway, n.boot_id from boots b cross join lateral (${next(sql`boot_id > b.boot_id`)}) n
    )
    select gateway, boot_id from boots
  `.execute(trx);
  return rows;
}

async function waitingEvents(
  trx: Transaction<Tables>,
  asked: readonly AskedBoot[],
): Promise<WaitingEventRow[]> {
  if (asked.length === 0) return [];
  const kinds = { gateway: 'text', boot_id: 'text', up_to: 'double precision' } as const;
  const { rows } = await sql<unknown>`
    select e.gateway, e.epoch, e.lane, e.seq, e.recorded_at, e.boot_id, e.monotonic_ms, e.type, e.body
    from ${unnest('b', kinds, asked)} cross join lateral (
      select * from events where gateway = b.gateway and boot_id = b.boot_id and monotonic_ms <= b.up_to
        and time_quality = 'waiting'
      order by monotonic_ms limit ${PAGE_EVENTS}
    ) e
    limit ${PAGE_EVENTS}
  `.execute(trx);
  return z.array(waitingRow).parse(rows);
}

async function writeTimes(
  trx: Transaction<Tables>,
  timed: readonly (WaitingEventRow & EventTime)[],
): Promise<void> {
  if (timed.length === 0) return;
  const kinds = {
    gateway: 'text',
    epoch: 'text',
    lane: 'text',
    seq: 'bigint',
    correction_ms: 'bigint',
    time_quality: 'text',
  } as const;
  const rows = timed.map(({ gateway, epoch, lane, seq, correctionMs, quality }) => {
    return { gateway, epoch, lane, seq, correction_ms: correctionMs, time_quality: quality };
  });
  await sql`
    update events e set occurred_at = e.occurred_at + t.correction_ms, raw_occurred_at = e.occurred_at,
      correction_ms = t.correction_ms, time_quality = t.time_quality
    from ${unnest('t', kinds, rows)}
    where e.gateway = t.gateway and e.epoch = t.epoch and e.lane = t.lane and e.seq = t.seq
  `.execute(trx);
}
