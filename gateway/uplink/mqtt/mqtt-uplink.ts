/**
 * The uplink over MQTT: 3.1.1 by default (every broker speaks it), 5 by option. Owns dialling again: one session after
 * the other (mqtt-session.ts), with jittered backoff that is forgiven only once a session has carried something or has
 * stood for a while, so that a broker which takes the connection and drops it at the first batch is not hammered.
 *
 * The retained state topic says `online`, the broker says `offline` for us (the will).
 */
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import { VERSION_NOT_SUPPORTED } from '../../../protocol/link/carrier-words.ts';
import { ackTopic, stateTopic, upTopic } from '../../../protocol/link/topics.ts';
import { type Clock, delay, type Timer } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { readAck } from '../ack-message.ts';
import { DEFAULT_PAUSES, type PauseLimits, pauseMs } from '../carrier-pause.ts';
import type { Uplink, UplinkHandlers } from '../uplink.ts';
import { type MqttSession, type MqttSessionOptions, type MqttTls, openMqttSession } from './mqtt-session.ts';

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
  /** Default 4, which is MQTT 3.1.1; 5 falls back to it at a broker that does not speak 5. */
  readonly protocolVersion?: 4 | 5;
  /** Default 30. */
  readonly keepaliveSeconds?: number;
  /** From dialling to being subscribed, default 15,000. */
  readonly connectTimeoutMs?: number;
  /** Silence of the broker while a publish waits for its PUBACK, default 20,000. */
  readonly publishTimeoutMs?: number;
  readonly backoffMs?: PauseLimits;
  /** Least time between two retained messages to the state topic, default 0. AWS takes one per second. */
  readonly stateIntervalMs?: number;
  /** Where batches go, default `upTopic(gateway, lane)`. */
  readonly batchTopic?: (lane: Lane) => string;
}

export interface MqttUplink extends Uplink {
  readonly malformedAcks: number;
}

/** How long closing waits for the broker to take the goodbye. */
const GOODBYE_MS = 2000;
/** A session that stood this long was a good one, even if it had nothing to carry. */
const SETTLED_MS = 60_000;
/** Of an MQTT 5 PUBLISH beside payload and topic: fixed header 5, topic length 2, packet id 2, properties 1. */
const PUBLISH_OVERHEAD_BYTES = 10;
const RETAIN_NOT_SUPPORTED = 154;

export function createMqttUplink(options: MqttUplinkOptions): MqttUplink {
  return new MqttLink(options);
}

class MqttLink implements MqttUplink {
  readonly #options: MqttUplinkOptions;
  readonly #batchTopic: (lane: Lane) => string;
  /** Without credentials. */
  readonly #address: string;
  #handlers: UplinkHandlers | undefined;
  #session: MqttSession | undefined;
  #readyAtMs: number | undefined;
  #carried = false;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #retry: Timer | undefined;
  #state = 'not started';
  /** What the broker said of the last batch it did not take. */
  #complaint: string | undefined;
  #retain = true;
  #protocolVersion: 4 | 5;
  #closed = false;
  failures = 0;
  malformedAcks = 0;

  constructor(options: MqttUplinkOptions) {
    this.#options = options;
    this.#protocolVersion = options.protocolVersion ?? 4;
    this.#batchTopic = options.batchTopic ?? ((lane) => upTopic(options.gateway, lane));
    const { protocol, host } = new URL(options.url);
    this.#address = `${protocol}//${host}`;
  }

  get connected(): boolean {
    return this.#session?.ready === true;
  }

  get state(): string {
    return this.connected && this.#complaint !== undefined
      ? `${this.#state}; ${this.#complaint}`
      : this.#state;
  }

  get maxBatchBytes(): number | undefined {
    const packet = this.#session?.maxPacketBytes;
    if (packet === undefined) return undefined;
    return (
      packet -
      PUBLISH_OVERHEAD_BYTES -
      Math.max(...LANES.map((lane) => Buffer.byteLength(this.#batchTopic(lane))))
    );
  }

  start(handlers: UplinkHandlers): void {
    this.#handlers = handlers;
    this.#dial();
  }

  async publish(lane: Lane, payload: Uint8Array): Promise<void> {
    const session = this.#session;
    if (session === undefined || !session.ready) throw new Error('not connected');
    const limit = this.maxBatchBytes;
    if (limit !== undefined && payload.length > limit) {
      throw new Error(`the broker takes batches of ${limit} bytes, this one has ${payload.length}`);
    }
    const topic = this.#batchTopic(lane);
    try {
      await session.send({ topic, payload, retain: false, timeoutMs: this.#publishTimeoutMs() });
      this.#carried = true;
      this.failures = 0;
      this.#complaint = undefined;
    } catch (error) {
      this.#complaint = (error as Error).message;
      throw error;
    }
  }

  restart(reason: string): void {
    this.#session?.end(reason);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry?.cancel();
    const session = this.#session;
    this.#state = 'closed';
    if (session === undefined) return;
    // A clean goodbye does not trigger the will, so say it here; a dead link is left to the will.
    if (session.ready) await this.#say(session, 'offline', GOODBYE_MS).catch(() => undefined);
    session.end('closed', true);
  }

  #dial(): void {
    if (this.#closed) return;
    this.#state = `connecting to ${this.#address}`;
    this.#carried = false;
    this.#complaint = undefined;
    const { clock } = this.#options;
    const session = openMqttSession(this.#sessionOptions(), clock, {
      onReady: () => {
        this.#readyAtMs = clock.monotonicMs();
        this.#state = `connected to ${this.#address}`;
        // Whether it arrives shows with the next publish; nothing waits for it.
        this.#say(session, 'online', this.#publishTimeoutMs()).catch(() => undefined);
        this.#handlers?.onConnected();
      },
      onMessage: (payload) => {
        const ack = readAck(payload);
        if (ack === undefined) this.malformedAcks++;
        else this.#handlers?.onAck(ack);
      },
      onEnd: (reason, code) => this.#onEnd(reason, code),
    });
    this.#session = session;
  }

  #sessionOptions(): MqttSessionOptions {
    const { gateway, url, clientId, username, password, tls } = this.#options;
    return {
      url,
      clientId: clientId ?? gateway,
      protocolVersion: this.#protocolVersion,
      keepaliveSeconds: this.#options.keepaliveSeconds ?? 30,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? 15_000,
      publishTimeoutMs: this.#publishTimeoutMs(),
      ackTopic: ackTopic(gateway),
      will: { topic: stateTopic(gateway), payload: Buffer.from('offline'), retain: this.#retain },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
    };
  }

  #publishTimeoutMs(): number {
    return this.#options.publishTimeoutMs ?? 20_000;
  }

  async #say(session: MqttSession, state: 'online' | 'offline', timeoutMs: number): Promise<void> {
    const { clock, stateIntervalMs } = this.#options;
    const waitMs = this.#saidAtMs + (stateIntervalMs ?? 0) - clock.monotonicMs();
    if (waitMs > 0) await delay(clock, waitMs, 'mqtt state');
    this.#saidAtMs = clock.monotonicMs();
    const topic = stateTopic(this.#options.gateway);
    await session.send({ topic, payload: Buffer.from(state), retain: this.#retain, timeoutMs });
  }

  #onEnd(reason: string, code: number | undefined): void {
    this.#session = undefined;
    if (this.#closed) return;
    const { clock, random, backoffMs } = this.#options;
    const readyAtMs = this.#readyAtMs;
    this.#readyAtMs = undefined;
    const settled = readyAtMs !== undefined && clock.monotonicMs() - readyAtMs >= SETTLED_MS;
    if (this.#carried || settled) this.failures = 0;
    if (code === RETAIN_NOT_SUPPORTED) this.#retain = false;
    if (code !== undefined && VERSION_NOT_SUPPORTED.includes(code)) this.#protocolVersion = 4;
    const delayMs = pauseMs(backoffMs ?? DEFAULT_PAUSES, this.failures++, random);
    this.#state = `waiting ${Math.ceil(delayMs / 1000)} s: ${reason}`;
    this.#retry = clock.setTimer(delayMs, 'mqtt redial', () => this.#dial());
    if (readyAtMs !== undefined) this.#handlers?.onDisconnected(reason);
  }
}
