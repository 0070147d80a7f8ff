/**
 * The session of one client id: its subscriptions, what waits for it, what it has not PUBACKed, and the pace of its
 * connection. A clean session ends with its connection; a persistent one lives on for an hour and then gets what was
 * stored at ten messages a second.
 */

import { topicMatches } from '../../../protocol/link/topic-filter.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import type { IotMessage } from '../service/message.ts';
import type { AwsCounters, Quotas } from '../service/quotas.ts';
import { ByteThrottle, SlidingSecond } from '../service/rates.ts';

/** QoS 1 messages kept for one absent or slow client; the oldest go first. */
const MAX_STORED_MESSAGES = 10_000;

/** The wire of a connected client. */
interface ClientLine {
  /** Writes one PUBLISH; the buffer is the message's own, so that its packet id can be known by it. */
  send(message: IotMessage, payload: Buffer): void;
}

interface OutgoingPublish {
  readonly message: IotMessage;
  readonly onAck: (() => void) | undefined;
}

interface SessionOptions {
  readonly clientId: string;
  readonly thing: string | undefined;
  readonly clean: boolean;
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly counters: AwsCounters;
  readonly mayReceive: (topic: string) => boolean;
}

export class ClientSession {
  readonly subscriptions = new Map<string, 0 | 1>();
  /** Publishes being worked on; they are not PUBACKed yet. */
  inboundUnacked = 0;
  readonly #options: SessionOptions;
  readonly #outgoing = new WeakMap<Uint8Array, OutgoingPublish>();
  readonly #unacked = new Map<number, OutgoingPublish>();
  /** Sent, packet id not known yet. */
  #unnumbered = 0;
  #stored: IotMessage[] = [];
  #line: ClientLine | undefined;
  #publishes: SlidingSecond;
  #bytes: ByteThrottle;
  #redelivery: Timer | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#publishes = new SlidingSecond(options.quotas.publishesPerSecond, options.clock);
    this.#bytes = new ByteThrottle(options.quotas.bytesPerSecond, options.clock);
  }

  get clientId(): string {
    return this.#options.clientId;
  }

  get thing(): string | undefined {
    return this.#options.thing;
  }

  get clean(): boolean {
    return this.#options.clean;
  }

  get connected(): boolean {
    return this.#line !== undefined;
  }

  /** A connection took the session over: the rates begin anew, what was stored follows at its own pace. */
  attach(line: ClientLine): void {
    this.#line = line;
    this.#publishes = new SlidingSecond(this.#options.quotas.publishesPerSecond, this.#options.clock);
    this.#bytes = new ByteThrottle(this.#options.quotas.bytesPerSecond, this.#options.clock);
    this.#redeliverLater();
  }

  detach(): void {
    this.#line = undefined;
    this.#redelivery?.cancel();
    this.#redelivery = undefined;
    const unanswered = [...this.#unacked.values()].map(({ message }) => message);
    this.#unacked.clear();
    this.#unnumbered = 0;
    this.inboundUnacked = 0;
    this.#stored = this.#options.clean ? [] : [...unanswered, ...this.#stored];
  }

  dropStored(): void {
    this.#stored = [];
  }

  /** The quality of service under which a subscription of this session takes the topic. */
  wants(topic: string): 0 | 1 | undefined {
    let best: 0 | 1 | undefined;
    for (const [filter, qos] of this.subscriptions) {
      if (topicMatches(filter, topic) && (best === undefined || qos > best)) best = qos;
    }
    return best !== undefined && this.#options.mayReceive(topic) ? best : undefined;
  }

  /** Delivers now, stores for later, or discards what is above the quota; each is counted. */
  offer(message: IotMessage): void {
    const line = this.#line;
    if (line === undefined) {
      if (!this.#options.clean && message.qos === 1) this.#store(message);
      return;
    }
    if (message.qos === 1 && this.#unackedOut >= this.#options.quotas.unackedOutbound) {
      this.#options.counters.unackedOutboundHeld += 1;
      this.#store(message);
      return;
    }
    this.send(message);
  }

  /** Past subscriptions and stores: directly onto the line. False when discarded or nobody is there. */
  send(message: IotMessage, onAck?: () => void): boolean {
    if (this.#line === undefined) return false;
    if (!this.#publishes.tryTake()) {
      this.#options.counters.publishesDiscardedOut += 1;
      return false;
    }
    const waitMs = this.#bytes.take(message.payload.length);
    if (waitMs === 0) this.#write(message, onAck);
    else {
      this.#options.counters.publishesDelayedOut += 1;
      this.#options.clock.setTimer(waitMs, 'mqtt throughput out', () => this.#write(message, onAck));
    }
    return true;
  }

  /** False when this publish of the client is above its quota. */
  admitInbound(): boolean {
    return this.#publishes.tryTake();
  }

  /** How long a publish of the client must wait, in ms. */
  inboundDelayMs(bytes: number): number {
    return this.#bytes.take(bytes);
  }

  numbered(messageId: number, payload: Uint8Array): void {
    const outgoing = this.#outgoing.get(payload);
    if (outgoing === undefined) return;
    this.#unnumbered -= 1;
    this.#unacked.set(messageId, outgoing);
  }

  acknowledged(messageId: number): void {
    const outgoing = this.#unacked.get(messageId);
    if (!this.#unacked.delete(messageId)) return;
    outgoing?.onAck?.();
    if (this.#stored.length > 0) this.#redeliverLater();
  }

  get #unackedOut(): number {
    return this.#unacked.size + this.#unnumbered;
  }

  #write(message: IotMessage, onAck: (() => void) | undefined): void {
    if (this.#line === undefined) {
      if (!this.#options.clean && message.qos === 1) this.#store(message);
      return;
    }
    // A view of its own for each delivery: the packet id is found again by the buffer's identity.
    const { buffer, byteOffset, byteLength } = message.payload;
    const payload = Buffer.from(buffer, byteOffset, byteLength);
    // (aedes gives no packet id for a message that carries the retain flag.)
    if (message.qos === 1 && !message.retain) {
      this.#outgoing.set(payload, { message, onAck });
      this.#unnumbered += 1;
    }
    this.#options.counters.mqttPublishesOut += 1;
    this.#line.send(message, payload);
  }

  #store(message: IotMessage): void {
    this.#options.counters.sessionMessagesStored += 1;
    this.#stored.push(message);
    if (this.#stored.length <= MAX_STORED_MESSAGES) return;
    this.#stored.shift();
    this.#options.counters.sessionMessagesDropped += 1;
  }

  #redeliverLater(): void {
    if (this.#redelivery !== undefined || this.#stored.length === 0 || this.#line === undefined) return;
    const everyMs = 1000 / this.#options.quotas.redeliveriesPerSecond;
    this.#redelivery = this.#options.clock.setTimer(everyMs, 'mqtt redelivery', () => {
      this.#redelivery = undefined;
      this.#redeliver();
      this.#redeliverLater();
    });
  }

  #redeliver(): void {
    if (this.#unackedOut >= this.#options.quotas.unackedOutbound) return;
    const message = this.#stored.shift();
    if (message === undefined || isExpired(message, this.#options.clock)) return;
    if (this.send(message)) this.#options.counters.redeliveries += 1;
    else this.#stored.unshift(message);
  }
}

function isExpired({ expiresAt }: IotMessage, clock: Clock): boolean {
  return expiresAt !== undefined && clock.now() >= expiresAt;
}
