/** What the forwarder reports to the status page and the metrics. */
import type { Lanes } from './schedule.ts';

export interface ForwarderStatus {
  readonly connected: boolean;
  /** The uplink's own line. */
  readonly uplink: string;
  readonly epoch: string;
  readonly lanes: Lanes<ForwarderLaneStatus>;
  /** Wall time of the last valid ack. */
  readonly lastAckAt: number | undefined;
  readonly lastError: string | undefined;
  /** What keeps events from getting through, and what to do, in one line; undefined when all is well. */
  readonly problem: string | undefined;
  /** The cloud does not take this journal's events any more; recording goes on. */
  readonly refused: boolean;
  /** How much may be on its way to the carrier at once: small on a thin link. */
  readonly linkLimitBytes: number;
  readonly malformedAcks: number;
  readonly counters: Readonly<ForwarderCounters>;
}

interface ForwarderLaneStatus {
  readonly lastSeq: number;
  readonly ackedUpTo: number;
  /** Events not acked yet (thinned ones included). */
  readonly backlog: number;
  readonly inFlightBatches: number;
}

export interface ForwarderCounters {
  batchesSent: number;
  batchesResent: number;
  /** Counted at their first sending. */
  eventsSent: number;
  /** Sent ahead of a backlog, and again in their turn. */
  eventsSentAhead: number;
  bytesSent: number;
  publishFailures: number;
  acks: number;
  repeatedAcks: number;
  /** Of another gateway or epoch. */
  foreignAcks: number;
  /** Beyond anything the lane ever held. */
  outOfRangeAcks: number;
  /** Acks that say: not taken and never will be. */
  refusals: number;
  deadLettered: number;
  journalFailures: number;
  /** The carrier was rebuilt because it was stuck. */
  uplinkRestarts: number;
}

export function noCounters(): ForwarderCounters {
  return {
    batchesSent: 0,
    batchesResent: 0,
    eventsSent: 0,
    eventsSentAhead: 0,
    bytesSent: 0,
    publishFailures: 0,
    acks: 0,
    repeatedAcks: 0,
    foreignAcks: 0,
    outOfRangeAcks: 0,
    refusals: 0,
    deadLettered: 0,
    journalFailures: 0,
    uplinkRestarts: 0,
  };
}
