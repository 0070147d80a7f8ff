/**
 * The intake over NATS JetStream. Gateways publish by MQTT to the server's own listener (or as NATS clients); the
 * server stores each batch until it is acknowledged here, which happens after the commit and never before. Clouds
 * that share the durable consumer share the load; what a dead one had in hand goes to another after the ack wait.
 *
 * As with MQTT each connection attempt is a new connection, never the client's own reconnecting. A cloud asks only for as many batches as its queue has places, so that a slow database holds nothing that another
 * could take, and says "still working" for what it holds.
 */
import {
  type Consumer,
  type ConsumerMessages,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import {
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import type { Ack } from '../../../protocol/link/ack.ts';
import { parseTopic } from '../../../protocol/link/topics.ts';
import type { Timer } from '../../../protocol/ports/clock.ts';
import { BrokerLink, type BrokerLinkCounters, type BrokerLinkOptions } from '../broker-link.ts';
import {
  type DeliveryCounters,
  type DeliveryOutcome,
  DeliveryQueue,
  MAX_QUEUED_DELIVERIES,
} from '../delivery-queue.ts';
import { parseGatewayState } from '../gateway-state.ts';
import type { Delivery, Intake, IntakeHandlers } from '../intake.ts';
import {
  ACK_WAIT_MS,
  ackSubject,
  ensureLayout,
  type JetStreamNames,
  stateStreamOf,
  topicOf,
} from './jetstream-layout.ts';

const CONNECT_LIMIT_MS = 10_000;
/** A server that answers no ping is given up after three of these. */
const PING_EVERY_MS = 5_000;
const PINGS_MISSED = 2;
/** Batches asked for at once; 64 of the largest are 8 MB. */
const PULL_BATCHES = 64;
/** How long the server keeps a request open; it also bounds how long it sends to a cloud that lost its power. */
const PULL_OPEN_MS = 5_000;
const FIRST_NAK_MS = 1_000;
const LONGEST_NAK_MS = 30_000;

interface JetStreamIntakeOptions extends JetStreamNames, BrokerLinkOptions {
  /** nats://, tls:// or several with commas between; without credentials. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  /** Content of a .creds file. */
  readonly credentials?: Uint8Array;
  readonly ca?: Buffer;
}

interface JetStreamIntakeCounters extends DeliveryCounters, BrokerLinkCounters {
  /** Batches that came again because a cloud had not acknowledged them in time. */
  redelivered: number;
}

/** One connection, from its dialling to its end. */
interface JetStreamSession {
  connection: NatsConnection | undefined;
  readonly inHand: Set<JsMsg>;
  /** The request for batches that is open now. */
  pull: ConsumerMessages | undefined;
  working: Timer | undefined;
  ended: boolean;
}

export class JetStreamIntake implements Intake {
  readonly #options: JetStreamIntakeOptions;
  readonly #link: BrokerLink;
  #redelivered = 0;
  #handlers: IntakeHandlers | undefined;
  #queue: DeliveryQueue | undefined;
  #session: JetStreamSession | undefined;

  constructor(options: JetStreamIntakeOptions) {
    this.#options = options;
    this.#link = new BrokerLink(options, () => void this.#attempt());
  }

  get state(): string {
    return this.#link.state;
  }

  get counters(): JetStreamIntakeCounters {
    const deliveries = this.#queue?.counters ?? { delivered: 0, failed: 0, held: 0 };
    return { ...deliveries, ...this.#link.counters, redelivered: this.#redelivered };
  }

  /** Begins to connect; a server that is not there yet is no error. */
  async start(handlers: IntakeHandlers): Promise<void> {
    this.#handlers = handlers;
    this.#queue = new DeliveryQueue({
      handler: handlers.onDelivery,
      onFailure: ({ gateway, lane }, error) =>
        this.#link.trouble('delivery-failed', { gateway, lane, error }),
    });
    this.#link.dial();
  }

  /** What waits goes back to the server for another cloud at once; what is in the ledger is acknowledged first. */
  async close(): Promise<void> {
    this.#handlers = undefined;
    this.#link.close();
    const session = this.#session;
    // First: what is handed back must not come to us again.
    await session?.pull?.close();
    await this.#queue?.close();
    this.#session = undefined;
    if (session === undefined) return;
    session.ended = true;
    session.working?.cancel();
    const { connection } = session;
    await connection?.flush().catch(() => undefined);
    await connection?.close();
  }

  async #attempt(): Promise<void> {
    const session: JetStreamSession = {
      connection: undefined,
      inHand: new Set(),
      pull: undefined,
      working: undefined,
      ended: false,
    };
    this.#session = session;
    try {
      const connection = await connect(this.#connectionOptions());
      session.connection = connection;
      if (this.#session !== session) {
        await connection.close();
        return;
      }
      void connection
        .closed()
        .then((error) => this.#end(session, error ? describe(error) : 'connection closed'));
      const manager = await jetstreamManager(connection, { timeout: CONNECT_LIMIT_MS });
      await ensureLayout(manager, this.#options);
      const client = jetstream(connection, { timeout: CONNECT_LIMIT_MS });
      const consumer = await client.consumers.get(this.#options.stream, this.#options.durable);
      const states = await client.consumers.get(stateStreamOf(this.#options));
      if (session.ended) return;
      this.#ready(session);
      await Promise.all([this.#pull(session, consumer), this.#watchStates(session, states)]);
    } catch (error) {
      this.#end(session, describe(error));
    }
  }

  #connectionOptions(): NodeConnectionOptions {
    const { url, username, password, token, credentials, ca } = this.#options;
    return {
      servers: url.split(','),
      name: 'tallyport-cloud',
      reconnect: false,
      timeout: CONNECT_LIMIT_MS,
      pingInterval: PING_EVERY_MS,
      maxPingOut: PINGS_MISSED,
      ...(username !== undefined && { user: username }),
      ...(password !== undefined && { pass: password }),
      ...(token !== undefined && { token }),
      ...(credentials !== undefined && { authenticator: credsAuthenticator(credentials) }),
      ...(ca !== undefined && { tls: { ca: ca.toString('utf8') } }),
    };
  }

  #ready(session: JetStreamSession): void {
    const everyMs = Math.floor((this.#options.ackWaitMs ?? ACK_WAIT_MS) / 3);
    const sayWorking = () => {
      for (const message of session.inHand) message.working();
      session.working = this.#options.clock.setTimer(everyMs, 'jetstream working', sayWorking);
    };
    session.working = this.#options.clock.setTimer(everyMs, 'jetstream working', sayWorking);
    this.#link.up(`stream ${this.#options.stream}`);
  }

  async #pull(session: JetStreamSession, consumer: Consumer): Promise<void> {
    const queue = this.#queue;
    const open = () => !session.ended && this.#handlers !== undefined;
    while (queue !== undefined && open()) {
      await queue.room();
      const places = MAX_QUEUED_DELIVERIES - queue.size;
      if (!open() || places <= 0) continue;
      const batches = await consumer.fetch({
        max_messages: Math.min(places, PULL_BATCHES),
        expires: PULL_OPEN_MS,
      });
      session.pull = batches;
      for await (const message of batches) this.#take(session, message, queue);
    }
  }

  #take(session: JetStreamSession, message: JsMsg, queue: DeliveryQueue): void {
    if (message.redelivered) this.#redelivered += 1;
    const topic = parseTopic(topicOf(message.subject));
    if (topic?.kind !== 'up') {
      this.#link.foreign(message.subject);
      message.term();
      return;
    }
    const delivery: Delivery = { gateway: topic.gateway, lane: topic.lane, payload: message.data };
    const outcome = queue.submit(delivery);
    if (outcome === undefined) {
      message.nak(FIRST_NAK_MS);
      return;
    }
    session.inHand.add(message);
    void outcome.then((how) => {
      session.inHand.delete(message);
      this.#settle(session, message, how);
    });
  }

  #settle(session: JetStreamSession, message: JsMsg, outcome: DeliveryOutcome): void {
    if (outcome.kind === 'taken') this.#sendAck(outcome.ack);
    // A connection that is gone takes its messages with it: the server gives them out again.
    if (session.connection === undefined || session.connection.isClosed()) return;
    switch (outcome.kind) {
      case 'taken':
        message.ack();
        return;
      case 'refused':
        message.term();
        return;
      case 'not-taken':
        message.nak(this.#handlers === undefined ? 0 : nakDelayMs(message.info.deliveryCount));
        return;
    }
  }

  /** Like a retained message: at first what each gateway said last, then what it says. */
  async #watchStates(session: JetStreamSession, consumer: Consumer): Promise<void> {
    const messages = await consumer.consume();
    for await (const message of messages) {
      if (session.ended) return;
      const topic = parseTopic(topicOf(message.subject));
      const state = parseGatewayState(message.data);
      if (topic?.kind === 'state' && state !== undefined) {
        this.#handlers?.onGatewayState(topic.gateway, state);
      } else {
        this.#link.foreign(message.subject);
      }
    }
  }

  #sendAck(ack: Ack): void {
    const connection = this.#session?.connection;
    if (connection === undefined || connection.isClosed()) this.#link.counters.acksDropped += 1;
    else connection.publish(ackSubject(ack.gateway), JSON.stringify(ack));
  }

  #end(session: JetStreamSession, reason: string): void {
    if (session.ended) return;
    session.ended = true;
    session.working?.cancel();
    void session.connection?.close();
    if (this.#session === session && this.#handlers !== undefined) this.#link.down(reason);
  }
}

function nakDelayMs(deliveries: number): number {
  return Math.min(LONGEST_NAK_MS, FIRST_NAK_MS * 2 ** Math.min(Math.max(deliveries, 1) - 1, 20));
}

/** The client's own errors carry what the server said in their cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error && error.cause.message !== '' ? `: ${error.cause.message}` : '';
  return `${error.message || error.name}${error.message.includes(cause) ? '' : cause}`;
}
