/**
 * What a gateway says to a simulated device so that it works. Each kind that listens has its own in its folder
 * (`talk.fixture.ts`); the contract suite says it, garbles it and cuts it to pieces.
 */

import type { ReceivedMessage } from './device.ts';
import type { DevicePlan } from './device-plan.ts';

export interface Talk {
  /** On the line, in order. */
  readonly bytes?: readonly Uint8Array[];
  /** Through the broker. */
  readonly messages?: readonly ReceivedMessage[];
}

/** `plan` is the example in the kind's README. */
export type TalkTo = (plan: DevicePlan) => Talk;
