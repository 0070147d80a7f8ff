/**
 * The intake with its own MQTT 3.1.1 broker (aedes), for the demo and small sites. A gateway signs in with its id
 * and token, may publish only under its own topics and subscribe only to its own acks. Nothing is routed between
 * clients: what is published is consumed here, so retained messages and stored sessions do not exist. A PUBACK is
 * given once the delivery has a place in the bounded queue; the broker stops reading a connection until then.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes, type AuthenticateError, type Client } from 'aedes';
import { MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import { ackTopic, isGatewayId, parseTopic } from '../../../protocol/link/topics.ts';
import { hashToken } from '../../enrolment/tokens.ts';
import { type DeliveryCounters, DeliveryQueue } from '../delivery-queue.ts';
import { parseGatewayState } from '../gateway-state.ts';
import type { Intake, IntakeHandlers } from '../intake.ts';
import { type ListenAddress, listen } from '../listen.ts';
import { guardPacketSize, PACKET_OVERHEAD_BYTES } from './packet-size-guard.ts';

/** Connections, signed in or not. */
const MAX_CONNECTIONS = 1024;
/** A connection that has not said CONNECT by then is closed. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Where consumed packets go: nobody may subscribe to it. */
const CONSUMED_TOPIC = 'consumed';
const NOTHING = Buffer.alloc(0);

interface EmbeddedBrokerOptions extends ListenAddress {
  /** True when the token is that of the gateway and the gateway may deliver. A rejection means "ask again later". */
  readonly verify: (gateway: string, token: string) => Promise<boolean>;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Something was refused or went wrong; already counted. */
  readonly onTrouble?: (event: string, detail: Record<string, unknown>) => void;
}

interface BrokerCounters extends DeliveryCounters {
  refusedConnections: number;
  refusedPublishes: number;
  refusedSubscriptions: number;
  oversizedPackets: number;
}

export class EmbeddedBroker implements Intake {
  readonly #options: EmbeddedBrokerOptions;
  readonly #refused = {
    refusedConnections: 0,
    refusedPublishes: 0,
    refusedSubscriptions: 0,
    oversizedPackets: 0,
  };
  readonly #connected = new Map<string, Client>();
  /** What each signed in with, so that it can be asked again whether that may still deliver. */
  readonly #tokenHashes = new WeakMap<Client, string>();
  readonly #sockets = new Set<Socket>();
  #broker: Aedes | undefined;
  #server: Server | undefined;
  #queue: DeliveryQueue | undefined;
  #port = 0;

  constructor(options: EmbeddedBrokerOptions) {
    this.#options = options;
  }

  /** The port it listens on, once started. */
  get port(): number {
    return this.#port;
  }

  get state(): string {
    if (this.#server === undefined) return 'closed';
    return `broker on ${this.#options.host}:${this.#port}, ${this.#connected.size} ${this.#connected.size === 1 ? 'gateway' : 'gateways'} connected`;
  }

  get counters(): BrokerCounters {
    const deliveries = this.#queue?.counters ?? { delivered: 0, failed: 0, held: 0 };
    return { ...deliveries, ...this.#refused };
  }

  async start(handlers: IntakeHandlers): Promise<void> {
    const broker = await Aedes.createBroker({ connectTimeout: CONNECT_TIMEOUT_MS });
    const queue = new DeliveryQueue({
      handler: handlers.onDelivery,
      onAck: (delivery, ack) => this.#sendAck(delivery.gateway, JSON.stringify(ack)),
      onFailure: (delivery, error) =>
        this.#trouble('delivery-failed', { gateway: delivery.gateway, lane: delivery.lane, error }),
    });
    this.#broker = broker;
    this.#queue = queue;
    this.#confine(broker, queue, handlers);

    const accept = (socket: Socket) => this.#accept(broker, socket);
    const { tls } = this.#options;
    const server = tls ? createTlsServer({ ...tls }, accept) : createServer(accept);
    server.maxConnections = MAX_CONNECTIONS;
    server.on('drop', () => this.#refuseConnection('too-many-connections', {}));
    try {
      this.#port = await listen(server, this.#options, 'intake.embedded.port');
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#server = server;
  }

  /** Gateways that are signed in, each with the hash of the token it signed in with. */
  sessions(): { gateway: string; tokenHash: string }[] {
    return [...this.#connected].map(([gateway, client]) => {
      return { gateway, tokenHash: this.#tokenHashes.get(client) ?? '' };
    });
  }

  /** Ends the connection of a gateway whose token was revoked. */
  drop(gateway: string): void {
    this.#connected.get(gateway)?.close();
  }

  async close(): Promise<void> {
    const server = this.#server;
    const broker = this.#broker;
    this.#server = undefined;
    this.#broker = undefined;
    const closed = server && new Promise<void>((resolve) => server.close(() => resolve()));
    await this.#queue?.close();
    if (broker) await new Promise<void>((resolve) => broker.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(broker: Aedes, socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    guardPacketSize(socket, MAX_BATCH_BYTES + PACKET_OVERHEAD_BYTES, () => {
      this.#refused.oversizedPackets += 1;
      this.#trouble('oversized-packet', { from: socket.remoteAddress });
    });
    broker.handle(socket);
  }

  #confine(broker: Aedes, queue: DeliveryQueue, handlers: IntakeHandlers): void {
    broker.on('client', (client) => this.#connected.set(client.id, client));
    broker.on('clientDisconnect', (client) => {
      if (this.#connected.get(client.id) === client) this.#connected.delete(client.id);
    });
    const onClientError = (client: Client, error: Error) =>
      this.#trouble('connection-error', { gateway: client.id, message: error.message });
    broker.on('clientError', onClientError);
    broker.on('connectionError', onClientError);

    broker.preConnect = (_client, packet, done) => {
      // One session per gateway, whatever client id it chose: a second connection takes over, and no gateway can
      // push another off by borrowing its client id. Acks are cumulative, so nothing is stored for the absent.
      packet.clientId = packet.username ?? '';
      packet.clean = true;
      done(null, true);
    };
    broker.authenticate = (client, username, password, done) => {
      this.#signIn(username ?? '', password).then(
        (welcome) => {
          if (welcome) this.#tokenHashes.set(client, hashToken(password?.toString('utf8') ?? ''));
          done(welcome ? null : refusal('unknown gateway or wrong token', 4), welcome);
        },
        (error: unknown) => {
          this.#refuseConnection('verify-failed', { gateway: username, error });
          done(refusal('cannot check credentials now', 3), false);
        },
      );
    };
    broker.authorizeSubscribe = (client, subscription, done) => {
      const own = subscription.topic === ackTopic(client.id);
      if (!own) {
        this.#refused.refusedSubscriptions += 1;
        this.#trouble('refused-subscription', { gateway: client.id, topic: subscription.topic });
      }
      done(null, own ? subscription : null);
    };
    broker.authorizePublish = (client, packet, done) => {
      const topic = parseTopic(packet.topic);
      const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
      const name = packet.topic;
      packet.topic = CONSUMED_TOPIC;
      packet.payload = NOTHING;
      packet.retain = false;
      const state = topic?.kind === 'state' ? parseGatewayState(payload) : undefined;
      if (client === null || topic === undefined || topic.gateway !== client.id) {
        this.#refusePublish(client?.id, name);
        done();
      } else if (topic.kind === 'up') {
        const delivery = { gateway: topic.gateway, lane: topic.lane, payload };
        void queue.offer(delivery).then((taken) => done(taken ? null : new Error('the intake is closing')));
      } else if (state !== undefined) {
        handlers.onGatewayState(topic.gateway, state);
        done();
      } else {
        this.#refusePublish(client.id, name);
        done();
      }
    };
  }

  async #signIn(gateway: string, password: Buffer | undefined): Promise<boolean> {
    const welcome =
      isGatewayId(gateway) &&
      password !== undefined &&
      (await this.#options.verify(gateway, password.toString('utf8')));
    if (!welcome) this.#refuseConnection('refused-connection', { gateway: gateway.slice(0, 64) });
    return welcome;
  }

  #sendAck(gateway: string, ack: string): void {
    this.#broker?.publish(
      { cmd: 'publish', topic: ackTopic(gateway), payload: ack, qos: 1, retain: false, dup: false },
      (error) => {
        if (error) this.#trouble('ack-not-sent', { gateway, message: error.message });
      },
    );
  }

  #refusePublish(gateway: string | undefined, topic: string): void {
    this.#refused.refusedPublishes += 1;
    this.#trouble('refused-publish', { gateway, topic: topic.slice(0, 200) });
  }

  #refuseConnection(event: string, detail: Record<string, unknown>): void {
    this.#refused.refusedConnections += 1;
    this.#trouble(event, detail);
  }

  #trouble(event: string, detail: Record<string, unknown>): void {
    this.#options.onTrouble?.(event, detail);
  }
}

/** Return codes of MQTT 3.1.1 §3.2.2.3: 3 server unavailable, 4 bad user name or password. */
function refusal(message: string, returnCode: 3 | 4): AuthenticateError {
  return Object.assign(new Error(message), { returnCode });
}
