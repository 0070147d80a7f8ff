/**
 * The events table: each name is written once. What is new is distinguished from what stands already, and a name that
 * comes again with another body from a plain resend. A body is the event with its stamp; seq and origin are
 * names, of which one event may have several.
 */
import { sql, type Transaction } from 'kysely';
import { AS_RECORDED, type EventTime } from '../../ledger/event-time.ts';
import { occurredKey } from '../../ledger/ledger-event.ts';
import type { Tables } from '../../store/tables.ts';
import { type ColumnKinds, columnList, unnest } from '../../store/unnest.ts';
import { canonicalJson } from './canonical.ts';
import type { JudgedBatch, JudgedEvent } from './judge.ts';

export type NamedEvent = JudgedEvent & {
  readonly key: string;
  readonly batch: JudgedBatch;
  readonly time: EventTime;
};

interface WrittenEvents {
  readonly fresh: readonly NamedEvent[];
  /** Known already with the same body. */
  readonly repeated: number;
  /** Known already with another body: refused. */
  readonly conflicting: readonly NamedEvent[];
}

interface EventRow {
  gateway: string;
  epoch: string;
  lane: string;
  seq: number;
  type: string;
  read_point: string | null;
  occurred_at: number;
  recorded_at: number;
  boot_id: string;
  monotonic_ms: number;
  clock: string;
  body: string;
}

export const EVENT_KINDS: ColumnKinds<EventRow> = {
  gateway: 'text',
  epoch: 'text',
  lane: 'text',
  seq: 'bigint',
  type: 'text',
  read_point: 'text',
  occurred_at: 'bigint',
  recorded_at: 'bigint',
  boot_id: 'text',
  monotonic_ms: 'double precision',
  clock: 'text',
  body: 'text',
};

interface TimedRow extends EventRow {
  raw_occurred_at: number | null;
  correction_ms: number | null;
  time_quality: string;
}

const TIMED_KINDS: ColumnKinds<TimedRow> = {
  ...EVENT_KINDS,
  body: 'jsonb',
  raw_occurred_at: 'bigint',
  correction_ms: 'bigint',
  time_quality: 'text',
};

function timedRow(event: NamedEvent): TimedRow {
  const { quality, correctionMs } = event.time;
  const row = eventRow(event);
  if (quality === 'as-recorded' || quality === 'waiting') {
    return Object.assign(row, { raw_occurred_at: null, correction_ms: null, time_quality: quality });
  }
  return {
    ...row,
    occurred_at: row.occurred_at + correctionMs,
    raw_occurred_at: row.occurred_at,
    correction_ms: correctionMs,
    time_quality: quality,
  };
}

/** `times`: of the events that are not simply as recorded. */
export async function writeEvents(
  trx: Transaction<Tables>,
  batches: readonly JudgedBatch[],
  times: ReadonlyMap<JudgedEvent, EventTime>,
  receivedAt: number,
): Promise<WrittenEvents> {
  const { distinct, repeated, conflicting } = distinctEvents(batches, times);
  if (distinct.size === 0) return { fresh: [], repeated, conflicting };
  const events = [...distinct.values()];
  const inserted = await insertNew(trx, events, receivedAt);
  if (inserted === 'all') return { fresh: events, repeated, conflicting };
  const known = events.filter((event) => !inserted.has(event.key));
  const differing = await differingBodies(trx, known);
  return {
    fresh: events.filter((event) => inserted.has(event.key)),
    repeated: repeated + known.length - differing.length,
    conflicting: [...conflicting, ...differing],
  };
}

/** The first of each key; the same key may come twice in one group of batches. */
function distinctEvents(batches: readonly JudgedBatch[], times: ReadonlyMap<JudgedEvent, EventTime>) {
  const distinct = new Map<string, NamedEvent>();
  const conflicting: NamedEvent[] = [];
  let repeated = 0;
  for (const batch of batches) {
    for (const judged of batch.events) {
      const key = occurredKey(batch.gateway, judged.name.epoch, batch.lane, judged.name.seq);
      const known = distinct.get(key);
      const event = { ...judged, key, batch, time: times.get(judged) ?? AS_RECORDED };
      if (known === undefined) distinct.set(key, event);
      else if (isSameEvent(known, judged)) repeated += 1;
      else conflicting.push(event);
    }
  }
  return { distinct, repeated, conflicting };
}

function isSameEvent(one: JudgedEvent, other: JudgedEvent): boolean {
  return canonicalJson(bodyOf(one)) === canonicalJson(bodyOf(other));
}

function bodyOf({ record: { seq, origin, ...body } }: JudgedEvent): object {
  return body;
}

/**
 * The names of those that were not there yet; mostly all are new, and then none is named: naming them costs a third of
 * the insert. The rows that this transaction wrote carry its id (PostgreSQL manual, 5.6 System Columns).
 */
async function insertNew(
  trx: Transaction<Tables>,
  events: readonly NamedEvent[],
  receivedAt: number,
): Promise<ReadonlySet<string> | 'all'> {
  const rows = unnest('t', TIMED_KINDS, events.map(timedRow));
  const { numAffectedRows } = await sql`
    insert into events (${columnList(TIMED_KINDS)}, received_at)
    select gateway, epoch, lane, seq, type, read_point, occurred_at, recorded_at, boot_id, monotonic_ms, clock,
      body, raw_occurred_at, correction_ms, time_quality, ${receivedAt}::bigint
    from ${rows}
    on conflict do nothing
  `.execute(trx);
  if (numAffectedRows === BigInt(events.length)) return 'all';
  const kinds = { gateway: 'text', epoch: 'text', lane: 'text', seq: 'bigint' } as const;
  const names = events.map(({ batch: { gateway, lane }, name }) => ({ gateway, lane, ...name }));
  const written = await sql<NamedRow>`
    select e.gateway, e.epoch, e.lane, e.seq
    from ${unnest<NamedRow>('t', kinds, names)} join events e using (gateway, epoch, lane, seq)
    where e.xmin = pg_current_xact_id()::xid
  `.execute(trx);
  return new Set(written.rows.map(({ gateway, epoch, lane, seq }) => occurredKey(gateway, epoch, lane, seq)));
}

interface NamedRow {
  gateway: string;
  epoch: string;
  lane: string;
  seq: number;
}

/** Those whose body is another than the one that stands; jsonb compares by value, however the JSON was written. */
async function differingBodies(
  trx: Transaction<Tables>,
  known: readonly NamedEvent[],
): Promise<NamedEvent[]> {
  const stamp = ['recorded_at', 'boot_id', 'monotonic_ms', 'clock'].map(
    (column) => sql`${sql.ref(`e.${column}`)} <> ${sql.ref(`t.${column}`)}`,
  );
  const { rows } = await sql<NamedRow>`
    select e.gateway, e.epoch, e.lane, e.seq
    from ${unnest('t', EVENT_KINDS, known.map(eventRow))} join events e using (gateway, epoch, lane, seq)
    where e.body <> t.body::jsonb or ${sql.join(stamp, sql` or `)}
  `.execute(trx);
  const differing = new Set(
    rows.map(({ gateway, epoch, lane, seq }) => occurredKey(gateway, epoch, lane, seq)),
  );
  return known.filter(({ key }) => differing.has(key));
}

export function eventRow(
  judged: JudgedEvent & { readonly batch: Pick<JudgedBatch, 'gateway' | 'lane'> },
): EventRow {
  const { record, name, batch } = judged;
  const body: Readonly<Record<string, unknown>> = judged.isKnown
    ? judged.record.event
    : judged.record.event.raw;
  return {
    gateway: batch.gateway,
    epoch: name.epoch,
    lane: batch.lane,
    seq: name.seq,
    type: record.event.type,
    read_point: typeof body.readPoint === 'string' ? body.readPoint : null,
    occurred_at: record.event.occurredAt ?? record.recordedAt,
    recorded_at: record.recordedAt,
    boot_id: record.bootId,
    monotonic_ms: record.monotonicMs,
    clock: record.clock,
    body: JSON.stringify(body),
  };
}
