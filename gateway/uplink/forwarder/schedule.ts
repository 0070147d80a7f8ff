/**
 * What the forwarder does next, as a function of what it sees. Pure: the loop in forwarder.ts only carries it out.
 *
 * - Batches are packed before they are paced, one per lane at a time; which packed one goes is decided here.
 * - Live ones, that leave nothing of their lane behind, go first. Of the others the most urgent lane goes first, and
 *   before it one that was passed over as often as its record allows, so that nothing starves.
 * - A lane that is far behind sends what was appended meanwhile ahead of its backlog, once, outside the window: the
 *   cloud takes batches in any order. Nothing hangs on it, the lane comes to these events in its own time.
 * - At most `window` batches wait for the cloud's ack, and each other lane keeps some places free: one lane that
 *   the cloud does not ack cannot stop the others.
 * - Small batches linger for company; a full one goes at once.
 * - On silence only a lane's oldest unacked batch is sent again, and nothing new of the lane until an ack comes: acks
 *   are cumulative, so one may answer for all.
 */
import { LANES, type Lane, laneKind } from '../../../protocol/events/lanes.ts';

/** Most urgent first. */
export const LANE_ORDER: readonly Lane[] = LANES.toSorted(
  (a, b) => laneKind(a).urgency - laneKind(b).urgency,
);

export interface ScheduleLimits {
  /** Batches handed out and not acked by the cloud, all lanes together. */
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
  /** Sendings in a row that the cloud has not answered. */
  readonly silences: number;
  /** Since when something waits to go ahead of the backlog. */
  readonly aheadSinceMs: number | undefined;
  /** Unacked batches, oldest first. */
  readonly inFlight: readonly InFlightView[];
}

export interface InFlightView {
  readonly bytes: number;
  readonly live: boolean;
  /** The carrier has not answered yet: not to be sent a second time now. */
  readonly publishing: boolean;
  /** Not sent yet, or the link broke, or the carrier refused it: to be sent as soon as `resendAtMs` says. */
  readonly mustSend: boolean;
  readonly resendAtMs: number;
}

export type Lanes<T> = Readonly<Record<Lane, T>>;

/** `passedOver`: lanes that were ready too. */
type SendDecision =
  /** Read and pack the lane's next batch. */
  | { readonly do: 'pack'; readonly lane: Lane }
  /** Read, pack and publish what the lane sends ahead of its backlog. */
  | { readonly do: 'ahead'; readonly lane: Lane; readonly passedOver: readonly Lane[] }
  | {
      readonly do: 'publish';
      readonly lane: Lane;
      readonly index: number;
      readonly passedOver: readonly Lane[];
    }
  /** Nothing now; look again at this time, or at the next event when undefined. */
  | { readonly do: 'wait'; readonly untilMs: number | undefined };

/** When pacing and link allow a batch of this size; Infinity: only after the carrier has answered something. */
type ReadyAt = (bytes: number, live: boolean) => number;

interface Candidate {
  readonly lane: Lane;
  readonly index: number;
  readonly batch: InFlightView;
}

export function decide(
  lanes: Lanes<LaneView>,
  limits: ScheduleLimits,
  readyAt: ReadyAt,
  nowMs: number,
): SendDecision {
  const times: number[] = [];
  const isDue = (atMs: number) => {
    if (atMs > nowMs) times.push(atMs);
    return atMs <= nowMs;
  };
  const pack = LANE_ORDER.find((lane) => isDue(packAtMs(lanes, lane, limits, nowMs)));
  if (pack !== undefined) return { do: 'pack', lane: pack };
  const due = publishable(lanes).filter(({ batch }) => isDue(batch.resendAtMs));
  // Live ones have tokens of their own and never stand in line with bulk; nor does bulk with them.
  const aheads = LANE_ORDER.filter((lane) => isDue(aheadAtMs(lanes, lane, limits)));
  const live = byTurn(lanes, [
    ...aheads.map((lane) => ({ lane, index: undefined, bytes: 1 })),
    ...due.flatMap(({ lane, index, batch }) => (batch.live ? [{ lane, index, bytes: batch.bytes }] : [])),
  ]);
  const [soonest] = live;
  if (soonest !== undefined && isDue(readyAt(soonest.bytes, true))) return chosen(live, soonest);
  // One is chosen before pacing is asked: a large batch whose turn it is must not wait for ever behind small ones.
  const bulk = byTurn(
    lanes,
    due.flatMap(({ lane, index, batch }) => (batch.live ? [] : [{ lane, index, bytes: batch.bytes }])),
  );
  const [next] = bulk;
  if (next !== undefined && isDue(readyAt(next.bytes, false))) return chosen(bulk, next);
  const untilMs = Math.min(...times);
  return { do: 'wait', untilMs: Number.isFinite(untilMs) ? untilMs : undefined };
}

interface Turn {
  readonly lane: Lane;
  /** Undefined: what goes ahead of the lane's backlog. */
  readonly index: number | undefined;
  readonly bytes: number;
}

/** By lane order, except that the lane most beyond its patience comes first. */
function byTurn(lanes: Lanes<LaneView>, turns: Turn[]): Turn[] {
  const overdue = ({ lane }: Turn) => Math.max(-1, lanes[lane].passedOver - laneKind(lane).maxPassedOver);
  const byOrder = (a: Turn, b: Turn) => LANE_ORDER.indexOf(a.lane) - LANE_ORDER.indexOf(b.lane);
  return turns.toSorted((a, b) => overdue(b) - overdue(a) || byOrder(a, b));
}

function chosen(turns: readonly Turn[], { lane, index }: Turn): SendDecision {
  const passedOver = [...new Set(turns.map((turn) => turn.lane))].filter((other) => other !== lane);
  return index === undefined ? { do: 'ahead', lane, passedOver } : { do: 'publish', lane, index, passedOver };
}

/** Per lane the oldest that is to be sent, and the very oldest, which may have to be sent again. By lane order. */
function publishable(lanes: Lanes<LaneView>): Candidate[] {
  return LANE_ORDER.flatMap((lane) => {
    const { inFlight } = lanes[lane];
    const unsent = inFlight.findIndex((batch) => batch.mustSend && !batch.publishing);
    return inFlight.flatMap((batch, index) =>
      index === unsent || (index === 0 && !batch.publishing) ? [{ lane, index, batch }] : [],
    );
  });
}

/** When the lane's next batch should be packed; Infinity: not before something else happens. */
function packAtMs(lanes: Lanes<LaneView>, lane: Lane, limits: ScheduleLimits, nowMs: number): number {
  const never = Number.POSITIVE_INFINITY;
  const view = lanes[lane];
  const total = LANE_ORDER.reduce((sum, one) => sum + lanes[one].inFlight.length, 0);
  const perLane = limits.window - limits.reservedPerLane * (LANE_ORDER.length - 1);
  if (view.waiting <= 0 || total >= limits.window || view.inFlight.length >= perLane) return never;
  if (view.silences > 0 && view.inFlight.length > 0) return never;
  // One packed batch at a time; and new ones wait until what was lost on the way is sent again: an even stream.
  if (view.inFlight.some((batch) => batch.mustSend)) return never;
  const lingerEnd =
    view.waiting >= limits.flushEvents ? nowMs : (view.waitingSinceMs ?? nowMs) + limits.lingerMs[lane];
  return Math.max(lingerEnd, view.restUntilMs);
}

function aheadAtMs(lanes: Lanes<LaneView>, lane: Lane, limits: ScheduleLimits): number {
  const { aheadSinceMs, restUntilMs } = lanes[lane];
  return aheadSinceMs === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(aheadSinceMs + limits.lingerMs[lane], restUntilMs);
}
