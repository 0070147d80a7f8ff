/**
 * One MQTT connection from dialling to its end, and never a second one: when it ends, for whatever reason, its client
 * is thrown away with everything in it. mqtt.js is used for the protocol only, never as a queue.
 *
 * - Ready only when the ack topic is subscribed: an ack cannot be missed by a batch sent early.
 * - At most as many unanswered publishes as the broker takes (MQTT 5 Receive Maximum, section 3.3.4); more wait here.
 * - A publish without any packet from the broker for `publishTimeoutMs` means a dead link (half-open TCP). While other
 *   packets come it may take three times as long: a thin link is not a dead one.
 * - MQTT 5: session expiry 0 and no message expiry: nothing is kept for us, nothing expires.
 */
import {
  type IClientOptions,
  type IConnackPacket,
  type MqttClient,
  connect as mqttConnect,
  UniqueMessageIdProvider,
} from 'mqtt';
import { describeError, mqttReason } from '../../../protocol/link/carrier-words.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';

export interface MqttSessionOptions {
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: MqttTls;
  readonly protocolVersion: 4 | 5;
  readonly keepaliveSeconds: number;
  readonly connectTimeoutMs: number;
  readonly publishTimeoutMs: number;
  readonly ackTopic: string;
  readonly will?: { readonly topic: string; readonly payload: Buffer; readonly retain: boolean };
}

/** PEM contents; the app reads the files. */
export interface MqttTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Application protocols, e.g. `x-amzn-mqtt-ca` for AWS on port 443. */
  readonly alpn?: readonly string[];
}

interface MqttSessionHandlers {
  onReady(): void;
  onMessage(payload: Uint8Array): void;
  /** Once. `code`: the MQTT reason, when the broker gave one. */
  onEnd(reason: string, code: number | undefined): void;
}

interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly timeoutMs: number;
}

export interface MqttSession {
  readonly ready: boolean;
  /** Of the whole packet, as the broker said it (MQTT 5); undefined when it did not. */
  readonly maxPacketBytes: number | undefined;
  send(message: MqttMessage): Promise<void>;
  /** `politely` says goodbye to a broker that just answered; else the socket is destroyed. */
  end(reason: string, politely?: boolean): void;
}

/** More than any forwarder window; reaching it is a caller's mistake. */
const MAX_OUTSTANDING = 256;
/** What a broker that names no limit is given at once; AWS IoT Core takes 100. */
const DEFAULT_RECEIVE_MAXIMUM = 100;
/** No message for us is larger; the broker drops those that are (MQTT 5). */
const MAX_INCOMING_PACKET_BYTES = 256 * 1024;
/** Below this a broker is of no use: many single events would not pass. */
const MIN_PACKET_BYTES = 8 * 1024;
const PATIENCE_FACTOR = 3;

export function openMqttSession(
  options: MqttSessionOptions,
  clock: Clock,
  handlers: MqttSessionHandlers,
): MqttSession {
  return new UplinkConnection(options, clock, handlers);
}

interface PendingPublish extends MqttMessage {
  settle(error: Error | undefined): void;
}

class UplinkConnection implements MqttSession {
  readonly #options: MqttSessionOptions;
  readonly #clock: Clock;
  readonly #handlers: MqttSessionHandlers;
  readonly #client: MqttClient;
  readonly #unanswered = new Set<PendingPublish>();
  readonly #waiting: PendingPublish[] = [];
  #receiveMaximum = DEFAULT_RECEIVE_MAXIMUM;
  #dialling: Timer | undefined;
  /** Packets heard so far. */
  #heard = 0;
  #lastWords = 'connection closed';
  #lastCode: number | undefined;
  #ended = false;
  ready = false;
  maxPacketBytes: number | undefined;

  constructor(options: MqttSessionOptions, clock: Clock, handlers: MqttSessionHandlers) {
    this.#options = options;
    this.#clock = clock;
    this.#handlers = handlers;
    const { connectTimeoutMs } = options;
    this.#dialling = clock.setTimer(connectTimeoutMs, 'mqtt connect', () =>
      this.end(`no answer within ${connectTimeoutMs} ms`),
    );
    this.#client = mqttConnect(options.url, clientOptions(options));
    // The listeners also outlive the session: late errors of a discarded client must not crash the process.
    this.#client.on('error', (error) => this.#note(describeError(error), error));
    this.#client.on('disconnect', (packet) => {
      const code = packet.reasonCode ?? 0;
      this.#lastCode = code;
      this.#lastWords = mqttReason(code, packet.properties?.reasonString);
    });
    this.#client.on('close', () => this.end(this.#lastWords));
    this.#client.on('connect', (packet) => this.#onConnack(packet));
    this.#client.on('packetreceive', () => {
      this.#heard++;
    });
    this.#client.on('message', (topic, payload) => {
      if (!this.#ended && topic === options.ackTopic) handlers.onMessage(payload);
    });
  }

  send(message: MqttMessage): Promise<void> {
    if (!this.ready) return Promise.reject(new Error('not connected'));
    if (this.#unanswered.size + this.#waiting.length >= MAX_OUTSTANDING) {
      return Promise.reject(new Error(`${MAX_OUTSTANDING} publishes already wait for the broker`));
    }
    return new Promise((resolve, reject) => {
      const settle = (error: Error | undefined) => (error === undefined ? resolve() : reject(error));
      this.#waiting.push({ ...message, settle });
      this.#pump();
    });
  }

  end(reason: string, politely = false): void {
    if (this.#ended) return;
    this.#ended = true;
    const wasReady = this.ready;
    this.ready = false;
    this.#dialling?.cancel();
    const gone = new Error(`link lost: ${reason}`);
    for (const one of [...this.#unanswered, ...this.#waiting.splice(0)]) one.settle(gone);
    this.#unanswered.clear();
    // Unless the broker just answered, the socket is destroyed: a half-open one would never finish.
    this.#client.end(!(politely && wasReady));
    this.#handlers.onEnd(reason, this.#lastCode);
  }

  #note(words: string, error: Error): void {
    // What the broker said stands above what the socket says afterwards.
    if (this.#lastCode !== undefined) return;
    this.#lastWords = words;
    if ('code' in error && typeof error.code === 'number') this.#lastCode = error.code;
  }

  #onConnack(packet: IConnackPacket): void {
    if (this.#ended) return;
    const { receiveMaximum, maximumPacketSize } = packet.properties ?? {};
    if (receiveMaximum !== undefined) this.#receiveMaximum = Math.min(receiveMaximum, MAX_OUTSTANDING);
    this.maxPacketBytes = maximumPacketSize;
    if (maximumPacketSize !== undefined && maximumPacketSize < MIN_PACKET_BYTES) {
      this.end(`the broker takes packets of ${maximumPacketSize} bytes at most: raise its limit to 131072`);
      return;
    }
    this.#subscribe();
  }

  #subscribe(): void {
    const topic = this.#options.ackTopic;
    this.#client.subscribe(topic, { qos: 1 }, (error, granted) => {
      if (this.#ended) return;
      const refused = granted?.find((grant) => grant.qos >= 128)?.qos;
      if (error !== null || refused !== undefined) {
        const words = error === null ? mqttReason(refused ?? 128) : describeError(error);
        this.end(`subscription to ${topic} refused: ${words}`);
        return;
      }
      this.#dialling?.cancel();
      this.ready = true;
      this.#handlers.onReady();
    });
  }

  /** Publishes what waits, as far as the broker takes it. */
  #pump(): void {
    while (!this.#ended && this.#unanswered.size < this.#receiveMaximum) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#publish(next);
    }
  }

  #publish(message: PendingPublish): void {
    const { topic, payload, retain, timeoutMs } = message;
    this.#unanswered.add(message);
    const watchdog = this.#watch(timeoutMs);
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#client.publish(topic, bytes, { qos: 1, retain }, (error) => {
      watchdog.cancel();
      if (!this.#unanswered.delete(message)) return;
      message.settle(error ? new Error(`the broker did not take it: ${describeError(error)}`) : undefined);
      this.#pump();
    });
    const { settle } = message;
    message.settle = (error) => {
      watchdog.cancel();
      settle(error);
    };
  }

  #watch(timeoutMs: number): Timer {
    let heardBefore = this.#heard;
    let rounds = 1;
    let timer: Timer;
    const check = () => {
      if (this.#heard === heardBefore) this.end(`broker silent for ${timeoutMs} ms`);
      else if (rounds++ >= PATIENCE_FACTOR) {
        this.end(`a publish got no answer for ${timeoutMs * PATIENCE_FACTOR} ms`);
      } else {
        heardBefore = this.#heard;
        timer = this.#clock.setTimer(timeoutMs, 'mqtt publish', check);
      }
    };
    timer = this.#clock.setTimer(timeoutMs, 'mqtt publish', check);
    return { cancel: () => timer.cancel() };
  }
}

function clientOptions(options: MqttSessionOptions): IClientOptions {
  const { clientId, username, password, tls, protocolVersion, keepaliveSeconds, will } = options;
  return {
    clientId,
    protocolVersion,
    clean: true,
    keepalive: keepaliveSeconds,
    connectTimeout: options.connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    messageIdProvider: new UniqueMessageIdProvider(),
    ...(protocolVersion === 5
      ? { properties: { sessionExpiryInterval: 0, maximumPacketSize: MAX_INCOMING_PACKET_BYTES } }
      : {}),
    ...(will === undefined ? {} : { will: { ...will, qos: 1 as const } }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
    ...(tls?.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
  };
}
