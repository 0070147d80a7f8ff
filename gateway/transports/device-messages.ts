/**
 * The port for messages that devices publish, and its in-process hub. Whoever publishes waits for the handlers:
 * a device is told "taken" only after every handler's promise has resolved.
 */

import { isTopicFilter, topicMatches } from '../../protocol/link/topic-filter.ts';
import type { DeviceMessage } from '../drivers/driver.ts';

export type DeviceMessageHandler = (message: DeviceMessage) => void | Promise<void>;

export interface DeviceMessages {
  /** Where devices publish to, for people: `mqtt://0.0.0.0:1883`. */
  readonly address: string;
  /** The handler gets each matching message once, however many filters match. Returns the end of it. */
  subscribe(filters: readonly string[], handler: DeviceMessageHandler): () => void;
}

export interface DeviceMessageHub extends DeviceMessages {
  /** Undefined when nobody wants the topic; else settles when all who do have taken the message, or one failed. */
  publish(message: DeviceMessage): Promise<void> | undefined;
}

export function createDeviceMessageHub(address: string): DeviceMessageHub {
  const subscribers = new Set<{ filters: readonly string[]; handler: DeviceMessageHandler }>();
  return {
    address,
    subscribe(filters, handler) {
      for (const filter of filters) {
        if (!isTopicFilter(filter)) throw new RangeError(`not an MQTT topic filter: ${filter}`);
      }
      const subscriber = { filters, handler };
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
    publish(message) {
      const wanted = [...subscribers].filter(({ filters }) =>
        filters.some((filter) => topicMatches(filter, message.topic)),
      );
      if (wanted.length === 0) return undefined;
      return settleAll(wanted.map(({ handler }) => call(handler, message)));
    },
  };
}

/** Starts the handler now; what it throws at once is a rejection too. */
async function call(handler: DeviceMessageHandler, message: DeviceMessage): Promise<void> {
  await handler(message);
}

/** All must have finished before the first failure is passed on: none may still be at work when the device retries. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
