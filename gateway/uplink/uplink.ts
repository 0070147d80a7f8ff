/**
 * The uplink port: carries batches to the cloud and acks back, trusted with nothing. Adapters: mqtt, in-process.
 */

import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';

export interface Uplink {
  /** Starts connecting; reconnects on its own with jittered backoff until closed. */
  start(handlers: UplinkHandlers): void;
  /** True while publishing makes sense. */
  readonly connected: boolean;
  /** One line for the status page: `connected to mqtts://…`, `waiting 4 s: connection refused`. */
  readonly state: string;
  /** Hands one encoded batch to the carrier; resolves when the carrier has taken it (PUBACK), rejects when it did not. */
  publish(lane: Lane, payload: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface UplinkHandlers {
  onConnected(): void;
  onDisconnected(reason: string): void;
  onAck(ack: Ack): void;
}
