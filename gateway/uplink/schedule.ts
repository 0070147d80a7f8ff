/**
 * What the forwarder does next, as a function of what it sees. Pure: the loop in forwarder.ts only carries it out.
 *
 * - Health alarms and stock go before condition backlog; a lane that was passed over `patience` times goes first,
 *   so that nothing starves.
 * - At most `window` batches wait for the cloud's ack, and each other lane keeps some places free: one lane that
 *   the cloud does not ack cannot stop the others.
 * - Small batches linger for company; a full one goes at once.
 * - On silence only a lane's oldest unacked batch is sent again: acks are cumulative, so it may answer for all.
 */
import type { Lane } from '../../protocol/events/lanes.ts';

/** Most urgent first. */
export const LANE_ORDER: readonly Lane[] = ['health', 'stock', 'condition'];

/** How often a lane with something to send may be passed over. */
const PATIENCE: Readonly<Record<Lane, number>> = { health: 1, stock: 1, condition: 4 };

export interface ScheduleLimits {
  /** Batches sent and not acked by the cloud, all lanes together. */
  readonly window: number;
  /** Places of the window that each other lane keeps. */
  readonly reservedPerLane: number;
  readonly flushEvents: number;
  /** Per lane: somebody waits for stock and alarms, nobody for the next sample of a backlog. */
  readonly lingerMs: Lanes<number>;
}

export interface LaneView {
  /** Events appended and not yet handed to a batch. */
  readonly waiting: number;
  /** Since when the oldest of them is known to wait. */
  readonly waitingSinceMs: number | undefined;
  /** Before this the lane rests, because reading or sending it just failed. */
  readonly restUntilMs: number;
  readonly passedOver: number;
  /** Unacked batches, oldest first. */
  readonly inFlight: readonly InFlightView[];
}

export interface InFlightView {
  /** The carrier has not answered yet: not to be sent a second time now. */
  readonly publishing: boolean;
  /** The link broke, or the carrier refused it: to be sent as soon as `resendAtMs` says. */
  readonly mustResend: boolean;
  readonly resendAtMs: number;
}

export type Lanes<T> = Readonly<Record<Lane, T>>;

export type Decision =
  | { readonly do: 'resend'; readonly lane: Lane; readonly index: number }
  | { readonly do: 'send'; readonly lane: Lane }
  /** Nothing now; look again at this time, or at the next event when undefined. */
  | { readonly do: 'wait'; readonly untilMs: number | undefined };

/** `paceReadyAtMs`: when the pacing allows the next publish. */
export function decide(
  lanes: Lanes<LaneView>,
  limits: ScheduleLimits,
  paceReadyAtMs: number,
  nowMs: number,
): Decision {
  const due = [...resendCandidates(lanes), ...sendCandidates(lanes, limits, nowMs)];
  const ready = due.filter((candidate) => candidate.atMs <= nowMs);
  if (ready.length === 0) {
    const next = due.map((candidate) => candidate.atMs);
    return {
      do: 'wait',
      untilMs: next.length === 0 ? undefined : Math.max(Math.min(...next), paceReadyAtMs),
    };
  }
  if (paceReadyAtMs > nowMs) return { do: 'wait', untilMs: paceReadyAtMs };
  // By lane order, except that the lane most beyond its patience comes first. Resends stand before sends.
  const overdue = ({ lane }: Candidate) => Math.max(-1, lanes[lane].passedOver - PATIENCE[lane]);
  const byOrder = (a: Candidate, b: Candidate) => LANE_ORDER.indexOf(a.lane) - LANE_ORDER.indexOf(b.lane);
  const [chosen] = ready.toSorted((a, b) => overdue(b) - overdue(a) || byOrder(a, b));
  return chosen?.what ?? { do: 'wait', untilMs: undefined };
}

/** Lanes that had something ready and were not chosen. */
export function passedOver(
  lanes: Lanes<LaneView>,
  limits: ScheduleLimits,
  chosen: Lane,
  nowMs: number,
): Lane[] {
  return sendCandidates(lanes, limits, nowMs)
    .filter((candidate) => candidate.atMs <= nowMs && candidate.lane !== chosen)
    .map((candidate) => candidate.lane);
}

interface Candidate {
  readonly lane: Lane;
  readonly atMs: number;
  readonly what: Decision;
}

/** What was sent before: at most one per lane, the oldest that needs it. */
function resendCandidates(lanes: Lanes<LaneView>): Candidate[] {
  return LANE_ORDER.flatMap((lane) => {
    const { inFlight } = lanes[lane];
    const index = inFlight.findIndex((batch, at) => !batch.publishing && (batch.mustResend || at === 0));
    const batch = inFlight[index];
    if (batch === undefined) return [];
    return [{ lane, atMs: batch.resendAtMs, what: { do: 'resend', lane, index } as const }];
  });
}

function sendCandidates(lanes: Lanes<LaneView>, limits: ScheduleLimits, nowMs: number): Candidate[] {
  const total = LANE_ORDER.reduce((sum, lane) => sum + lanes[lane].inFlight.length, 0);
  if (total >= limits.window) return [];
  const perLane = limits.window - limits.reservedPerLane * (LANE_ORDER.length - 1);
  return LANE_ORDER.flatMap((lane) => {
    const view = lanes[lane];
    if (view.waiting <= 0 || view.inFlight.length >= perLane) return [];
    // New batches of a lane wait until what was lost on the way is sent again: the cloud sees an even stream.
    if (view.inFlight.some((batch) => batch.mustResend)) return [];
    const lingerEnd =
      view.waiting >= limits.flushEvents ? nowMs : (view.waitingSinceMs ?? nowMs) + limits.lingerMs[lane];
    return [{ lane, atMs: Math.max(lingerEnd, view.restUntilMs), what: { do: 'send', lane } as const }];
  });
}

/** How long to wait for the cloud's ack after the n-th sending (from 1): doubling, with ±20 % jitter. */
export function ackTimeoutMs(
  attempt: number,
  limits: { readonly firstMs: number; readonly maxMs: number },
  unitRandom: number,
): number {
  const base = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(attempt - 1, 20));
  return Math.round(base * (0.8 + 0.4 * unitRandom));
}
