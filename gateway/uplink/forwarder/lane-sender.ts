/**
 * The sending state of one lane: what is handed out, what waits for the cloud's ack, what is acked.
 * floor ≤ first unacked seq; floor ≤ cursor ≤ lastSeq; inFlight covers (floor, cursor] without holes.
 *
 * Batches that never arrive are not kept for ever as they are: `recut` takes them back, and the same events are read
 * from the journal again, in smaller batches if need be. Only the events have names; a batch has none.
 */
import type { LaneStatus } from '../../journal/journal.ts';
import { FIRST_BUDGET_BYTES } from './batch-fitting.ts';
import type { LaneView } from './schedule.ts';

export interface InFlightBatch {
  readonly lastSeq: number;
  readonly payload: Uint8Array;
  readonly bytes: number;
  readonly events: number;
  /** Left nothing of its lane behind when it was packed, and is small. */
  readonly live: boolean;
  /** None of its events was ever sent before it. */
  readonly first: boolean;
  attempts: number;
  /** Monotonic ms of the last sending. */
  sentAtMs: number;
  /** When the carrier took it, if it did. */
  takenAtMs: number | undefined;
  publishing: boolean;
  mustSend: boolean;
  resendAtMs: number;
  /** Later batches were answered and this one was not: sending it again is no sign of a silent cloud. */
  suspected: boolean;
}

export interface Packed {
  readonly payload: Uint8Array;
  readonly events: number;
  readonly lastSeq: number;
}

type AckVerdict =
  | { readonly kind: 'progress'; readonly answered: InFlightBatch | undefined }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'out-of-range' };

/** So many acks in a row that repeat the floor say that the oldest batch was lost (RFC 5681 section 3.2). */
const REPEATS_OF_A_LOSS = 3;
/** However quickly acks come, a batch is given this long: clouds side by side finish in any order. */
const LEAST_LATE_MS = 1000;

/** A lane with more than this many events waiting sends what is new ahead of them. */
const FAR_BEHIND_EVENTS = 1000;
/** Batches sent ahead since the cloud was last heard; more would bring acks all at once, or none. */
const MAX_AHEAD_UNHEARD = 3;

export class LaneSender implements LaneView {
  lastSeq: number;
  /** Highest seq handed to a batch. */
  cursor: number;
  /** Acked by the cloud up to here. */
  floor: number;
  /** Highest seq that was ever given to the carrier in its turn. */
  sentUpTo: number;
  waitingSinceMs: number | undefined;
  restUntilMs = 0;
  passedOver = 0;
  silences = 0;
  budgetBytes = FIRST_BUDGET_BYTES;
  /** What is behind this seq goes ahead of the backlog; undefined when the lane is not far behind. */
  aheadCursor: number | undefined;
  #aheadSinceMs: number | undefined;
  #aheadUnheard = 0;
  /** What was ever sent ahead: (from, upTo]. */
  #wentAhead: { readonly from: number; readonly upTo: number } | undefined;
  inFlight: InFlightBatch[] = [];
  /** Acks since the last progress that repeat the floor. */
  #repeats = 0;
  /** When a suspected batch was last sent again. */
  #lossAtMs = Number.NEGATIVE_INFINITY;

  constructor(status: LaneStatus, nowMs: number) {
    this.lastSeq = status.lastSeq;
    this.cursor = status.prunedUpTo;
    this.floor = status.prunedUpTo;
    this.sentUpTo = status.prunedUpTo;
    this.waitingSinceMs = this.waiting > 0 ? nowMs : undefined;
  }

  get waiting(): number {
    return this.lastSeq - this.cursor;
  }

  /** Since when something waits to go ahead, if it may. */
  get aheadSinceMs(): number | undefined {
    return this.#aheadUnheard < MAX_AHEAD_UNHEARD ? this.#aheadSinceMs : undefined;
  }

  grew(lastSeq: number, nowMs: number, connected: boolean): void {
    if (connected && this.waiting > FAR_BEHIND_EVENTS) this.aheadCursor ??= this.lastSeq;
    if (this.aheadCursor !== undefined) this.#aheadSinceMs ??= nowMs;
    this.lastSeq = Math.max(this.lastSeq, lastSeq);
    this.waitingSinceMs ??= nowMs;
  }

  /** Takes a new batch in flight; it still has to be published. */
  handOut(packed: Packed, liveBytes: number, nowMs: number): InFlightBatch {
    const { payload, events, lastSeq } = packed;
    const ahead = this.#wentAhead;
    const first =
      this.cursor >= this.sentUpTo &&
      (ahead === undefined || lastSeq <= ahead.from || this.cursor >= ahead.upTo);
    this.cursor = lastSeq;
    this.lastSeq = Math.max(this.lastSeq, lastSeq);
    this.#cursorMoved(nowMs);
    const batch: InFlightBatch = {
      lastSeq,
      payload,
      bytes: payload.length,
      events,
      live: this.waiting === 0 && payload.length <= liveBytes,
      first,
      attempts: 0,
      sentAtMs: nowMs,
      takenAtMs: undefined,
      publishing: false,
      mustSend: true,
      resendAtMs: nowMs,
      suspected: false,
    };
    this.inFlight.push(batch);
    return batch;
  }

  /** What lies behind the ahead cursor, up to here, is on its way. */
  sentAhead(upTo: number, nowMs: number): void {
    if (this.aheadCursor === undefined) return;
    this.#aheadUnheard++;
    this.#wentAhead = { from: this.#wentAhead?.from ?? this.aheadCursor, upTo };
    this.aheadCursor = Math.max(this.aheadCursor, upTo);
    this.#aheadSinceMs = this.aheadCursor < this.lastSeq ? nowMs : undefined;
  }

  /**
   * A cumulative ack. The next batch in line is given `graceMs` to be answered too, unless it was sent before one that
   * was lost: then it may have shared its fate, and goes again at once.
   */
  acked(upTo: number, nowMs: number, patience: { graceMs: number; usualMs: number }): AckVerdict {
    if (upTo > this.lastSeq) return { kind: 'out-of-range' };
    this.#aheadUnheard = 0;
    if (upTo <= this.floor) {
      if (upTo === this.floor) this.#heardAgain(patience.usualMs);
      return { kind: 'repeated' };
    }
    this.#repeats = 0;
    const answered = this.inFlight.find((batch) => batch.lastSeq === upTo);
    this.floor = upTo;
    this.silences = 0;
    // Beyond the cursor: sent ahead, or by this gateway before it restarted.
    this.cursor = Math.max(this.cursor, upTo);
    this.inFlight = this.inFlight.filter((batch) => batch.lastSeq > upTo);
    if (this.waiting === 0) this.waitingSinceMs = undefined;
    this.#leaveAhead();
    const [head] = this.inFlight;
    if (head === undefined || head.mustSend) return { kind: 'progress', answered };
    head.suspected = head.sentAtMs < this.#lossAtMs;
    head.resendAtMs = head.suspected ? nowMs : Math.max(head.resendAtMs, nowMs + patience.graceMs);
    return { kind: 'progress', answered };
  }

  /** The oldest batch is on its way again because it was suspected. */
  resent(nowMs: number): void {
    this.#lossAtMs = nowMs;
    this.#repeats = 0;
  }

  /** Takes back this batch and all behind it: their events are read again. */
  recut(index: number, nowMs: number): void {
    this.inFlight.length = Math.min(index, this.inFlight.length);
    this.cursor = this.inFlight.at(-1)?.lastSeq ?? this.floor;
    this.waitingSinceMs = nowMs;
    this.#cursorMoved(nowMs);
  }

  /** The link is gone: everything unacked is read and sent again, from the floor, when it is back. */
  linkLost(nowMs: number): void {
    this.silences = 0;
    this.restUntilMs = 0;
    this.aheadCursor = undefined;
    this.#aheadSinceMs = undefined;
    this.#aheadUnheard = 0;
    this.recut(0, nowMs);
  }

  /** An ack without progress answers something later: the oldest batch may be lost. */
  #heardAgain(usualMs: number): void {
    const [head] = this.inFlight;
    this.#repeats++;
    if (head === undefined || head.mustSend || this.#repeats < REPEATS_OF_A_LOSS) return;
    head.suspected = true;
    const lateAtMs = (head.takenAtMs ?? head.sentAtMs) + Math.max(LEAST_LATE_MS, usualMs);
    head.resendAtMs = Math.min(head.resendAtMs, lateAtMs);
  }

  #cursorMoved(nowMs: number): void {
    this.waitingSinceMs = this.waiting > 0 ? (this.waitingSinceMs ?? nowMs) : undefined;
    this.#leaveAhead();
  }

  #leaveAhead(): void {
    if (this.aheadCursor === undefined || this.cursor < this.aheadCursor) return;
    this.aheadCursor = undefined;
    this.#aheadSinceMs = undefined;
  }
}
