/**
 * An uplink within one process, for virtual-time runs: hands each batch to `deliver` and gets acks by calls.
 * The link can be cut and restored. It adds no loss of its own; a run that wants loss puts it into `deliver`.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import type { Uplink, UplinkHandlers } from './uplink.ts';

export interface MemoryUplink extends Uplink {
  /** An ack arrives at the gateway, unless the link is cut: then it is lost. */
  ack(ack: Ack): void;
  cut(reason?: string): void;
  restore(): void;
}

export function createMemoryUplink(options: {
  readonly gateway: string;
  /** Resolves when the carrier has taken the batch; rejects when it did not. */
  readonly deliver: (lane: Lane, payload: Uint8Array) => Promise<void>;
  /** Default true. */
  readonly connected?: boolean;
}): MemoryUplink {
  let handlers: UplinkHandlers | undefined;
  let up = options.connected ?? true;
  let closed = false;
  let cutReason = 'cut';
  const isConnected = () => up && !closed && handlers !== undefined;
  return {
    get connected() {
      return isConnected();
    },
    get state() {
      if (closed) return 'closed';
      return up ? `connected in process as ${options.gateway}` : `not connected: ${cutReason}`;
    },
    start(given) {
      handlers = given;
      if (isConnected()) given.onConnected();
    },
    async publish(lane, payload) {
      if (!isConnected()) throw new Error('not connected');
      await options.deliver(lane, payload);
    },
    ack(ack) {
      if (isConnected()) handlers?.onAck(ack);
    },
    cut(reason = 'cut') {
      if (!up) return;
      const was = isConnected();
      up = false;
      cutReason = reason;
      if (was) handlers?.onDisconnected(reason);
    },
    restore() {
      if (up) return;
      up = true;
      if (isConnected()) handlers?.onConnected();
    },
    restart(reason) {
      if (!isConnected()) return;
      handlers?.onDisconnected(reason);
      if (isConnected()) handlers?.onConnected();
    },
    async close() {
      closed = true;
    },
  };
}
