/**
 * The one transaction: events, their effects, the watermark and the dead letters of a group of batches, all or
 * nothing. What it returns may be acked and told once it is committed, never before.
 */
import { sql, type Transaction } from 'kysely';
import type { Ack } from '../../protocol/link/ack.ts';
import { exceptionId } from '../coldchain/exception-id.ts';
import type { ExceptionRow } from '../coldchain/raise.ts';
import type { Tables } from '../store/tables.ts';
import { unnest } from '../store/unnest.ts';
import type { Change } from './change.ts';
import { type DeadLetter, keepDeadLetters, payloadText } from './dead-letters.ts';
import { type NamedEvent, writeEvents } from './events.ts';
import type { JudgedBatch } from './judge.ts';
import { lockLanes } from './locks.ts';
import { type ProjectContext, projectEvents } from './project.ts';
import { advanceToPruned, cover, type Range, START, type Watermark } from './watermark.ts';

export interface TakeContext extends ProjectContext {
  /** Overrides the registration in the gateways table. */
  readonly knows?: ((gateway: string) => Promise<boolean>) | undefined;
}

export interface Taken {
  /** One for each batch, in order; undefined where the gateway is not known. */
  readonly acks: (Ack | undefined)[];
  readonly changes: Change[];
  readonly fresh: number;
  readonly repeated: number;
  readonly deadLetters: readonly DeadLetter[];
}

interface LaneName {
  readonly gateway: string;
  readonly epoch: string;
  readonly lane: string;
}

interface LaneState extends LaneName {
  watermark: Watermark;
  lost: Range[];
}

export async function takeBatches(
  trx: Transaction<Tables>,
  batches: readonly JudgedBatch[],
  refused: readonly DeadLetter[],
  context: TakeContext,
): Promise<Taken> {
  const { now } = context;
  await lockLanes(trx, context.engine, batches.map(laneName));
  const lanes = await readLanes(trx, batches, context);
  const accepted = batches.filter((batch) => lanes.has(laneName(batch)));
  const strangers = batches.filter((batch) => !lanes.has(laneName(batch))).map(unknownGateway);

  const written = await writeEvents(trx, accepted, now);
  for (const batch of accepted) advance(lanes.get(laneName(batch)), batch);
  const raise = [
    ...written.conflicting.map((event) => bodyMismatch(event, now)),
    ...ledgerBehind(lanes, now),
  ];
  const changes = await projectEvents(
    trx,
    written.fresh.map((event) => ({
      gateway: event.batch.gateway,
      key: event.key,
      event: event.record.event,
    })),
    context,
    raise,
  );
  const deadLetters = [
    ...refused,
    ...strangers,
    ...accepted.flatMap((batch) => batch.deadLetters),
    ...written.conflicting.map(refusedBody),
  ];
  await writeLanes(trx, [...lanes.values()], now);
  await keepDeadLetters(trx, deadLetters, now);
  return {
    acks: batches.map((batch) => ackOf(batch, lanes.get(laneName(batch)))),
    changes: [...changes, ...gatewayChanges(accepted, now)],
    fresh: written.fresh.length,
    repeated: written.repeated,
    deadLetters,
  };
}

function laneName({ gateway, epoch, lane }: LaneName): string {
  return `${gateway}/${epoch}/${lane}`;
}

interface LaneRow extends LaneName {
  up_to: number | null;
  ahead: Range[] | null;
}

/** The lanes of these batches whose gateway may deliver. */
async function readLanes(
  trx: Transaction<Tables>,
  batches: readonly JudgedBatch[],
  { knows }: TakeContext,
): Promise<Map<string, LaneState>> {
  if (batches.length === 0) return new Map();
  const names = new Map(
    batches.map(({ gateway, epoch, lane }) => {
      const name = { gateway, epoch, lane };
      return [laneName(name), name];
    }),
  );
  const kinds = { gateway: 'text', epoch: 'text', lane: 'text' } as const;
  const registered = sql`exists (select 1 from gateways g where g.id = t.gateway and g.revoked_at is null)`;
  const { rows } = await sql<LaneRow>`
    select t.gateway, t.epoch, t.lane, w.up_to, w.ahead
    from ${unnest<LaneName>('t', kinds, [...names.values()])} left join watermarks w using (gateway, epoch, lane)
    where ${knows === undefined ? registered : sql`true`}
  `.execute(trx);
  const lanes = new Map<string, LaneState>();
  for (const { gateway, epoch, lane, up_to: upTo, ahead } of rows) {
    if (knows !== undefined && !(await knows(gateway))) continue;
    const watermark = upTo === null ? START : { upTo, ahead: ahead ?? [] };
    lanes.set(laneName({ gateway, epoch, lane }), { gateway, epoch, lane, watermark, lost: [] });
  }
  return lanes;
}

function advance(state: LaneState | undefined, batch: JudgedBatch): void {
  if (state === undefined) return;
  const covered = cover(state.watermark, batch.firstSeq, batch.lastSeq);
  const { watermark, lost } = advanceToPruned(covered, batch.prunedUpTo);
  state.watermark = watermark;
  state.lost.push(...lost);
}

async function writeLanes(trx: Transaction<Tables>, lanes: readonly LaneState[], now: number): Promise<void> {
  if (lanes.length === 0) return;
  const rows = lanes
    .map(({ gateway, epoch, lane, watermark }) => {
      return { gateway, epoch, lane, up_to: watermark.upTo, ahead: JSON.stringify(watermark.ahead) };
    })
    .sort((a, b) => (laneName(a) < laneName(b) ? -1 : 1));
  const kinds = { gateway: 'text', epoch: 'text', lane: 'text', up_to: 'bigint', ahead: 'text' } as const;
  await sql`
    with moved as (
      insert into watermarks (gateway, epoch, lane, up_to, ahead, updated_at)
      select gateway, epoch, lane, up_to, ahead::jsonb, ${now}::bigint from ${unnest('t', kinds, rows)}
      on conflict (gateway, epoch, lane) do update set
        up_to = excluded.up_to, ahead = excluded.ahead, updated_at = excluded.updated_at
      returning gateway
    )
    update gateways set last_batch_at = greatest(last_batch_at, ${now}::bigint)
    where id in (select id from gateways where id in (select gateway from moved) order by id for update)
  `.execute(trx);
}

function ackOf(batch: JudgedBatch, state: LaneState | undefined): Ack | undefined {
  if (state === undefined) return undefined;
  const { gateway, epoch, lane } = batch;
  return { v: 1, gateway, epoch, lane, upTo: state.watermark.upTo };
}

function unknownGateway(batch: JudgedBatch): DeadLetter {
  return {
    gateway: batch.gateway,
    epoch: batch.epoch,
    lane: batch.lane,
    seq: null,
    code: 'UNKNOWN_GATEWAY',
    detail: `gateway ${batch.gateway} is not registered, or its registration was revoked`,
    payload: payloadText(batch.payload),
  };
}

function refusedBody({ batch, record, key }: NamedEvent): DeadLetter {
  return {
    gateway: batch.gateway,
    epoch: batch.epoch,
    lane: batch.lane,
    seq: record.seq,
    code: 'BODY_MISMATCH',
    detail: `event ${key} stands with another body; the first stays`,
    payload: payloadText(record),
  };
}

function bodyMismatch({ batch, record, key }: NamedEvent, now: number): ExceptionRow {
  return {
    id: exceptionId('BODY_MISMATCH', key),
    kind: 'BODY_MISMATCH',
    subject: batch.gateway,
    location: null,
    readPoint: null,
    raisedAt: now,
    detail: { gateway: batch.gateway, epoch: batch.epoch, lane: batch.lane, seq: record.seq },
  };
}

function ledgerBehind(lanes: ReadonlyMap<string, LaneState>, now: number): ExceptionRow[] {
  return [...lanes.values()].flatMap(({ gateway, epoch, lane, lost }) =>
    lost.map(
      ([first, last]): ExceptionRow => ({
        id: exceptionId('LEDGER_BEHIND', gateway, epoch, lane, first),
        kind: 'LEDGER_BEHIND',
        subject: gateway,
        location: null,
        readPoint: null,
        raisedAt: now,
        detail: { gateway, epoch, lane, firstSeq: first, lastSeq: last },
      }),
    ),
  );
}

function gatewayChanges(batches: readonly JudgedBatch[], now: number): Change[] {
  const at = new Date(now).toISOString();
  return [...new Set(batches.map((batch) => batch.gateway))].map((id) => ({ topic: 'gateway', at, id }));
}
