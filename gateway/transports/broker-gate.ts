/**
 * What may come into the device broker, and the counters of what did not: logins, subscriptions, packet sizes, rates,
 * retained topics. Runs the handlers of a message inside its authorization, so that the answer waits for them.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Aedes, AedesOptions, AuthenticateError, Client, PublishPacket } from 'aedes';
import type { Clock } from '../../protocol/ports/clock.ts';
import { MqttPacketMeter } from '../../protocol/wire/mqtt/packet-meter.ts';
import type { DeviceMessage, OutgoingMessage } from '../drivers/driver.ts';
import { createDeviceMessageHub, type DeviceMessageHub } from './device-messages.ts';
import { OrderedRelease } from './ordered-release.ts';

interface DeviceBrokerLimits {
  /** A message's payload; larger ones are acknowledged, dropped and counted. */
  readonly maxPayloadBytes: number;
  /** Any MQTT packet; a client that sends a larger one is disconnected. */
  readonly maxPacketBytes: number;
  readonly maxTopicBytes: number;
  readonly maxTopicLevels: number;
  readonly maxClients: number;
  /** Clients that connect with clean session off. */
  readonly maxSessions: number;
  readonly maxSubscriptionsPerClient: number;
  readonly maxRetainedTopics: number;
  /** Per client: QoS 2 messages that it has not released; one more and it is disconnected. */
  readonly maxOpenQos2: number;
  /** Per client; what comes faster waits. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
}

const DEVICE_BROKER_LIMITS: DeviceBrokerLimits = {
  maxPayloadBytes: 256 * 1024,
  maxPacketBytes: 1024 * 1024,
  maxTopicBytes: 256,
  maxTopicLevels: 16,
  maxClients: 512,
  maxSessions: 64,
  maxSubscriptionsPerClient: 32,
  maxRetainedTopics: 2_000,
  maxOpenQos2: 64,
  messagesPerSecond: 1_000,
  messageBurst: 2_000,
};

export interface GateOptions {
  readonly clock: Clock;
  /** Password by user name; without them everybody may log in. */
  readonly credentials?: ReadonlyMap<string, string>;
  readonly limits?: Partial<DeviceBrokerLimits>;
}

export type DeviceBrokerCounter =
  | 'messages'
  | 'foreign'
  | 'oversizedPayloads'
  | 'oversizedPackets'
  | 'badTopics'
  | 'delayed'
  | 'handlerFailures'
  | 'repeatedQos2'
  | 'refusedLogins'
  | 'refusedClients'
  | 'refusedSubscriptions'
  | 'retainedNotKept'
  | 'clientErrors';

/** Longest wait of a closing broker for handlers. */
const DRAIN_MS = 5_000;

/** What aedes 1.x offers beyond its types: the store that knows which QoS 2 messages are open. */
interface QosTwoStore {
  readonly persistence: { incomingGetPacket(client: Client, packet: PublishPacket): Promise<unknown> };
}

/** All decisions on what may come in, and the counters of what did not. */
export class BrokerGate {
  readonly limits: DeviceBrokerLimits;
  readonly hub: DeviceMessageHub = createDeviceMessageHub('device broker');
  readonly counters: Record<DeviceBrokerCounter, number> = {
    messages: 0,
    foreign: 0,
    oversizedPayloads: 0,
    oversizedPackets: 0,
    badTopics: 0,
    delayed: 0,
    handlerFailures: 0,
    repeatedQos2: 0,
    refusedLogins: 0,
    refusedClients: 0,
    refusedSubscriptions: 0,
    retainedNotKept: 0,
    clientErrors: 0,
  };
  broker: Aedes | undefined;
  readonly #clock: Clock;
  readonly #credentials: ReadonlyMap<string, string> | undefined;
  readonly #lanes = new WeakMap<Client, OrderedRelease>();
  readonly #subscriptionCounts = new WeakMap<Client, number>();
  readonly #sessions = new Set<string>();
  readonly #retainedTopics = new Set<string>();
  /** Messages of connected clients that have not been answered yet. */
  readonly #unanswered = new Map<Client, number>();
  #onDrained: (() => void) | undefined;
  #closing = false;

  constructor(options: GateOptions) {
    this.limits = { ...DEVICE_BROKER_LIMITS, ...options.limits };
    this.#clock = options.clock;
    this.#credentials = options.credentials;
  }

  aedesOptions(): AedesOptions {
    return {
      connectTimeout: 10_000,
      drainTimeout: 10_000,
      maxTopicLevels: this.limits.maxTopicLevels,
      maxInflightInbound: this.limits.maxOpenQos2,
      authenticate: (client, username, password, done) => {
        const error = this.#refusal(client, username, password);
        done(error, error === null);
      },
      authorizePublish: (client, packet, done) => this.#onPublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => {
        // In place, and for refused ones too: aedes stores the packet's own list as soon as one is granted.
        if (!client.clean) subscription.qos = 0;
        done(null, this.#maySubscribe(client, subscription.topic) ? subscription : null);
      },
    };
  }

  /** From now on nothing is taken; resolves when all that was taken before is answered, at the latest after DRAIN_MS. */
  async drained(): Promise<void> {
    this.#closing = true;
    if (this.#unanswered.size > 0) {
      await new Promise<void>((resolve) => {
        const limit = this.#clock.setTimer(DRAIN_MS, 'device broker drain', resolve);
        this.#onDrained = () => {
          limit.cancel();
          resolve();
        };
      });
    }
    // aedes writes the last answer a turn later.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** One of its messages is answered; without `count`, none of them needs to be any more. */
  answered(client: Client, count = Number.POSITIVE_INFINITY): void {
    const left = (this.#unanswered.get(client) ?? 0) - count;
    if (left > 0) this.#unanswered.set(client, left);
    else this.#unanswered.delete(client);
    if (this.#unanswered.size === 0) this.#onDrained?.();
  }

  count(counter: DeviceBrokerCounter): void {
    this.counters[counter] += 1;
  }

  /** Cuts the client off before a packet over the limit is buffered: aedes itself has no such limit. */
  meter(socket: Socket): void {
    const meter = new MqttPacketMeter(this.limits.maxPacketBytes);
    const read = socket.read.bind(socket);
    socket.read = (size?: number) => {
      const chunk: unknown = read(size);
      if (!(chunk instanceof Uint8Array) || meter.accept(chunk)) return chunk;
      this.count('oversizedPackets');
      socket.destroy();
      return null;
    };
  }

  #refusal(client: Client, username: string | undefined, password: Uint8Array | undefined) {
    if (!this.#mayLogIn(username, password)) {
      this.count('refusedLogins');
      return refusal('bad user name or password', 4);
    }
    const takesOver = this.#sessions.has(client.id);
    const full = (this.broker?.connectedClients ?? 0) >= this.limits.maxClients;
    const sessionsFull = !client.clean && !takesOver && this.#sessions.size >= this.limits.maxSessions;
    if (full || sessionsFull) {
      this.count('refusedClients');
      return refusal(full ? 'too many clients' : 'too many sessions with clean session off', 3);
    }
    if (client.clean) this.#sessions.delete(client.id);
    else this.#sessions.add(client.id);
    return null;
  }

  #mayLogIn(username: string | undefined, password: Uint8Array | undefined): boolean {
    if (this.#credentials === undefined) return true;
    const expected = this.#credentials.get(username ?? '');
    const same = timingSafeEqual(digest(password ?? new Uint8Array(0)), digest(expected ?? ''));
    return same && expected !== undefined;
  }

  #maySubscribe(client: Client, filter: string): boolean {
    const count = (this.#subscriptionCounts.get(client) ?? 0) + 1;
    const granted =
      !filter.startsWith('$share/') &&
      Buffer.byteLength(filter) <= this.limits.maxTopicBytes &&
      count <= this.limits.maxSubscriptionsPerClient;
    if (granted) this.#subscriptionCounts.set(client, count);
    else this.count('refusedSubscriptions');
    return granted;
  }

  #onPublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    if (client === null) {
      done(null);
      return;
    }
    const lane = this.#lanes.get(client) ?? this.#newLane(client);
    const message = toMessage(packet);
    this.#boundRetained(packet);
    this.#unanswered.set(client, (this.#unanswered.get(client) ?? 0) + 1);
    const { delayedMs } = lane.run(
      () => this.#take(client, packet, message),
      (error) => {
        if (error !== undefined) this.count('handlerFailures');
        done(error ?? null);
        this.answered(client, 1);
      },
    );
    if (delayedMs > 0) this.count('delayed');
  }

  #newLane(client: Client): OrderedRelease {
    const lane = new OrderedRelease(this.#clock, this.limits.messagesPerSecond, this.limits.messageBurst);
    this.#lanes.set(client, lane);
    return lane;
  }

  async #take(client: Client, packet: PublishPacket, message: DeviceMessage): Promise<void> {
    if (this.#closing) throw new Error('the gateway is stopping');
    this.count('messages');
    if (message.topic.startsWith('$') || Buffer.byteLength(message.topic) > this.limits.maxTopicBytes) {
      this.count('badTopics');
      return;
    }
    if (message.payload.length > this.limits.maxPayloadBytes) {
      this.count('oversizedPayloads');
      return;
    }
    if (packet.qos === 2 && packet.dup && (await this.#isOpen(client, packet))) {
      this.count('repeatedQos2');
      return;
    }
    const taken = this.hub.deliver(message);
    if (taken === undefined) this.count('foreign');
    else await taken;
  }

  #isOpen(client: Client, packet: PublishPacket): Promise<boolean> {
    const { persistence } = this.broker as Aedes & QosTwoStore;
    // The store answers "not there" by rejecting.
    return persistence.incomingGetPacket(client, packet).then(
      () => true,
      () => false,
    );
  }

  /** To devices, by the broker itself, so that it passes no gate; what it is asked to keep is bounded like a device's. */
  async publish({ topic, payload, qos, retain }: OutgoingMessage): Promise<void> {
    const { broker } = this;
    if (broker === undefined || this.#closing) throw new Error('the device broker is closed');
    const packet: PublishPacket = {
      cmd: 'publish',
      topic,
      payload: Buffer.from(payload),
      qos,
      retain,
      dup: false,
    };
    this.#boundRetained(packet);
    await new Promise<void>((resolve, reject) => {
      broker.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  #boundRetained(packet: PublishPacket): void {
    if (!packet.retain) return;
    if (packet.payload.length === 0) this.#retainedTopics.delete(packet.topic);
    else if (this.#retainedTopics.has(packet.topic)) return;
    else if (
      this.#retainedTopics.size < this.limits.maxRetainedTopics &&
      packet.payload.length <= this.limits.maxPayloadBytes
    ) {
      this.#retainedTopics.add(packet.topic);
    } else {
      packet.retain = false;
      this.count('retainedNotKept');
    }
  }
}

/** A device's own publish is live: its retain flag only asks the broker to keep the message. */
function toMessage(packet: PublishPacket): DeviceMessage {
  const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
  return { topic: packet.topic, payload, origin: 'live' };
}

function refusal(message: string, returnCode: 3 | 4): AuthenticateError {
  return Object.assign(new Error(message), { returnCode });
}

function digest(secret: string | Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}
