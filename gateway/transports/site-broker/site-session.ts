/**
 * One MQTT connection to a broker of the site, from dialling to its end, and never a second one. mqtt.js is used for
 * the protocol only: it queues nothing, dials nothing again, and does not answer for us.
 *
 * - PUBACK means taken: it leaves when the handlers' promises have resolved, in the order of arrival. Many messages
 *   are under way at once, so that they share commits (message-intake.ts); MQTT 5 brokers are asked to respect their
 *   number (Receive Maximum, 3.1.2.11.3), others feel it because nothing more is read from the socket.
 * - Subscriptions ask for QoS 1 at most: at QoS 2 the broker forgets a message at PUBREC (4.3.3), and what is
 *   exactly once in the memory of two processes is not so after a power cut.
 * - A message that could not be taken ends the connection: only then does the broker send it again.
 */
import {
  type IClientOptions,
  type IConnackPacket,
  type ISubscriptionGrant,
  type MqttClient,
  connect as mqttConnect,
  type Packet,
  UniqueMessageIdProvider,
} from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { describeError, mqttReason } from '../../../protocol/link/carrier-words.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import type { DeviceMessage, OutgoingMessage } from '../../drivers/driver.ts';
import { MessageIntake } from './message-intake.ts';
import { PacketFilter } from './packet-filter.ts';
import type { SiteBrokerCounter, SiteBrokerLimits, SiteBrokerOptions } from './site-broker-options.ts';
import type { TakenMessages } from './taken-messages.ts';

interface SiteSessionOptions extends SiteBrokerOptions {
  readonly limits: SiteBrokerLimits;
  /** MQTT 5: not that of any connection before. */
  readonly subscriptionId: number;
  readonly taken: TakenMessages;
  readonly count: (counter: SiteBrokerCounter) => void;
}

interface SiteSessionHandlers {
  /** `resumed`: the broker still had the session; its subscriptions stand and its queue comes. */
  onConnected(resumed: boolean): void;
  /** Undefined when nobody wants it; else settles when it has been taken. */
  onMessage(message: DeviceMessage): Promise<void> | undefined;
  /** Once. `code`: the MQTT reason, when the broker gave one. */
  onEnd(reason: string, code: number | undefined): void;
}

type SubscriptionAnswer =
  | { readonly granted: true; readonly atMostOnce: boolean }
  | { readonly granted: false; readonly reason: string };

export interface SiteSession {
  /** Rejects when the connection ends first. */
  subscribe(filters: readonly string[]): Promise<SubscriptionAnswer>;
  publish(message: OutgoingMessage): Promise<void>;
  end(reason: string): void;
  /** Takes nothing more, answers what it has taken, says goodbye. */
  close(): Promise<void>;
}

/** For CONNACK, SUBACK and PUBACK of theirs. */
const ANSWER_MS = 20_000;
/** Longest wait of a closing session for handlers, and for the broker to take the goodbye. */
const DRAIN_MS = 5_000;
const GOODBYE_MS = 1_000;
/** Between questions whether the broker's queue is empty. */
const PROBE_MS = 1_000;
const REFUSED = 128;
const NOT_AUTHORIZED = [5, 135];
/** Fixed header: what the length in a packet does not count. */
const HEADER_BYTES = 5;
export const LINK_LOST = 'the broker broke the connection without a word';
/** mqtt.js answers a message unless it is given an error; it does nothing else with it. */
const WE_ANSWER = new Error('answered after the commit');

export function openSiteSession(options: SiteSessionOptions, handlers: SiteSessionHandlers): SiteSession {
  return new SiteConnection(options, handlers);
}

class SiteConnection implements SiteSession {
  readonly #options: SiteSessionOptions;
  readonly #handlers: SiteSessionHandlers;
  readonly #client: MqttClient;
  readonly #intake: MessageIntake;
  /** Rejections of what waits for the broker's answer. */
  readonly #asked = new Set<(error: Error) => void>();
  readonly #dialling: Timer;
  #connack: IConnackPacket | undefined;
  #probing: Timer | undefined;
  #lastWords = LINK_LOST;
  #lastCode: number | undefined;
  #ended = false;

  constructor(options: SiteSessionOptions, handlers: SiteSessionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#intake = new MessageIntake({
      ...options,
      onMessage: (message) => handlers.onMessage(message),
      answer: (messageId) => this.#writePuback(messageId),
      onFailure: (reason) => this.end(`a message could not be taken: ${reason}`),
    });
    this.#dialling = options.clock.setTimer(ANSWER_MS, 'site broker connect', () =>
      this.end(`no answer within ${ANSWER_MS / 1000} s`),
    );
    this.#client = mqttConnect(options.url, clientOptions(options));
    this.#filterOversized();
    this.#listen();
  }

  async subscribe(filters: readonly string[]): Promise<SubscriptionAnswer> {
    const { protocolVersion, qos, subscriptionId } = this.#options;
    // What we publish ourselves does not come back (MQTT 5), as from the gateway's own broker.
    const flags = protocolVersion === 5 ? { nl: true, rap: false, rh: 0 } : {};
    const properties = this.#takesSubscriptionIds() ? { subscriptionIdentifier: subscriptionId } : undefined;
    const request = { qos, ...flags, ...(properties && { properties }) };
    const granted = await this.#ask<number[]>('a subscription', (resolve, reject) => {
      const done = (error: Error | null, _asked?: ISubscriptionGrant[], suback?: Packet) => {
        if (suback?.cmd === 'suback') resolve(suback.granted.map(Number));
        else reject(error ?? new Error('no SUBACK'));
      };
      this.#client.subscribe([...filters], request, done);
    });
    const refused = granted.find((code) => code >= REFUSED);
    if (refused !== undefined) return { granted: false, reason: brokerWords(refused) };
    return { granted: true, atMostOnce: granted.includes(0) };
  }

  publish({ topic, payload, qos, retain }: OutgoingMessage): Promise<void> {
    const { maximumQoS = 2, receiveMaximum = 65_535 } = this.#connack?.properties ?? {};
    if (!this.#client.connected) return Promise.reject(new Error('not connected'));
    if (qos > maximumQoS) return Promise.reject(new Error(`the broker takes no messages of QoS ${qos}`));
    if (this.#asked.size >= Math.min(receiveMaximum, this.#options.limits.maxPublishing)) {
      return Promise.reject(new Error(`${this.#asked.size} questions already wait for the broker`));
    }
    return this.#ask('a message', (resolve, reject) => {
      this.#client.publish(topic, Buffer.from(payload), { qos, retain }, (error) =>
        error ? reject(new Error(`the broker did not take it: ${describeError(error)}`)) : resolve(),
      );
    });
  }

  end(reason: string): void {
    if (this.#finish(reason)) this.#client.end(true);
  }

  async close(): Promise<void> {
    const { clock } = this.#options;
    this.#intake.stop();
    await within(clock, DRAIN_MS, (resolve) => this.#intake.whenDrained(resolve));
    // With an answer outstanding mqtt.js would wait for it before it says goodbye.
    const politely = this.#client.connected && this.#asked.size === 0;
    if (!this.#finish('closed')) return;
    const { stream } = this.#client;
    await within(clock, GOODBYE_MS, (resolve) => {
      stream.once('close', resolve);
      this.#client.end(!politely);
    });
    stream.destroy();
  }

  #finish(reason: string): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#dialling.cancel();
    this.#probing?.cancel();
    this.#intake.stop();
    const gone = new Error(`link lost: ${reason}`);
    for (const reject of [...this.#asked]) reject(gone);
    this.#handlers.onEnd(reason, this.#lastCode);
    return true;
  }

  /** The listeners outlive the session: late errors of a discarded client must not crash the process. */
  #listen(): void {
    const client = this.#client;
    client.handleMessage = (packet, callback) => {
      if (packet.qos === 2) this.end('the broker sent a message at QoS 2, which it was not asked for');
      this.#intake.onPublish(packet, () => callback(packet.qos === 0 ? undefined : WE_ANSWER));
    };
    client.on('error', (error) => this.#note(error));
    client.on('disconnect', ({ reasonCode = 0, properties }) => {
      this.#lastCode = reasonCode;
      this.#lastWords = brokerWords(reasonCode, properties?.reasonString);
    });
    client.on('close', () => this.end(this.#lastWords));
    client.on('packetreceive', (packet) => this.#onPacket(packet));
    client.on('packetsend', ({ cmd }) => {
      if (cmd === 'pingreq') this.#intake.origin.pingSent();
    });
    client.on('connect', ({ sessionPresent }) => {
      this.#dialling.cancel();
      if (!this.#ended) this.#handlers.onConnected(sessionPresent);
    });
  }

  #note(error: Error): void {
    // What the broker said stands above what the socket says afterwards.
    if (this.#lastCode !== undefined) return;
    this.#lastCode = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
    this.#lastWords = this.#lastCode === undefined ? describeError(error) : brokerWords(this.#lastCode);
  }

  #takesSubscriptionIds(): boolean {
    const { properties } = this.#connack ?? {};
    return this.#options.protocolVersion === 5 && properties?.subscriptionIdentifiersAvailable !== false;
  }

  /** Before mqtt.js acts on it: messages may come between a CONNACK and its `connect`. */
  #onPacket(packet: Packet): void {
    if (packet.cmd === 'pingresp') this.#intake.origin.pingAnswered();
    if (packet.cmd === 'suback') this.#intake.origin.subscribed();
    if (packet.cmd !== 'connack') return;
    this.#connack = packet;
    const subscriptionId = this.#takesSubscriptionIds() ? this.#options.subscriptionId : undefined;
    this.#intake.onConnected({ resumed: packet.sessionPresent, subscriptionId });
    this.#probe();
  }

  #probe(): void {
    if (this.#ended || !this.#intake.origin.mayBeQueued) return;
    this.#probing = this.#options.clock.setTimer(PROBE_MS, 'site broker queue', () => {
      if (this.#client.connected) this.#client.sendPing();
      this.#probe();
    });
  }

  #writePuback(messageId: number): void {
    if (this.#ended) return;
    const { protocolVersion } = this.#options;
    mqttPacket.writeToStream({ cmd: 'puback', messageId, reasonCode: 0 }, this.#client.stream, {
      protocolVersion,
    });
  }

  /** mqtt.js would gather a packet whole, however large. */
  #filterOversized(): void {
    const limit = this.#options.limits.maxPacketBytes - HEADER_BYTES;
    const filter = new PacketFilter(limit, ({ messageId }) => this.#intake.onOversized(messageId));
    const { stream } = this.#client;
    const push = stream.push.bind(stream);
    stream.push = (chunk: unknown) => {
      if (!(chunk instanceof Uint8Array)) return push(chunk);
      const kept = filter.filter(chunk);
      if (kept === undefined) this.end('the broker sent what is not MQTT');
      return kept === undefined || kept.length === 0 ? true : push(kept);
    };
  }

  /** One question to the broker: answered in time, or the connection is dead. */
  #ask<T>(
    what: string,
    start: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#asked.add(reject);
    const watchdog = this.#options.clock.setTimer(ANSWER_MS, 'site broker answer', () =>
      this.end(`${what} got no answer within ${ANSWER_MS / 1000} s`),
    );
    start(resolve, reject);
    return promise.finally(() => {
      watchdog.cancel();
      this.#asked.delete(reject);
    });
  }
}

function brokerWords(code: number, reasonString?: string): string {
  if (!NOT_AUTHORIZED.includes(code)) return mqttReason(code, reasonString);
  return 'not authorized: check username and password, and what the broker lets this client do';
}

/** Settles when `start` calls back, at the latest after the limit. */
async function within(clock: Clock, limitMs: number, start: (resolve: () => void) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const limit = clock.setTimer(limitMs, 'site broker goodbye', resolve);
  start(resolve);
  await promise;
  limit.cancel();
}

function clientOptions(options: SiteSessionOptions): IClientOptions {
  const { clientId, username, password, tls, protocolVersion, sessionExpirySeconds, limits } = options;
  return {
    clientId,
    protocolVersion,
    clean: sessionExpirySeconds === undefined,
    keepalive: options.keepaliveSeconds,
    connectTimeout: ANSWER_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    messageIdProvider: new UniqueMessageIdProvider(),
    ...(protocolVersion === 5 && {
      properties: {
        sessionExpiryInterval: sessionExpirySeconds ?? 0,
        receiveMaximum: limits.maxUnderWay,
        maximumPacketSize: limits.maxPacketBytes,
      },
    }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...tls,
  };
}
