/**
 * The sending state of one lane: what is handed out, what waits for the cloud's ack, what is acked.
 * floor ≤ first unacked seq; floor ≤ cursor ≤ lastSeq; inFlight covers (floor, cursor] without holes.
 */
import type { LaneStatus } from '../journal/journal.ts';
import { FIRST_BUDGET_BYTES } from './batch-fitting.ts';
import type { LaneView } from './schedule.ts';

export interface InFlightBatch {
  readonly lastSeq: number;
  readonly payload: Uint8Array;
  readonly events: number;
  attempts: number;
  publishing: boolean;
  mustResend: boolean;
  resendAtMs: number;
}

export type AckVerdict = 'progress' | 'repeated' | 'out-of-range';

export class LaneSender implements LaneView {
  lastSeq: number;
  /** Highest seq handed to a batch. */
  cursor: number;
  /** Acked by the cloud up to here. */
  floor: number;
  waitingSinceMs: number | undefined;
  restUntilMs = 0;
  passedOver = 0;
  budgetBytes = FIRST_BUDGET_BYTES;
  inFlight: InFlightBatch[] = [];

  constructor(status: LaneStatus, nowMs: number) {
    this.lastSeq = status.lastSeq;
    this.cursor = status.prunedUpTo;
    this.floor = status.prunedUpTo;
    this.waitingSinceMs = this.waiting > 0 ? nowMs : undefined;
  }

  get waiting(): number {
    return this.lastSeq - this.cursor;
  }

  grew(lastSeq: number, nowMs: number): void {
    this.lastSeq = Math.max(this.lastSeq, lastSeq);
    this.waitingSinceMs ??= nowMs;
  }

  /** Takes a new batch in flight; it still has to be published. */
  handOut(payload: Uint8Array, events: number, lastSeq: number, nowMs: number): InFlightBatch {
    const batch: InFlightBatch = {
      lastSeq,
      payload,
      events,
      attempts: 0,
      publishing: false,
      mustResend: false,
      resendAtMs: nowMs,
    };
    this.inFlight.push(batch);
    this.cursor = lastSeq;
    this.lastSeq = Math.max(this.lastSeq, lastSeq);
    this.waitingSinceMs = this.waiting > 0 ? nowMs : undefined;
    return batch;
  }

  /** A cumulative ack. The next batch in line is given `graceMs` to be answered too. */
  acked(upTo: number, nowMs: number, graceMs: number): AckVerdict {
    if (upTo > this.lastSeq) return 'out-of-range';
    if (upTo <= this.floor) return 'repeated';
    this.floor = upTo;
    // Beyond the cursor: sent by this gateway before it restarted.
    this.cursor = Math.max(this.cursor, upTo);
    this.inFlight = this.inFlight.filter((batch) => batch.lastSeq > upTo);
    if (this.waiting === 0) this.waitingSinceMs = undefined;
    const [head] = this.inFlight;
    if (head !== undefined && !head.mustResend) head.resendAtMs = Math.max(head.resendAtMs, nowMs + graceMs);
    return 'progress';
  }

  /** The link is gone: everything unacked goes again, from the floor, when it is back. */
  linkLost(nowMs: number): void {
    for (const batch of this.inFlight) {
      batch.mustResend = true;
      batch.publishing = false;
      batch.resendAtMs = nowMs;
    }
  }
}
