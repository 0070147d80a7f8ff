/** The end of a line, reported once: whichever of error, close and our own hang-up comes first wins. */
import type { LineHandlers } from './line.ts';

interface LineEnd {
  readonly ended: boolean;
  /** Reports the end with this reason, unless it has been reported. Returns whether this call did. */
  report(reason: string): boolean;
}

export function createLineEnd(handlers: LineHandlers): LineEnd {
  let ended = false;
  return {
    get ended() {
      return ended;
    },
    report(reason) {
      if (ended) return false;
      ended = true;
      handlers.onClose(reason);
      return true;
    },
  };
}

/** The reason reported when we hung up ourselves. */
export const CLOSED_BY_US = 'closed by the gateway';

/** Bytes that may wait for a device that does not take them before the line counts as dead. */
export const MAX_UNSENT_BYTES = 256 * 1024;
