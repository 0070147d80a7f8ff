/** What the forwarder tells the status page and the metrics. */
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
  readonly counters: Readonly<ForwarderCounters>;
}

export interface ForwarderLaneStatus {
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
  bytesSent: number;
  publishFailures: number;
  acks: number;
  repeatedAcks: number;
  /** Of another gateway or epoch. */
  foreignAcks: number;
  /** Beyond anything the lane ever held. */
  outOfRangeAcks: number;
  deadLettered: number;
  journalFailures: number;
}

export function noCounters(): ForwarderCounters {
  return {
    batchesSent: 0,
    batchesResent: 0,
    eventsSent: 0,
    bytesSent: 0,
    publishFailures: 0,
    acks: 0,
    repeatedAcks: 0,
    foreignAcks: 0,
    outOfRangeAcks: 0,
    deadLettered: 0,
    journalFailures: 0,
  };
}
