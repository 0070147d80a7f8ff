/** The virtual clock of tests, which lets what was begun in real time go on for a turn of the event loop. */
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';

/** `startAt`: epoch ms. */
export function clockAt(startAt: number): VirtualClock {
  return new VirtualClock({ startAt, flush: () => new Promise((resolve) => setImmediate(resolve)) });
}
