/**
 * What clocks of gateways said, as the database keeps it: a mark for each place in a health lane at which a clock
 * event was delivered, and from the settled ones the true time of events whose gateway did not know it.
 */
import { sql, type Transaction } from 'kysely';
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import { AS_RECORDED, type EventTime } from '../../ledger/event-time.ts';
import type { ClockMarksTable } from '../../store/tables/ingest.ts';
import type { Tables } from '../../store/tables.ts';
import { type ColumnKinds, columnList, unnest } from '../../store/unnest.ts';
import type { JudgedBatch, JudgedEvent } from '../delivery/judge.ts';
import { type LaneState, laneName } from '../delivery/lanes.ts';
import { type ClockMark, GatewayClocks, needsClocks } from './true-time.ts';

/** The lane of the clock events. */
export const CLOCK_LANE = laneOf('clock');

export interface BootName {
  readonly gateway: string;
  readonly boot_id: string;
}

const MARK: ColumnKinds<ClockMarksTable> = {
  gateway: 'text',
  epoch: 'text',
  seq: 'bigint',
  boot_id: 'text',
  monotonic_ms: 'double precision',
  source: 'text',
  wall_before: 'bigint',
  wall_after: 'bigint',
};

/** The marks that these batches bring, by the place at which they came. */
export function marksOf(batches: readonly JudgedBatch[]): ClockMarksTable[] {
  return batches.flatMap(({ gateway, epoch, lane, events }) =>
    lane !== CLOCK_LANE
      ? []
      : events.flatMap((judged) => {
          if (!judged.isKnown || judged.record.event.type !== 'clock') return [];
          const { seq, event } = judged.record;
          const { bootId: boot_id, monotonicMs: monotonic_ms, source } = event;
          if (source === undefined) return [];
          const walls = { wall_before: event.wallBefore, wall_after: event.wallAfter };
          return [{ gateway, epoch, seq, boot_id, monotonic_ms, source, ...walls }];
        }),
  );
}

export async function keepMarks(trx: Transaction<Tables>, marks: readonly ClockMarksTable[]): Promise<void> {
  if (marks.length === 0) return;
  const rows = marks.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  await sql`
    insert into clock_marks (${columnList(MARK)}) select * from ${unnest('t', MARK, rows)} on conflict do nothing
  `.execute(trx);
}

function placeOf({ gateway, epoch, seq }: ClockMarksTable): string {
  return `${gateway}/${epoch}/${String(seq).padStart(16, '0')}`;
}

/** Of older gateways, which do not say which opening sends, every stamp is taken at its word. */
export function unsyncedEvents(batches: readonly JudgedBatch[]): JudgedEvent[] {
  return batches.flatMap(({ boot, events }) =>
    boot === undefined ? [] : events.filter(({ record }) => record.clock === 'unsynced'),
  );
}

/** The times of all events of these batches that are not simply as recorded. */
export async function timeEvents(
  trx: Transaction<Tables>,
  batches: readonly JudgedBatch[],
  lanes: ReadonlyMap<string, LaneState>,
): Promise<ReadonlyMap<JudgedEvent, EventTime>> {
  const times = new Map<JudgedEvent, EventTime>();
  const gatewayOf = new Map<JudgedEvent, string>();
  for (const batch of batches)
    for (const event of unsyncedEvents([batch])) gatewayOf.set(event, batch.gateway);
  if (gatewayOf.size === 0) return times;
  const boots = new Map<string, BootName>();
  for (const [{ record }, gateway] of gatewayOf) {
    if (needsClocks(record)) boots.set(`${gateway}/${record.bootId}`, { gateway, boot_id: record.bootId });
  }
  const clocks = await readClocks(trx, [...boots.values()], lanes);
  for (const [event, gateway] of gatewayOf) {
    const time = (clocks.get(gateway) ?? NO_CLOCKS).timeOf(event.record);
    if (time !== AS_RECORDED) times.set(event, time);
  }
  return times;
}

const NO_CLOCKS = new GatewayClocks([]);

interface MarkRow extends ClockMarksTable {
  up_to: number | null;
}

/**
 * The clocks of the gateways of these boots: their settled marks, and those that came after them in their epochs.
 * `lanes`: how far lanes have come in this transaction, where that is not written yet.
 */
export async function readClocks(
  trx: Transaction<Tables>,
  boots: readonly BootName[],
  lanes: ReadonlyMap<string, LaneState> = new Map(),
): Promise<Map<string, GatewayClocks>> {
  if (boots.length === 0) return new Map();
  const kinds = { gateway: 'text', boot_id: 'text' } as const;
  const { rows } = await sql<MarkRow>`
    with own as (
      select m.gateway, m.epoch, min(m.seq) as seq
      from ${unnest<BootName>('b', kinds, boots)} join clock_marks m using (gateway, boot_id)
      group by m.gateway, m.epoch
    )
    select m.*, w.up_to
    from own join clock_marks m on m.gateway = own.gateway and m.epoch = own.epoch and m.seq >= own.seq
      left join watermarks w on w.gateway = m.gateway and w.epoch = m.epoch and w.lane = ${CLOCK_LANE}
  `.execute(trx);
  const settled = rows.filter(({ gateway, epoch, seq, up_to: upTo }) => {
    const lane = lanes.get(laneName({ gateway, epoch, lane: CLOCK_LANE }));
    return seq <= (lane?.watermark.upTo ?? upTo ?? 0);
  });
  const byGateway: Map<string, ClockMark[]> = Map.groupBy(settled, (mark) => mark.gateway);
  return new Map([...byGateway].map(([gateway, marks]) => [gateway, new GatewayClocks(marks)]));
}
