/**
 * The port for messages to and from devices, whoever's broker carries them, and its in-process hub. Whoever publishes
 * waits for the handlers: a device gets its acknowledgement only after every handler's promise has resolved.
 */

import { isTopicFilter, topicMatches } from '../../protocol/link/topic-filter.ts';
import type { DeviceMessage, OutgoingMessage } from '../drivers/driver.ts';

export interface MessageHandlers {
  /**
   * The broker is reached and the subscription stands; again after each loss. Called before `subscribe` returns when
   * that is so already.
   */
  onOpen(): void;
  /** Settles when the message has been taken; a rejection means that it must come again. */
  onMessage(message: DeviceMessage): void | Promise<void>;
  /** The broker cannot be reached, with a reason a person can act on; again when the reason changes. */
  onClose(reason: string): void;
}

export interface DeviceMessages {
  /** Where devices publish to, for people: `mqtt://0.0.0.0:1883`. */
  readonly address: string;
  /** The broker runs elsewhere: its connection can be lost. The hub and the gateway's own broker are always open. */
  readonly isRemote: boolean;
  /**
   * The handlers get each matching message once, however many filters match. Returns the end of it: nothing is called
   * after that.
   */
  subscribe(filters: readonly string[], handlers: MessageHandlers): () => void;
  /**
   * To whoever subscribed there. Resolves when the broker has taken it (at QoS 0, when it is on its way); rejects when
   * it cannot be sent now. Nothing is kept for later: who needs it to arrive publishes again.
   */
  publish(message: OutgoingMessage): Promise<void>;
}

export interface DeviceMessageHub extends DeviceMessages {
  /**
   * From a device to its handlers. Undefined when nobody wants the topic; else settles when all who do have taken the
   * message, or one failed.
   */
  deliver(message: DeviceMessage): Promise<void> | undefined;
  /** The device's side of it: what is published there from now on. Returns the end of it. */
  listen(filters: readonly string[], listener: (message: OutgoingMessage) => void): () => void;
}

export function createDeviceMessageHub(address: string): DeviceMessageHub {
  const listeners = new Set<{ filters: readonly string[]; listener: (message: OutgoingMessage) => void }>();
  const subscribers = new Set<{ filters: readonly string[]; handlers: MessageHandlers }>();
  return {
    address,
    isRemote: false,
    async publish(message) {
      for (const { filters, listener } of [...listeners]) {
        if (matchesAny(filters, message.topic)) listener(message);
      }
    },
    listen(filters, listener) {
      requireFilters(filters);
      const entry = { filters, listener };
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    subscribe(filters, handlers) {
      requireFilters(filters);
      const subscriber = { filters, handlers };
      subscribers.add(subscriber);
      handlers.onOpen();
      return () => subscribers.delete(subscriber);
    },
    deliver(message) {
      const wanted = [...subscribers].filter(({ filters }) => matchesAny(filters, message.topic));
      if (wanted.length === 0) return undefined;
      return settleAll(wanted.map(({ handlers }) => call(handlers, message)));
    },
  };
}

function requireFilters(filters: readonly string[]): void {
  const wrong = filters.find((filter) => !isTopicFilter(filter));
  if (wrong !== undefined) throw new RangeError(`not an MQTT topic filter: ${wrong}`);
}

function matchesAny(filters: readonly string[], topic: string): boolean {
  return filters.some((filter) => topicMatches(filter, topic));
}

/** Starts the handler now; what it throws at once is a rejection too. */
async function call(handlers: MessageHandlers, message: DeviceMessage): Promise<void> {
  await handlers.onMessage(message);
}

/** All must have finished before the first failure is passed on: none may still be at work when the device retries. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
