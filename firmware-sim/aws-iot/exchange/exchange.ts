/**
 * The heart of the stand-in: every message, whether it came over MQTT or HTTPS, passes here once. In order: a Basic
 * Ingest topic goes to its rule and nowhere else; a shadow request is answered; rules see it; it is retained if
 * asked; who subscribed gets it. Knows no sockets.
 */

import { topicMatches } from '../../../protocol/link/topic-filter.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { RuleEngine } from '../rules/rule-engine.ts';
import type { IotMessage } from '../service/message.ts';
import type { AwsCounters, Quotas } from '../service/quotas.ts';
import { SlidingSeconds } from '../service/rates.ts';
import { basicIngest } from '../service/topics.ts';
import type { JsonObject } from '../shadow/shadow-document.ts';
import type { ShadowStore } from '../shadow/shadow-store.ts';
import { answerShadowRequest, shadowRequest } from '../shadow/shadow-topics.ts';

const MAX_RETAINED = 10_000;

interface RetainedMessage {
  readonly message: IotMessage;
  /** Epoch ms. */
  readonly at: number;
}

interface ExchangeOptions {
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly counters: AwsCounters;
  readonly shadows: ShadowStore;
  readonly rules: () => RuleEngine;
  /** To all sessions whose subscriptions take it. */
  readonly deliver: (message: IotMessage) => void;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #retained = new Map<string, RetainedMessage>();
  readonly #retainedRate: SlidingSeconds;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { quotas, clock } = options;
    this.#retainedRate = new SlidingSeconds(quotas.retainedPublishesPerSecondPerTopic, clock);
  }

  /** False when the message was not taken: too many retained publishes of one topic in a second. */
  publish(message: IotMessage): boolean {
    const { rules, shadows, deliver, clock, counters } = this.#options;
    if (message.retain && !this.#retainedRate.tryTake(message.topic)) {
      counters.retainedThrottled += 1;
      return false;
    }
    rules().run(message);
    if (basicIngest(message.topic) !== undefined) return true;
    if (message.retain) this.#retain(message);
    deliver({ ...message, retain: false });
    const request = shadowRequest(message.topic);
    if (request !== undefined) {
      const nowSeconds = Math.floor(clock.now() / 1000);
      answerShadowRequest(
        shadows,
        request,
        message.payload,
        (topic, body) => this.say(topic, body),
        nowSeconds,
      );
    }
    return true;
  }

  /** A message of the service itself: shadow answers, presence events. */
  say(topic: string, body: JsonObject): void {
    const message: IotMessage = { topic, payload: Buffer.from(JSON.stringify(body)), qos: 1, retain: false };
    this.#options.rules().run(message);
    this.#options.deliver(message);
  }

  retained(topic: string): RetainedMessage | undefined {
    return this.#retained.get(topic);
  }

  /** For a new subscription. */
  retainedFor(filter: string): IotMessage[] {
    return [...this.#retained.values()]
      .map(({ message }) => message)
      .filter((message) => topicMatches(filter, message.topic));
  }

  /** Sorted by topic; a page of them and where the next begins. */
  listRetained(most: number, after: string | undefined): { page: RetainedMessage[]; next?: string } {
    const topics = [...this.#retained.keys()]
      .filter((topic) => after === undefined || topic > after)
      .toSorted();
    const page = topics.slice(0, most).flatMap((topic) => this.#retained.get(topic) ?? []);
    const last = page.at(-1)?.message.topic;
    return topics.length > page.length && last !== undefined ? { page, next: last } : { page };
  }

  #retain(message: IotMessage): void {
    if (message.payload.length === 0) this.#retained.delete(message.topic);
    else if (this.#retained.has(message.topic) || this.#retained.size < MAX_RETAINED) {
      this.#retained.set(message.topic, { message, at: this.#options.clock.now() });
    }
  }
}
