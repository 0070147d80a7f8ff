/**
 * The uplink port: carries batches to the cloud and acks back, trusted with nothing. Adapters: MQTT (3.1.1, 5, AWS
 * IoT Core), HTTPS (our own cloud, AWS IoT data plane), one that falls back from the first to the second, in-process.
 */

import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';

export interface Uplink {
  /** Starts connecting; reconnects on its own with jittered backoff until closed. */
  start(handlers: UplinkHandlers): void;
  /** True while publishing makes sense. */
  readonly connected: boolean;
  /** One line for the status page: `connected to mqtts://…`, `waiting 4 s: connection refused`. Never a secret. */
  readonly state: string;
  /** Largest batch that this carrier takes now, bytes; undefined: any batch. */
  readonly maxBatchBytes?: number | undefined;
  /** Attempts in a row, up to now, that came to nothing; 0 once something was carried. */
  readonly failures?: number;
  /** Messages that should have been acks and were not. */
  readonly malformedAcks?: number;
  /**
   * Hands one encoded batch to the carrier; resolves when the carrier has taken it (PUBACK, HTTP 200), rejects when it
   * did not: then this carrier never sends it again by itself.
   */
  publish(lane: Lane, payload: Uint8Array): Promise<void>;
  /** Throws the connection away, if there is one, and builds a new one after the usual pause. */
  restart(reason: string): void;
  close(): Promise<void>;
}

export interface UplinkHandlers {
  onConnected(): void;
  onDisconnected(reason: string): void;
  onAck(ack: Ack): void;
  /** True while a batch that was taken waits for the cloud's ack: carriers that must ask for acks ask only then. */
  awaitsAck?(): boolean;
}
