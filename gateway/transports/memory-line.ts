/**
 * A line inside the process, for virtual-time runs and tests: what the gateway opens is handed to a peer. Bytes
 * travel in order, each delivery in its own microtask, never inside the sender's call, as over a real cable.
 */
import type { Line, LineHandlers, LineOpener } from './line.ts';
import { CLOSED_BY_US, createLineEnd } from './line-end.ts';

/**
 * Called at each opening with the line towards the gateway; returns where the gateway's bytes go, or throws: the
 * opening then fails with that error. The peer's `onClose` runs once, whoever ended the line.
 */
type AcceptMemoryLine = (toGateway: Line) => LineHandlers;

export function createMemoryLine(address: string, accept: AcceptMemoryLine): LineOpener {
  return {
    address,
    async open(gateway) {
      const gatewayEnd = createLineEnd(gateway);
      let peer: LineHandlers | undefined;
      const isOpen = () => !gatewayEnd.ended;
      const deliver = (task: () => void) => queueMicrotask(task);
      const endWith = (reason: string, peerReason: string) => {
        if (gatewayEnd.report(reason)) peer?.onClose(peerReason);
      };
      peer = accept({
        write(bytes) {
          const copy = bytes.slice();
          if (isOpen()) deliver(() => isOpen() && gateway.onBytes(copy));
        },
        close: () => deliver(() => endWith('the device hung up', 'hung up')),
      });
      return {
        write(bytes) {
          const copy = bytes.slice();
          if (isOpen()) deliver(() => isOpen() && peer.onBytes(copy));
        },
        close: () => endWith(CLOSED_BY_US, CLOSED_BY_US),
      };
    },
  };
}
