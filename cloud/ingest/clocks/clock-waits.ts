/**
 * Events that wait for a good clock, by the wall clock of the cloud: people are notified of a gateway whose events have
 * waited for minutes, until none do; and after a day the receipt is taken for the best time there is, so that
 * nothing waits for ever.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import { exceptionId } from '../../exceptions/exception-id.ts';
import { clearExceptions, type ExceptionRow, raiseExceptions } from '../../exceptions/raise.ts';
import type { Change } from '../../ledger/change.ts';
import { lockDerivedState } from '../../ledger/locks.ts';
import type { Tables } from '../../store/tables.ts';
import type { GivenUpBoot } from './settle-clocks.ts';

/** The first answer to a new gateway takes a moment; beyond this somebody should look. */
const NOTIFY_AFTER_MS = 5 * 60_000;
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

interface ClockWait extends GivenUpBoot {
  readonly events: number;
  /** When the first of them was received. */
  readonly since: number;
}

export async function readClockWaits(db: Kysely<Tables>): Promise<ClockWait[]> {
  const { rows } = await sql<ClockWait>`
    select gateway, boot_id, count(*) as events, min(received_at) as since,
      min(received_at - monotonic_ms) as "latestStart"
    from events where time_quality = 'waiting' group by gateway, boot_id order by gateway, boot_id
  `.execute(db);
  return rows;
}

export function givenUpBoots(waits: readonly ClockWait[], now: number): ClockWait[] {
  return waits.filter(({ since }) => now - since >= GIVE_UP_AFTER_MS);
}

interface OpenClockWait {
  id: string;
  gateway: string;
  events: number;
}

/** Raises for each gateway, says so again when there are twice as many, and takes back what is over. */
export async function raiseClockWaits(trx: Transaction<Tables>, now: number): Promise<Change[]> {
  const waits = await readClockWaits(trx);
  const { rows: standing } = await sql<OpenClockWait>`
    select id, subject as gateway, (detail ->> 'events')::bigint as events from exceptions
    where kind = 'CLOCK_UNSYNCED' and cleared_at is null and status <> 'withdrawn'
  `.execute(trx);
  if (waits.length + standing.length === 0) return [];
  await lockDerivedState(trx);
  const byGateway = [...Map.groupBy(waits, ({ gateway }) => gateway)].map(([gateway, boots]) => ({
    gateway,
    events: boots.reduce((sum, boot) => sum + boot.events, 0),
    since: boots.reduce((first, boot) => Math.min(first, boot.since), now),
  }));
  const late = byGateway.filter(({ since }) => now - since >= NOTIFY_AFTER_MS);
  const news = late.flatMap(({ gateway, events, since }): ExceptionRow[] => {
    const known = standing.find((one) => one.gateway === gateway);
    if (known !== undefined && events < 2 * known.events) return [];
    return [
      {
        id: known?.id ?? exceptionId('CLOCK_UNSYNCED', gateway, since),
        kind: 'CLOCK_UNSYNCED',
        subject: gateway,
        location: null,
        readPoint: null,
        raisedAt: since + NOTIFY_AFTER_MS,
        clearedAt: null,
        detail: { gateway, since, events },
      },
    ];
  });
  const over = standing
    .filter((one) => !late.some(({ gateway }) => gateway === one.gateway))
    .map(({ id }) => ({ id, clearedAt: now }));
  return [...(await raiseExceptions(trx, news, now)), ...(await clearExceptions(trx, over, now))];
}
