/**
 * The MQTT side of the stand-in: an aedes broker (MQTT 3.1.1) that only speaks the protocol. Who may connect, what
 * is discarded, delayed or ends a connection is decided here, by the quotas; routing is the exchange's. Nothing that
 * a client publishes reaches aedes' own routing: each packet is emptied and sent to a topic nobody has.
 */
import type { Socket } from 'node:net';
import { Aedes, type AuthenticateError, type Client, type PublishPacket, type Subscription } from 'aedes';
import { isTopicFilter } from '../../../protocol/link/topic-filter.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { mayDo, type Place, type Principal } from '../identity/principal.ts';
import type { IotMessage } from '../service/message.ts';
import type { AwsCounters, Quotas } from '../service/quotas.ts';
import { SlidingSeconds } from '../service/rates.ts';
import { countedSlashes } from '../service/topics.ts';
import { watchKeepAlive } from './keep-alive.ts';
import { limitPackets } from './packet-limit.ts';
import { publishFault } from './publish-fault.ts';
import { ClientSession } from './session.ts';
import { sessionPersistence } from './session-persistence.ts';
import type { Sessions } from './sessions.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const CONSUMED_TOPIC = 'consumed';
const NOTHING = Buffer.alloc(0);

interface MqttFrontOptions {
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly counters: AwsCounters;
  readonly place: Place;
  readonly exchange: Exchange;
  readonly sessions: Sessions;
}

interface ClientConnection {
  readonly principal: Principal;
  clean: boolean;
  keepAliveSeconds: number;
  session: ClientSession | undefined;
  seenAt: number;
  /** Why the service ends it; else the client did or the line broke. */
  endReason: string | undefined;
  /** Another connection of the same client id took over; what happens to this one concerns nobody. */
  takenOver: boolean;
  stopWatching: (() => void) | undefined;
}

export class MqttFront {
  readonly #options: MqttFrontOptions;
  readonly #connects: SlidingSeconds;
  readonly #connections = new WeakMap<object, ClientConnection>();
  readonly #clients = new Map<string, Client>();
  readonly #sockets = new Set<Socket>();
  #broker: Aedes | undefined;

  constructor(options: MqttFrontOptions) {
    this.#options = options;
    this.#connects = new SlidingSeconds(1, options.clock, options.quotas.connectIntervalMs);
  }

  async open(): Promise<void> {
    const { sessions } = this.#options;
    const persistence = sessionPersistence({
      subscriptions: (id) =>
        [...(sessions.get(id)?.subscriptions ?? [])].map(([topic, qos]) => ({ topic, qos })),
      sent: (id, messageId, payload) => sessions.get(id)?.numbered(messageId, payload),
      acknowledged: (id, messageId) => sessions.get(id)?.acknowledged(messageId),
      unsubscribed: (id, filters) => {
        for (const filter of filters) sessions.get(id)?.subscriptions.delete(filter);
      },
    });
    const broker = await Aedes.createBroker({ persistence, connectTimeout: CONNECT_TIMEOUT_MS });
    this.#broker = broker;
    this.#confine(broker);
  }

  /** Speaks MQTT on the socket, for whom the TLS layer (or nobody, in plain text) has proven it to be. */
  accept(socket: Socket, principal: Principal): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const connection: ClientConnection = {
      principal,
      clean: true,
      keepAliveSeconds: 0,
      session: undefined,
      seenAt: this.#options.clock.monotonicMs(),
      endReason: undefined,
      takenOver: false,
      stopWatching: undefined,
    };
    this.#connections.set(socket, connection);
    limitPackets(socket, this.#options.quotas.payloadBytes, () => {
      this.#options.counters.payloadsTooLarge += 1;
      connection.endReason = 'CLIENT_ERROR';
    });
    this.#broker?.handle(socket);
  }

  /** Ends a client's connection; false when it has none. */
  disconnect(clientId: string, options: { preventWill: boolean; reason: string }): boolean {
    const client = this.#clients.get(clientId);
    if (client === undefined) return false;
    const connection = this.#connectionOf(client);
    if (connection !== undefined) connection.endReason = options.reason;
    if (options.preventWill) Reflect.set(client, 'will', null);
    client.close();
    return true;
  }

  async close(): Promise<void> {
    const broker = this.#broker;
    this.#broker = undefined;
    if (broker !== undefined) await new Promise<void>((resolve) => broker.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
  }

  #confine(broker: Aedes): void {
    broker.preConnect = (client, packet, done) => {
      const connection = this.#connectionOf(client);
      const { keepalive } = packet;
      if (packet.protocolVersion === 5) this.#options.counters.mqtt5Refused += 1;
      if (connection !== undefined) {
        connection.clean = packet.clean ?? true;
        connection.keepAliveSeconds = this.#keepAlive(keepalive ?? 0);
      }
      // Our own sessions and our own clock: aedes asks its persistence for each, and times nobody.
      packet.clean = false;
      packet.keepalive = 0;
      done(null, true);
    };
    broker.authenticate = (client, _username, _password, done) => {
      const refused = this.#refuseConnect(client);
      if (refused === undefined) done(null, true);
      else done(refused, false);
    };
    broker.authorizeSubscribe = (client, subscription, done) =>
      done(null, this.#subscribe(client, subscription) ? subscription : null);
    broker.authorizePublish = (client, packet, done) => this.#takePublish(client, packet, done);
    broker.on('client', (client) => this.#onConnected(client));
    broker.on('clientDisconnect', (client) => this.#onDisconnected(client));
    broker.on('subscribe', (subscriptions, client) => this.#sendRetained(subscriptions, client));
    broker.on('ping', (_packet, client) => this.#seen(client));
    broker.on('ack', (_packet, client) => this.#seen(client));
    // A client that breaks the protocol is closed by aedes; the listeners keep that from ending the process.
    broker.on('clientError', () => {});
    broker.on('connectionError', () => {});
  }

  #keepAlive(asked: number): number {
    const { keepAliveSeconds, shortestKeepAliveSeconds } = this.#options.quotas;
    if (asked === 0 || asked > keepAliveSeconds) return keepAliveSeconds;
    return Math.max(asked, shortestKeepAliveSeconds);
  }

  #connectionOf(client: Client | null): ClientConnection | undefined {
    return client === null ? undefined : this.#connections.get(client.conn);
  }

  #seen(client: Client | null): void {
    const connection = this.#connectionOf(client);
    if (connection !== undefined) connection.seenAt = this.#options.clock.monotonicMs();
  }

  #refuseConnect(client: Client): AuthenticateError | undefined {
    const { counters, quotas, place } = this.#options;
    const connection = this.#connectionOf(client);
    const clientId = client.id;
    const allowed =
      connection !== undefined &&
      Buffer.byteLength(clientId) <= quotas.clientIdBytes &&
      mayDo(connection.principal, place, {
        action: 'iot:Connect',
        resource: `client/${clientId}`,
        clientId,
      });
    if (!allowed) {
      counters.connectsRefusedByIdentity += 1;
      return refusal(`the policy does not let it connect as ${clientId}`, 5);
    }
    if (!this.#connects.tryTake(clientId)) {
      counters.connectsRefusedByRate += 1;
      return refusal(`${clientId} connects more often than once a second`, 3);
    }
    connection.session = this.#sessionFor(clientId, connection);
    return undefined;
  }

  /** The old session when both it and the newcomer are persistent, else a new one. */
  #sessionFor(clientId: string, connection: ClientConnection): ClientSession {
    const { sessions, clock, quotas, counters, place } = this.#options;
    const known = sessions.get(clientId);
    if (known !== undefined) {
      if (known.connected) this.#takeOver(known);
      if (!known.clean && !connection.clean) return known;
      sessions.discard(clientId);
    }
    const { principal, clean } = connection;
    return new ClientSession({
      clientId,
      thing: principal.kind === 'device' ? principal.thing : undefined,
      clean,
      clock,
      quotas,
      counters,
      mayReceive: (topic) =>
        mayDo(principal, place, { action: 'iot:Receive', resource: `topic/${topic}`, clientId }),
    });
  }

  /** At once, before the newcomer gets its CONNACK: aedes closes the old line in its own time. */
  #takeOver(session: ClientSession): void {
    const client = this.#clients.get(session.clientId);
    const connection = this.#connectionOf(client ?? null);
    if (connection !== undefined) {
      connection.takenOver = true;
      connection.stopWatching?.();
    }
    this.#options.sessions.disconnected(session, 'DUPLICATE_CLIENTID');
  }

  #onConnected(client: Client): void {
    const connection = this.#connectionOf(client);
    const session = connection?.session;
    if (connection === undefined || session === undefined) return;
    const { sessions, counters, clock } = this.#options;
    counters.mqttConnects += 1;
    this.#clients.set(client.id, client);
    const socket = client.conn as Socket;
    sessions.connected(session, {
      keepAliveSeconds: connection.keepAliveSeconds,
      source: { ip: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
      target: { ip: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    });
    session.attach({
      send: ({ topic, qos, retain }, payload) =>
        client.publish({ cmd: 'publish', topic, payload, qos, retain, dup: false }, () => {}),
    });
    connection.stopWatching = watchKeepAlive(clock, connection, () => {
      counters.keepAliveTimeouts += 1;
      connection.endReason = 'MQTT_KEEP_ALIVE_TIMEOUT';
      client.close();
    });
  }

  #onDisconnected(client: Client): void {
    const connection = this.#connectionOf(client);
    if (this.#clients.get(client.id) === client) this.#clients.delete(client.id);
    connection?.stopWatching?.();
    const session = connection?.session;
    if (connection === undefined || session === undefined || connection.takenOver) return;
    // aedes notes the DISCONNECT packet there; nothing public shows it.
    const goodbye = Reflect.get(client, '_disconnected') === true;
    const reason = connection.endReason ?? (goodbye ? 'CLIENT_INITIATED_DISCONNECT' : 'CONNECTION_LOST');
    this.#options.sessions.disconnected(session, reason);
  }

  #subscribe(client: Client, subscription: Subscription): boolean {
    const { quotas, counters, place } = this.#options;
    const connection = this.#connectionOf(client);
    const session = connection?.session;
    const { topic } = subscription;
    this.#seen(client);
    if (connection === undefined || session === undefined) return false;
    const room =
      session.subscriptions.has(topic) || session.subscriptions.size < quotas.subscriptionsPerConnection;
    const sound =
      isTopicFilter(topic) &&
      countedSlashes(topic) <= quotas.topicSlashes &&
      !topic.startsWith('$aws/rules/');
    const allowed = mayDo(connection.principal, place, {
      action: 'iot:Subscribe',
      resource: `topicfilter/${topic}`,
      clientId: client.id,
    });
    if (!room || !sound || !allowed) {
      counters.subscriptionsRefused += 1;
      if (!allowed) counters.policyRefusals += 1;
      return false;
    }
    subscription.qos = subscription.qos === 0 ? 0 : 1;
    session.subscriptions.set(topic, subscription.qos);
    return true;
  }

  #sendRetained(subscriptions: readonly Subscription[], client: Client): void {
    const session = this.#connectionOf(client)?.session;
    if (session === undefined) return;
    for (const { topic, qos } of subscriptions) {
      if (!session.subscriptions.has(topic)) continue;
      for (const message of this.#options.exchange.retainedFor(topic)) {
        if (session.wants(message.topic) === undefined) continue;
        session.send({ ...message, qos: qos === 0 ? 0 : message.qos, retain: true });
      }
    }
  }

  #takePublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const { counters, quotas, clock, exchange } = this.#options;
    const connection = this.#connectionOf(client);
    const session = connection?.session;
    if (client === null || connection === undefined || session === undefined) {
      done(new Error('no session'));
      return;
    }
    connection.seenAt = clock.monotonicMs();
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    const refused = publishFault(packet, payload, client.id, connection.principal, this.#options);
    if (refused !== undefined) {
      connection.endReason = refused;
      done(new Error(refused));
      return;
    }
    const message: IotMessage = {
      topic: packet.topic,
      payload,
      qos: packet.qos === 0 ? 0 : 1,
      retain: packet.retain === true,
      clientId: client.id,
    };
    counters.mqttPublishesIn += 1;
    const discard = () => {
      // Silently, as AWS does: quality 0 keeps aedes from answering.
      Object.assign(packet, { topic: CONSUMED_TOPIC, payload: NOTHING, retain: false, qos: 0 });
      done();
    };
    if (!session.admitInbound()) {
      counters.publishesDiscardedIn += 1;
      discard();
      return;
    }
    if (message.qos === 1 && session.inboundUnacked >= quotas.unackedInbound) {
      counters.unackedInboundRefused += 1;
      discard();
      return;
    }
    const finish = () => {
      if (message.qos === 1) session.inboundUnacked -= 1;
      if (!exchange.publish(message)) {
        discard();
        return;
      }
      Object.assign(packet, { topic: CONSUMED_TOPIC, payload: NOTHING, retain: false });
      done();
    };
    if (message.qos === 1) session.inboundUnacked += 1;
    const waitMs = session.inboundDelayMs(payload.length);
    if (waitMs === 0) finish();
    else {
      counters.publishesDelayedIn += 1;
      clock.setTimer(waitMs, 'mqtt throughput in', finish);
    }
  }
}

/** Return codes of MQTT 3.1.1 §3.2.2.3: 3 server unavailable, 5 not authorized. */
function refusal(message: string, returnCode: 3 | 5): AuthenticateError {
  return Object.assign(new Error(message), { returnCode });
}
