/**
 * What time it is for the cloud, and how fast its time runs: in a demonstration its clock is simulated and runs
 * ahead of the browser's. Estimated from the `now` of its status answers against a local clock that never jumps.
 * Pure. Ages on the page are counted in this time only.
 */

/** One answer: the local time in the middle of the request, and what the cloud said. */
export interface TimeSample {
  readonly localMs: number;
  readonly serverMs: number;
}

export interface ServerTime {
  readonly samples: readonly TimeSample[];
  /** Milliseconds of the cloud in one local millisecond. */
  readonly rate: number;
}

/** Enough to even out the network over some minutes. */
const KEPT_SAMPLES = 12;
/** Closer together, the network's delay says more about the rate than the clock does. */
const SHORTEST_SPAN_MS = 1500;
/** A rate this close to 1 is a clock like ours. */
const RATE_TOLERANCE = 0.05;
/** Beyond this the cloud was restarted with another clock: what was known is void. In local time. */
const LARGEST_ERROR_MS = 5000;

export const UNKNOWN_TIME: ServerTime = { samples: [], rate: 1 };

export function addTimeSample(time: ServerTime, sample: TimeSample): ServerTime {
  const newest = time.samples.at(-1);
  if (newest === undefined || sample.localMs <= newest.localMs) return { samples: [sample], rate: time.rate };
  const isKnown = newest.localMs - (time.samples[0]?.localMs ?? newest.localMs) >= SHORTEST_SPAN_MS;
  const errorMs = Math.abs(sample.serverMs - serverTimeAt(time, sample.localMs)) / time.rate;
  if (isKnown && errorMs > LARGEST_ERROR_MS) return { samples: [sample], rate: 1 };
  const samples = [...time.samples, sample].slice(-KEPT_SAMPLES);
  return { samples, rate: rateOf(samples) ?? time.rate };
}

/** The cloud's time in milliseconds since the epoch; not a number before the first sample. */
export function serverTimeAt({ samples, rate }: ServerTime, localMs: number): number {
  const newest = samples.at(-1);
  return newest === undefined ? Number.NaN : newest.serverMs + (localMs - newest.localMs) * rate;
}

function rateOf(samples: readonly TimeSample[]): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const spanMs = last.localMs - first.localMs;
  if (spanMs < SHORTEST_SPAN_MS) return undefined;
  const rate = (last.serverMs - first.serverMs) / spanMs;
  if (rate <= 0) return 1;
  return Math.abs(rate - 1) < RATE_TOLERANCE ? 1 : rate;
}
