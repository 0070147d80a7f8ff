/** A read point as an example of its kind: each has one in its folder (`example.fixture.ts`); the registry suite runs it. */
import type { Reading } from '../../protocol/readings/reading.ts';

export interface PointExample {
  /** All but its id and kind. Where it listens to a channel of one number, that is `1`; its device is `d`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What is for it on channel `1`. */
  readonly handles: readonly Reading['kind'][];
  /** Every channel that it listens to. */
  readonly channels: readonly string[];
}
