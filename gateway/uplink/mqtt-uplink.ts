/**
 * The uplink over MQTT (3.1.1 by default: every broker speaks it; 5 by option). mqtt.js is used for the protocol
 * only, never as a queue:
 *
 * - One client object per connection. When a connection ends, for whatever reason, its client is thrown away with
 *   everything in it; nothing is replayed from its store. Retries are ours, with jittered backoff.
 * - "Connected" is reported only when the ack topic is subscribed: an ack cannot be missed by a batch sent early.
 * - A publish that gets no PUBACK in time means a dead link (half-open TCP), so the client is rebuilt.
 * - The retained state topic says `online`, the broker says `offline` for us (the will).
 */
import { type IClientOptions, type MqttClient, connect as mqttConnect, UniqueMessageIdProvider } from 'mqtt';
import type { Lane } from '../../protocol/events/lanes.ts';
import { ackSchema } from '../../protocol/link/ack.ts';
import { unpackJson } from '../../protocol/link/batch.ts';
import { ackTopic, stateTopic, upTopic } from '../../protocol/link/topics.ts';
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import type { Uplink, UplinkHandlers } from './uplink.ts';

export interface MqttUplinkOptions {
  readonly gateway: string;
  /** `mqtt://host:1883`, `mqtts://host:8883`, `ws://…`, `wss://…`. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: the gateway id. */
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: MqttTls;
  /** Default 4, which is MQTT 3.1.1. */
  readonly protocolVersion?: 4 | 5;
  /** Default 30. */
  readonly keepaliveSeconds?: number;
  /** From dialling to being subscribed, default 15,000. */
  readonly connectTimeoutMs?: number;
  /** From a publish to its PUBACK, default 20,000. */
  readonly publishTimeoutMs?: number;
  /** First and longest pause before dialling again, default 1000 (AWS allows one connect per second) and 60,000. */
  readonly backoffMs?: { readonly first: number; readonly longest: number };
}

/** PEM contents; the app reads the files. */
export interface MqttTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Application protocols, e.g. `x-amzn-mqtt-ca` for AWS on port 443. */
  readonly alpn?: readonly string[];
}

export interface MqttUplink extends Uplink {
  /** Messages on the ack topic that were no acks. */
  readonly malformedAcks: number;
}

/** More than any forwarder window; reaching it is a caller's mistake. */
const MAX_OUTSTANDING = 256;
const MAX_ACK_BYTES = 4096;

/** How long closing waits for the broker to take the goodbye. */
const GOODBYE_MS = 2000;

interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly timeoutMs: number;
}

/** One attempt and the connection it may become. Ended once, for one reason. */
interface Session {
  readonly client: MqttClient;
  readonly outstanding: Set<(error: Error) => void>;
  timer: Timer | undefined;
  ready: boolean;
  ended: boolean;
}

export function createMqttUplink(options: MqttUplinkOptions): MqttUplink {
  return new MqttLink(options);
}

class MqttLink implements MqttUplink {
  readonly #options: MqttUplinkOptions;
  /** Without credentials. */
  readonly #address: string;
  #handlers: UplinkHandlers | undefined;
  #session: Session | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #state = 'not started';
  #closed = false;
  malformedAcks = 0;

  constructor(options: MqttUplinkOptions) {
    this.#options = options;
    const { protocol, host } = new URL(options.url);
    this.#address = `${protocol}//${host}`;
  }

  get connected(): boolean {
    return this.#session?.ready === true;
  }

  get state(): string {
    return this.#state;
  }

  start(handlers: UplinkHandlers): void {
    this.#handlers = handlers;
    this.#dial();
  }

  publish(lane: Lane, payload: Uint8Array): Promise<void> {
    const session = this.#session;
    if (session === undefined || !session.ready) return Promise.reject(new Error('not connected'));
    if (session.outstanding.size >= MAX_OUTSTANDING) {
      return Promise.reject(new Error(`${MAX_OUTSTANDING} publishes already wait for the broker`));
    }
    const topic = upTopic(this.#options.gateway, lane);
    return this.#send(session, { topic, payload, retain: false, timeoutMs: this.#publishTimeoutMs() });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry?.cancel();
    const session = this.#session;
    this.#state = 'closed';
    if (session === undefined) return;
    if (session.ready) {
      // A clean goodbye does not trigger the will, so say it here; a dead link is left to the will.
      await this.#say(session, 'offline', GOODBYE_MS).catch(() => undefined);
    }
    this.#end(session, 'closed', true);
  }

  #dial(): void {
    if (this.#closed) return;
    this.#state = `connecting to ${this.#address}`;
    const client = mqttConnect(this.#options.url, this.#clientOptions());
    const session: Session = { client, outstanding: new Set(), timer: undefined, ready: false, ended: false };
    this.#session = session;
    let reason = 'connection closed';
    const timeoutMs = this.#options.connectTimeoutMs ?? 15_000;
    session.timer = this.#options.clock.setTimer(timeoutMs, 'mqtt connect', () =>
      this.#end(session, `no answer within ${timeoutMs} ms`),
    );
    // The listener also outlives the session: late errors of a discarded client must not crash the process.
    client.on('error', (error) => {
      reason = describe(error);
    });
    client.on('close', () => this.#end(session, reason));
    client.on('connect', () => this.#subscribe(session));
    client.on('message', (topic, payload) => this.#onMessage(session, topic, payload));
  }

  #clientOptions(): IClientOptions {
    const { gateway, clientId, username, password, tls, protocolVersion, keepaliveSeconds } = this.#options;
    return {
      clientId: clientId ?? gateway,
      protocolVersion: protocolVersion ?? 4,
      clean: true,
      keepalive: keepaliveSeconds ?? 30,
      connectTimeout: this.#options.connectTimeoutMs ?? 15_000,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      messageIdProvider: new UniqueMessageIdProvider(),
      will: { topic: stateTopic(gateway), payload: Buffer.from('offline'), qos: 1, retain: true },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
      ...(tls?.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
    };
  }

  #subscribe(session: Session): void {
    const topic = ackTopic(this.#options.gateway);
    session.client.subscribe(topic, { qos: 1 }, (error, granted) => {
      if (session.ended) return;
      const refused = granted?.some((grant) => grant.qos === 128) ?? false;
      if (error !== null || refused) {
        this.#end(session, `subscription to ${topic} refused${error === null ? '' : `: ${describe(error)}`}`);
        return;
      }
      this.#becomeReady(session);
    });
  }

  #becomeReady(session: Session): void {
    session.timer?.cancel();
    session.ready = true;
    this.#failures = 0;
    this.#state = `connected to ${this.#address}`;
    // Whether it arrives is told by the next publish; nothing waits for it.
    this.#say(session, 'online', this.#publishTimeoutMs()).catch(() => undefined);
    this.#handlers?.onConnected();
  }

  #publishTimeoutMs(): number {
    return this.#options.publishTimeoutMs ?? 20_000;
  }

  #say(session: Session, state: 'online' | 'offline', timeoutMs: number): Promise<void> {
    const topic = stateTopic(this.#options.gateway);
    return this.#send(session, { topic, payload: Buffer.from(state), retain: true, timeoutMs });
  }

  #send(session: Session, message: OutgoingMessage): Promise<void> {
    const { topic, payload, retain, timeoutMs } = message;
    return new Promise((resolve, reject) => {
      const watchdog = this.#options.clock.setTimer(timeoutMs, 'mqtt publish', () =>
        this.#end(session, `broker silent for ${timeoutMs} ms`),
      );
      const settle = (error: Error | undefined) => {
        if (!session.outstanding.delete(settle)) return;
        watchdog.cancel();
        if (error === undefined) resolve();
        else reject(error);
      };
      session.outstanding.add(settle);
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      session.client.publish(topic, bytes, { qos: 1, retain }, (error) => settle(error ?? undefined));
    });
  }

  #onMessage(session: Session, topic: string, payload: Buffer): void {
    if (session.ended || topic !== ackTopic(this.#options.gateway)) return;
    const unpacked = payload.length <= MAX_ACK_BYTES ? unpackJson(payload) : undefined;
    const ack = unpacked?.ok === true ? ackSchema.safeParse(unpacked.value) : undefined;
    if (ack?.success === true) this.#handlers?.onAck(ack.data);
    else this.malformedAcks++;
  }

  /** Throws the client away and, unless closed, dials again later. */
  #end(session: Session, reason: string, politely = false): void {
    if (session.ended) return;
    session.ended = true;
    const wasReady = session.ready;
    session.ready = false;
    session.timer?.cancel();
    if (this.#session === session) this.#session = undefined;
    const gone = new Error(`link lost: ${reason}`);
    for (const settle of [...session.outstanding]) settle(gone);
    // Unless the broker just answered, the socket is destroyed: a half-open one would never finish.
    session.client.end(!(politely && wasReady));
    if (this.#closed) return;
    this.#redialLater(reason);
    if (wasReady) this.#handlers?.onDisconnected(reason);
  }

  #redialLater(reason: string): void {
    const { first, longest } = this.#options.backoffMs ?? { first: 1000, longest: 60_000 };
    const base = Math.min(longest, first * 2 ** Math.min(this.#failures++, 20));
    // Never sooner than `first`, spread up to half above: a site full of gateways must not dial in step.
    const delayMs = Math.round(base * (1 + this.#options.random.next() / 2));
    this.#state = `waiting ${Math.ceil(delayMs / 1000)} s: ${reason}`;
    this.#retry = this.#options.clock.setTimer(delayMs, 'mqtt redial', () => this.#dial());
  }
}

/** Node gives some socket errors (refused on every address) an empty message; the code then says more. */
function describe(error: Error): string {
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}
