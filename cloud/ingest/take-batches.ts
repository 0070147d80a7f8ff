/**
 * The one transaction: events, their effects, the watermark and the dead letters of a group of batches, all or
 * nothing. What it returns may be acked and published once it is committed, never before.
 */
import type { Transaction } from 'kysely';
import type { Ack } from '../../protocol/link/ack.ts';
import { exceptionId } from '../exceptions/exception-id.ts';
import type { ExceptionRow } from '../exceptions/raise.ts';
import { revokedAmong, revokedTraffic } from '../fleet/revoked-traffic.ts';
import type { Change } from '../ledger/change.ts';
import { type LedgerEvent, ledgerEvent, type RecordedEvent } from '../ledger/ledger-event.ts';
import { lockClocks, lockLanes } from '../ledger/locks.ts';
import { type ProjectContext, projectEvents } from '../projections/project.ts';
import type { Tables } from '../store/tables.ts';
import { CLOCK_LANE, keepMarks, marksOf, timeEvents, unsyncedEvents } from './clocks/clocks.ts';
import { needsClocks } from './clocks/true-time.ts';
import { type DeadLetterRecord, keepDeadLetters, payloadText } from './delivery/dead-letters.ts';
import { type NamedEvent, writeEvents } from './delivery/events.ts';
import type { JudgedBatch } from './delivery/judge.ts';
import {
  advance,
  type KnownLanes,
  type LaneState,
  laneName,
  readLanes,
  writeLanes,
} from './delivery/lanes.ts';
import { journalForked, judgeOpening, keepOpenings, type NewOpening } from './delivery/openings.ts';

export interface Taken {
  /** One for each batch, in order; undefined where the gateway is not known. */
  readonly acks: (Ack | undefined)[];
  readonly changes: Change[];
  readonly fresh: number;
  readonly repeated: number;
  /** Of the fresh ones, those of a kind that this version does not know. */
  readonly unknown: number;
  /** Batches that were not taken: their journal is a copy, or was set back. */
  readonly forked: number;
  readonly deadLetters: readonly DeadLetterRecord[];
  /** Gateways whose waiting events may know their time now. */
  readonly clocksToSettle: readonly string[];
}

export async function takeBatches(
  trx: Transaction<Tables>,
  batches: readonly JudgedBatch[],
  refused: readonly DeadLetterRecord[],
  context: ProjectContext,
): Promise<Taken> {
  const { now } = context;
  await lockLanes(trx, context.engine, batches.map(laneName));
  const known = await readLanes(trx, batches);
  const { accepted, strangers, forked, openings } = admit(batches, known);
  const lanes = [...known.lanes.values()];
  const revoked = await revokedAmong(
    trx,
    strangers.map((batch) => batch.gateway),
  );

  await keepOpenings(trx, openings, now);
  const marks = marksOf(accepted);
  await lockClocks(trx, context.engine, concernedWithClocks(accepted));
  await keepMarks(trx, marks);
  const times = await timeEvents(trx, accepted, known.lanes);
  const written = await writeEvents(trx, accepted, times, now);
  const raise = [
    ...written.conflicting.map((event) => bodyMismatch(event, now)),
    ...ledgerBehind(lanes, now),
    ...[...forked.keys()].map((batch) => journalForked(batch, now)),
    ...[...revoked].map(([gateway, revokedAt]) => revokedTraffic(gateway, revokedAt, now)),
  ];
  const changes = await projectEvents(
    trx,
    written.fresh.filter(({ time }) => time.quality !== 'waiting').map(ledgerEventOf),
    context,
    raise,
  );
  const deadLetters = [
    ...refused,
    ...strangers.map((batch) => refusedGateway(batch, revoked.get(batch.gateway))),
    ...accepted.flatMap((batch) => batch.deadLetters),
    ...written.conflicting.map(refusedBody),
  ];
  const waiting = await writeLanes(trx, lanes, now);
  await keepDeadLetters(trx, deadLetters, now);
  return {
    acks: batches.map((batch) => ackOf(batch, known.lanes.get(laneName(batch)), forked.get(batch))),
    changes: [...changes, ...gatewayChanges(accepted, now)],
    fresh: written.fresh.length,
    repeated: written.repeated,
    unknown: written.fresh.filter(({ isKnown }) => !isKnown).length,
    forked: forked.size,
    deadLetters,
    clocksToSettle: accepted
      .filter(bringsClocks)
      .flatMap(({ gateway }) => (waiting.has(gateway) ? [gateway] : [])),
  };
}

function ledgerEventOf(named: NamedEvent): LedgerEvent {
  const { batch, key, record, time } = named;
  const { recordedAt, bootId } = record;
  const recorded: RecordedEvent = named.isKnown
    ? { isKnown: true, event: named.record.event }
    : { isKnown: false, event: named.record.event };
  return ledgerEvent(recorded, { gateway: batch.gateway, key, recordedAt, time: { ...time, bootId } });
}

/** A batch of the lane of clocks may bring the word of a clock, or close the hole before one. */
function bringsClocks({ lane }: JudgedBatch): boolean {
  return lane === CLOCK_LANE;
}

/** The gateways of which these batches bring clocks or events that need one. */
function concernedWithClocks(batches: readonly JudgedBatch[]): string[] {
  return batches.flatMap((batch) =>
    bringsClocks(batch) || unsyncedEvents([batch]).some(({ record }) => needsClocks(record))
      ? [batch.gateway]
      : [],
  );
}

interface Admission {
  readonly accepted: JudgedBatch[];
  readonly strangers: JudgedBatch[];
  /** With what is wrong with their journal. */
  readonly forked: Map<JudgedBatch, string>;
  readonly openings: NewOpening[];
}

/** Who may deliver; the lanes of what is accepted move on. */
function admit(batches: readonly JudgedBatch[], { lanes, openings }: KnownLanes): Admission {
  const admission: Admission = { accepted: [], strangers: [], forked: new Map(), openings: [] };
  for (const batch of batches) {
    const lane = lanes.get(laneName(batch));
    if (lane === undefined) {
      admission.strangers.push(batch);
      continue;
    }
    const verdict = judgeOpening(batch, lane, openings);
    if (!verdict.taken) {
      admission.forked.set(batch, verdict.detail);
      continue;
    }
    if (verdict.fresh !== undefined) admission.openings.push(verdict.fresh);
    admission.accepted.push(batch);
    advance(lane, batch);
  }
  return admission;
}

function ackOf(
  batch: JudgedBatch,
  state: LaneState | undefined,
  forked: string | undefined,
): Ack | undefined {
  if (state === undefined) return undefined;
  const { gateway, epoch, lane, boot } = batch;
  const { upTo } = state.watermark;
  const ack: Ack = { v: 1, gateway, epoch, lane, upTo, ...(boot && { boot: boot.id }) };
  return forked === undefined ? ack : { ...ack, refused: { code: 'journal-forked', detail: forked } };
}

function refusedGateway(batch: JudgedBatch, revokedAt: number | undefined): DeadLetterRecord {
  const { gateway, epoch, lane } = batch;
  return {
    gateway,
    epoch,
    lane,
    seq: null,
    code: revokedAt === undefined ? 'UNKNOWN_GATEWAY' : 'REVOKED_GATEWAY',
    detail:
      revokedAt === undefined
        ? `gateway ${gateway} is not registered`
        : `the identity of gateway ${gateway} was revoked on ${new Date(revokedAt).toISOString()}`,
    payload: payloadText(batch.payload),
  };
}

function refusedBody({ batch, record, name, key }: NamedEvent): DeadLetterRecord {
  return {
    gateway: batch.gateway,
    epoch: name.epoch,
    lane: batch.lane,
    seq: name.seq,
    code: 'BODY_MISMATCH',
    detail: `event ${key} stands with another body; the first stays`,
    payload: payloadText(record),
  };
}

function bodyMismatch({ batch, name, key }: NamedEvent, now: number): ExceptionRow {
  return {
    id: exceptionId('BODY_MISMATCH', key),
    kind: 'BODY_MISMATCH',
    subject: batch.gateway,
    location: null,
    readPoint: null,
    raisedAt: now,
    detail: { gateway: batch.gateway, epoch: name.epoch, lane: batch.lane, seq: name.seq },
  };
}

function ledgerBehind(lanes: readonly LaneState[], now: number): ExceptionRow[] {
  return lanes.flatMap(({ gateway, epoch, lane, lost }) =>
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
