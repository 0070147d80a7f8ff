/** Lanes: independent ordered sequences of the journal and the link. What sets one apart stands in its record. */

interface LaneKind {
  readonly meaning: string;
  /** Of an exception for what was lost of it. */
  readonly lossSeverity: 'critical' | 'warning';
  /** Place in the order in which lanes go up when the line is thin: 1 goes first. */
  readonly urgency: number;
  /** How often the lane, with something to send, may be passed over for others. */
  readonly maxPassedOver: number;
  /** Nobody waits for its next event: it may wait a little for company, on its way into the journal and up. */
  readonly mayLinger: boolean;
  /**
   * What a journal that is over its limit gives up, place 1 first. `thinned`: before anything else, every second
   * event of long stretches; `spares`: kinds that are never given up; `onlyForOwn`: not for room that others took on
   * the disk: a refused append is better then.
   */
  readonly givenUp: {
    readonly place: number;
    readonly thinned: boolean;
    readonly spares: readonly string[];
    readonly onlyForOwn: boolean;
  };
}

const LANE_KINDS = {
  stock: {
    meaning: 'What crossed a door or stood on a scale.',
    lossSeverity: 'critical',
    urgency: 2,
    maxPassedOver: 1,
    mayLinger: false,
    givenUp: { place: 3, thinned: false, spares: [], onlyForOwn: true },
  },
  condition: {
    meaning: 'How it is around the stock: samples, doors open and closed.',
    lossSeverity: 'warning',
    urgency: 3,
    maxPassedOver: 4,
    mayLinger: true,
    givenUp: { place: 1, thinned: true, spares: [], onlyForOwn: false },
  },
  health: {
    meaning: 'How devices and the gateway itself are: conditions, losses, clocks.',
    lossSeverity: 'warning',
    urgency: 1,
    maxPassedOver: 1,
    mayLinger: false,
    // A gap event speaks of a loss, a clock event puts the times of others right: neither may be lost itself.
    givenUp: { place: 2, thinned: false, spares: ['gap', 'clock'], onlyForOwn: false },
  },
} as const satisfies Record<string, LaneKind>;

export type Lane = keyof typeof LANE_KINDS;

/** Their order is that of tables, pages and reports; what goes first where stands in the records. */
export const LANES = Object.keys(LANE_KINDS) as readonly Lane[];

export function laneKind(lane: Lane): LaneKind {
  return LANE_KINDS[lane];
}

/** Of a name from outside, which may be none of a lane. */
export function findLane(name: string | null | undefined): Lane | undefined {
  return LANES.find((lane) => lane === name);
}

export function perLane<T>(make: (lane: Lane) => T): Record<Lane, T> {
  return Object.fromEntries(LANES.map((lane) => [lane, make(lane)])) as Record<Lane, T>;
}
