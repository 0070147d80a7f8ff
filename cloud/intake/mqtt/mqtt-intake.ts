/**
 * The intake over any MQTT 5 or 3.1.1 broker. Each connection attempt is a new client with its own time limit,
 * so a client that hangs half-way is never waited for; between attempts a jittered backoff. Acks are published at
 * QoS 1 while connected and dropped otherwise: the gateway sends again and is acked then. MQTT 5 is tried first,
 * 3.1.1 when the broker knows no better.
 *
 * A message is PUBACKed when it has a place in the bounded queue, not after the commit: what a worker that died had
 * not acknowledged, a broker may keep to itself (MQTT 5 §4.8.2 leaves it free, and Mosquitto 2.0 drops it with the
 * session), so nothing would be gained. Takeover rests on the gateway, which sends again what is not acked in time,
 * and on the broker sending that to a worker that lives.
 */
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import { ackTopic, parseTopic, STATE_FILTER, UP_FILTER } from '../../../protocol/link/topics.ts';
import type { Timer } from '../../../protocol/ports/clock.ts';
import { BrokerLink, type BrokerLinkCounters, type BrokerLinkOptions } from '../broker-link.ts';
import { type DeliveryCounters, DeliveryQueue } from '../delivery-queue.ts';
import { parseGatewayState } from '../gateway-state.ts';
import type { Delivery, Intake, IntakeHandlers } from '../intake.ts';

/** From the first SYN to the granted subscription; beyond it the attempt is given up and a new one begins. */
const ATTEMPT_LIMIT_MS = 30_000;
/** Messages the broker may have in flight towards us (MQTT 5). */
const RECEIVE_MAXIMUM = 64;
/** Acks without PUBACK; beyond it acks are dropped, which the gateways survive. */
const MAX_ACKS_IN_FLIGHT = 1000;
/** A broker may go on sending a dead machine its share for one and a half times this (MQTT 5 §3.1.2.10). */
const KEEPALIVE_SECONDS = 5;
/** CONNACK codes for "I do not speak this version": MQTT 3.1.1 §3.2.2.3 and MQTT 5 §3.2.2.2. */
const VERSION_REFUSED = new Set([1, 132]);
const SUBSCRIPTION_REFUSED = 128;
/** Reason codes of MQTT 5 §3.14.2.1 and §3.9.3. */
const SESSION_TAKEN_OVER = 142;
const SHARED_NOT_SUPPORTED = 158;

const NO_SHARING =
  'the broker has no shared subscriptions: enable them, or run one cloud without intake.mqtt.shareGroup';

const NOT_ALLOWED = `the broker refuses the subscription: allow this client to read ${UP_FILTER} and ${STATE_FILTER}`;

interface MqttIntakeOptions extends BrokerLinkOptions {
  /** mqtt://, mqtts://, ws:// or wss://; without credentials. */
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly ca?: Buffer;
  /** Several clouds that share the load subscribe under one `$share` group; asks for MQTT 5. */
  readonly shareGroup?: string;
}

type MqttIntakeCounters = DeliveryCounters & BrokerLinkCounters;

export class MqttIntake implements Intake {
  readonly #options: MqttIntakeOptions;
  readonly #link: BrokerLink;
  #handlers: IntakeHandlers | undefined;
  #queue: DeliveryQueue | undefined;
  #client: MqttClient | undefined;
  #attemptLimit: Timer | undefined;
  #version: 4 | 5 = 5;
  #acksInFlight = 0;

  constructor(options: MqttIntakeOptions) {
    this.#options = options;
    this.#link = new BrokerLink(options, () => this.#attempt());
  }

  get state(): string {
    return this.#link.state;
  }

  /** True while subscribed. */
  get connected(): boolean {
    return this.#link.connected;
  }

  get counters(): MqttIntakeCounters {
    const deliveries = this.#queue?.counters ?? { delivered: 0, failed: 0, held: 0 };
    return { ...deliveries, ...this.#link.counters };
  }

  /** Begins to connect; a broker that is not there yet is no error. */
  async start(handlers: IntakeHandlers): Promise<void> {
    this.#handlers = handlers;
    this.#queue = new DeliveryQueue({
      handler: handlers.onDelivery,
      onAck: (delivery, ack) => this.#sendAck(delivery.gateway, JSON.stringify(ack)),
      onFailure: (delivery, error) =>
        this.#link.trouble('delivery-failed', { gateway: delivery.gateway, lane: delivery.lane, error }),
    });
    this.#link.dial();
  }

  async close(): Promise<void> {
    this.#handlers = undefined;
    this.#attemptLimit?.cancel();
    this.#link.close();
    await this.#queue?.close();
    const client = this.#client;
    this.#client = undefined;
    await client?.endAsync(true);
  }

  #attempt(): void {
    const client = connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    const fail = (reason: string) => this.#giveUp(client, reason);
    this.#attemptLimit = this.#options.clock.setTimer(ATTEMPT_LIMIT_MS, 'intake connect limit', () =>
      fail(`no answer within ${ATTEMPT_LIMIT_MS / 1000} s`),
    );
    client.handleMessage = (packet, done) => {
      void this.#take(packet).then(() => done());
    };
    client.on('connect', ({ properties }) => {
      const { shareGroup } = this.#options;
      if (shareGroup !== undefined && properties?.sharedSubscriptionAvailable === false) fail(NO_SHARING);
      else this.#subscribe(client, fail);
    });
    client.on('error', (error) => {
      const code: unknown = Reflect.get(error, 'code');
      if (typeof code === 'number' && VERSION_REFUSED.has(code)) this.#version = 4;
      fail(error.message || String(code ?? error.name));
    });
    client.on('close', () => fail('connection closed'));
    client.on('disconnect', ({ reasonCode = 0 }) =>
      fail(
        reasonCode === SESSION_TAKEN_OVER
          ? `another client took the id ${this.#options.clientId}: give each cloud its own intake.mqtt.clientId`
          : `the broker ended it (reason ${reasonCode})`,
      ),
    );
  }

  #clientOptions(): IClientOptions {
    const { clientId, username, password, ca } = this.#options;
    return {
      clientId,
      clean: true,
      protocolVersion: this.#version,
      reconnectPeriod: 0,
      connectTimeout: ATTEMPT_LIMIT_MS,
      keepalive: KEEPALIVE_SECONDS,
      queueQoSZero: false,
      resubscribe: false,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(ca !== undefined && { ca }),
      ...(this.#version === 5 && {
        properties: {
          receiveMaximum: RECEIVE_MAXIMUM,
          maximumPacketSize: MAX_BATCH_BYTES + 4096,
        },
      }),
    };
  }

  #subscribe(client: MqttClient, fail: (reason: string) => void): void {
    const { shareGroup } = this.#options;
    if (shareGroup !== undefined && this.#version !== 5) {
      fail('the broker speaks no MQTT 5, which intake.mqtt.shareGroup needs');
      return;
    }
    const upFilter = shareGroup === undefined ? UP_FILTER : `$share/${shareGroup}/${UP_FILTER}`;
    client.subscribe([upFilter, STATE_FILTER], { qos: 1 }, (error, granted, suback) => {
      const codes: unknown[] = suback?.granted ?? granted?.map(({ qos }) => qos) ?? [];
      if (codes.includes(SHARED_NOT_SUPPORTED)) fail(NO_SHARING);
      else if (codes.some((code) => Number(code) >= SUBSCRIPTION_REFUSED)) fail(NOT_ALLOWED);
      else if (error) fail(`subscription failed: ${error.message}`);
      else if (client === this.#client) this.#ready();
    });
  }

  #ready(): void {
    this.#attemptLimit?.cancel();
    this.#link.up(`MQTT ${this.#version === 5 ? '5' : '3.1.1'}`);
  }

  #giveUp(client: MqttClient, reason: string): void {
    if (client !== this.#client || this.#handlers === undefined) return;
    this.#client = undefined;
    client.end(true);
    this.#attemptLimit?.cancel();
    this.#acksInFlight = 0;
    this.#link.down(reason);
  }

  async #take(packet: IPublishPacket): Promise<void> {
    const topic = parseTopic(packet.topic);
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    const state = topic?.kind === 'state' ? parseGatewayState(payload) : undefined;
    if (topic?.kind === 'up') {
      const delivery: Delivery = { gateway: topic.gateway, lane: topic.lane, payload };
      await this.#queue?.offer(delivery);
    } else if (topic !== undefined && state !== undefined) {
      this.#handlers?.onGatewayState(topic.gateway, state);
    } else {
      this.#link.foreign(packet.topic);
    }
  }

  #sendAck(gateway: string, ack: string): void {
    const client = this.#client;
    if (client === undefined || !this.connected || this.#acksInFlight >= MAX_ACKS_IN_FLIGHT) {
      this.#link.counters.acksDropped += 1;
      return;
    }
    this.#acksInFlight += 1;
    client.publish(ackTopic(gateway), ack, { qos: 1 }, () => {
      if (client === this.#client) this.#acksInFlight -= 1;
    });
  }
}
