/**
 * A delivery → what of it may enter the ledger. PURE. The header must be sound and say what the transport proves;
 * then each event is judged alone: a bad one becomes a dead letter with its reason and blocks no other.
 */
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import { parseEventRecord, type UnknownEventRecord } from '../../../protocol/events/parse-event.ts';
import type { EventRecord } from '../../../protocol/events/record.ts';
import { isStorableTime } from '../../../protocol/events/times.ts';
import { decodeBatch, type ReceivedBatch } from '../../../protocol/link/batch.ts';
import { isGatewayId } from '../../../protocol/link/topics.ts';
import type { Delivery } from '../../intake/intake.ts';
import { whyNotStorable } from './canonical.ts';
import { type DeadLetterRecord, payloadText } from './dead-letters.ts';

/** A kind that this version does not know is a newer gateway's: kept as it is, on whatever lane it came. */
export type JudgedEvent = (
  | { readonly isKnown: true; readonly record: EventRecord }
  | { readonly isKnown: false; readonly record: UnknownEventRecord }
) & {
  /** With gateway and lane the event's name for ever: that of its batch, or its original one. */
  readonly name: { readonly epoch: string; readonly seq: number };
};

/** A batch whose header is sound, with its events judged. */
export interface JudgedBatch {
  readonly gateway: string;
  readonly epoch: string;
  readonly lane: Lane;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly prunedUpTo: number;
  /** Which opening of the journal sends; older gateways do not say. */
  readonly boot?: ReceivedBatch['boot'];
  readonly events: readonly JudgedEvent[];
  readonly deadLetters: readonly DeadLetterRecord[];
  /** For a dead letter of the whole batch, when the gateway turns out to be unknown. */
  readonly payload: Uint8Array;
}

export type BatchJudgement = { ok: true; batch: JudgedBatch } | { ok: false; deadLetter: DeadLetterRecord };

/** Epochs stand in keys that order: ASCII, no slash. */
const EPOCH = /^[A-Za-z0-9._~:-]{8,64}$/;

export function judgeDelivery(delivery: Delivery): BatchJudgement {
  const decoded = decodeBatch(delivery.payload);
  if (!decoded.ok) return refuse(delivery, 'UNREADABLE_BATCH', decoded.reason);
  const { batch } = decoded;
  if (batch.gateway !== delivery.gateway || batch.lane !== delivery.lane || !isGatewayId(batch.gateway)) {
    const claims = `payload says ${batch.gateway}/${batch.lane}`;
    return refuse(
      delivery,
      'MISMATCHED_SENDER',
      `${claims}, it came as ${delivery.gateway}/${delivery.lane}`,
    );
  }
  if (!EPOCH.test(batch.epoch)) return refuse(delivery, 'UNREADABLE_BATCH', `epoch is not ${EPOCH.source}`);
  const badOpening = whyNotStorable(batch.boot?.id);
  if (badOpening !== undefined) {
    return refuse(delivery, 'UNREADABLE_BATCH', `id of the opening: ${badOpening}`);
  }
  const events: JudgedEvent[] = [];
  const deadLetters: DeadLetterRecord[] = [];
  for (const raw of batch.events) {
    const verdict = judgeEvent(raw, batch);
    if (verdict.ok) events.push(verdict.event);
    else deadLetters.push(poison(raw, batch, verdict));
  }
  const { gateway, epoch, lane, firstSeq, lastSeq, prunedUpTo, boot } = batch;
  const { payload } = delivery;
  return {
    ok: true,
    batch: { gateway, epoch, lane, firstSeq, lastSeq, prunedUpTo, boot, events, deadLetters, payload },
  };
}

function refuse(delivery: Delivery, code: DeadLetterRecord['code'], detail: string): BatchJudgement {
  const gateway = isGatewayId(delivery.gateway) ? delivery.gateway : null;
  const lane = LANES.find((name) => name === delivery.lane) ?? null;
  const payload = payloadText(delivery.payload);
  return { ok: false, deadLetter: { gateway, epoch: null, lane, seq: null, code, detail, payload } };
}

type Poison = { ok: false; code: DeadLetterRecord['code']; detail: string };
type EventVerdict = { ok: true; event: JudgedEvent } | Poison;

function judgeEvent(raw: unknown, batch: ReceivedBatch): EventVerdict {
  const unstorable = whyNotStorable(raw);
  if (unstorable !== undefined) return poisoned(unstorable);
  const parsed = parseEventRecord(raw);
  if (parsed.outcome === 'invalid') return poisoned(parsed.reason);
  const { seq, origin } = parsed.record;
  if (seq < batch.firstSeq || seq > batch.lastSeq) {
    return poisoned(`seq ${seq} is outside of its batch ${batch.firstSeq}..${batch.lastSeq}`);
  }
  const misplaced =
    parsed.outcome === 'known' ? whyMisplaced(parsed.record, batch) : whyTimeless(parsed.record);
  if (misplaced !== undefined) return poisoned(misplaced);
  if (origin !== undefined && (origin.epoch === batch.epoch || !EPOCH.test(origin.epoch))) {
    return poisoned(`origin names epoch ${origin.epoch}: expected an earlier epoch, as ${EPOCH.source}`);
  }
  const name = origin ?? { epoch: batch.epoch, seq };
  return parsed.outcome === 'known'
    ? { ok: true, event: { isKnown: true, record: parsed.record, name } }
    : { ok: true, event: { isKnown: false, record: parsed.record, name } };
}

function poisoned(detail: string): Poison {
  return { ok: false, code: 'POISON_EVENT', detail };
}

function whyMisplaced({ event }: EventRecord, { lane }: ReceivedBatch): string | undefined {
  return laneOf(event.type) === lane ? undefined : `${event.type} does not belong on ${lane}`;
}

/** Where an unknown event says no time of its own, the one of its recording stands for it. */
function whyTimeless({ event, recordedAt }: UnknownEventRecord): string | undefined {
  if (event.occurredAt !== undefined || isStorableTime(recordedAt)) return undefined;
  return `no such time: ${recordedAt}`;
}

function poison(raw: unknown, batch: ReceivedBatch, { code, detail }: Poison): DeadLetterRecord {
  const { gateway, epoch, lane, firstSeq, lastSeq } = batch;
  const claimed = raw !== null && typeof raw === 'object' && 'seq' in raw ? raw.seq : undefined;
  const seq = typeof claimed === 'number' && Number.isSafeInteger(claimed) ? claimed : null;
  const inside = seq !== null && seq >= firstSeq && seq <= lastSeq;
  return { gateway, epoch, lane, seq: inside ? seq : null, code, detail, payload: payloadText(raw) };
}
