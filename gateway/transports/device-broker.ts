/**
 * The MQTT broker inside the gateway that devices publish to (MQTT 3.1.1, aedes). It takes messages, and carries the
 * drivers' own to those who subscribed; it is not a message store.
 *
 * - PUBACK means taken: handlers run inside the publish authorization, and the answer leaves only after their
 *   promise has resolved, per client in the order of arrival. When a handler fails the client is disconnected
 *   without PUBACK and sends again. A repeated QoS 2 message that was taken before is not handled again.
 * - Nothing grows without bound: packet size, rate, clients, sessions that outlive their connection, subscriptions
 *   and retained topics have limits; such sessions are delivered to at QoS 0, so nothing queues for the absent
 *   (aedes would queue for ever; its SUBACK still names the QoS that was asked for).
 * - A bad message never stops a good one: what is too large or not wanted is acknowledged, dropped and counted.
 * - `$share` is refused: aedes would grant it and never deliver.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { BrokerGate, type DeviceBrokerCounter, type GateOptions } from './broker-gate.ts';
import type { DeviceMessages } from './device-messages.ts';

/** `credentials` may be left out only when bound to loopback. */
export interface DeviceBrokerOptions extends GateOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface DeviceBroker extends DeviceMessages, AsyncDisposable {
  readonly port: number;
  status(): { readonly clients: number; readonly counters: Readonly<Record<DeviceBrokerCounter, number>> };
  /** Takes nothing more, answers what it has taken, then hangs up. */
  close(): Promise<void>;
}

/** Rejects with a reason a person can act on: port in use, no credentials on an open address. */
export async function openDeviceBroker(options: DeviceBrokerOptions): Promise<DeviceBroker> {
  if (options.credentials === undefined && !isLoopback(options.host)) {
    throw new Error(
      `the device broker on ${options.host} needs credentials; without them it may only listen on 127.0.0.1`,
    );
  }
  const gate = new BrokerGate(options);
  const broker = await Aedes.createBroker(gate.aedesOptions());
  broker.on('clientError', () => gate.count('clientErrors'));
  broker.on('clientDisconnect', (client) => gate.answered(client));
  broker.on('connectionError', () => gate.count('clientErrors'));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    gate.meter(socket);
    broker.handle(socket);
  });
  server.maxConnections = gate.limits.maxClients + 16;
  try {
    await listen(server, options);
  } catch (error) {
    await closeAedes(broker);
    throw error;
  }
  server.on('error', () => gate.count('clientErrors'));
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : options.port;
  gate.broker = broker;
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await gate.drained();
    await closeAedes(broker);
    // Those that never got past CONNECT are not aedes' to close.
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    address: `mqtt://${options.host}:${port}`,
    port,
    isRemote: false,
    subscribe: gate.hub.subscribe,
    publish: (message) => gate.publish(message),
    status: () => ({ clients: broker.connectedClients, counters: { ...gate.counters } }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function listen(server: Server, options: DeviceBrokerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(new Error(listenProblem(error, options), { cause: error }));
    server.once('error', refuse);
    server.listen(options.port, options.host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

function listenProblem(error: Error, { host, port }: DeviceBrokerOptions): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return (
      `port ${port} on ${host} is in use by another program, perhaps another MQTT broker or gateway; ` +
      'stop that one or give the device broker another port'
    );
  }
  if (code === 'EACCES') return `port ${port} needs root; give the device broker a port from 1024 up`;
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine`;
  return `the device broker cannot listen on ${host}:${port}: ${error.message}`;
}

function closeAedes(broker: Aedes): Promise<void> {
  return new Promise((resolve) => broker.close(() => resolve()));
}
