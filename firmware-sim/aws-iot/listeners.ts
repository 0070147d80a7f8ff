/**
 * The ports: MQTT in plain text (for tests), MQTT over TLS as on 8883, and one as on 443, where the application
 * protocol decides: `x-amzn-mqtt-ca` is MQTT, anything else HTTPS. And HTTP in plain text, for SDKs with an endpoint
 * override. TLS asks for a client certificate and takes those of the stand-in's CA and registered ones.
 */
import type { X509Certificate } from 'node:crypto';
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { IssuedCertificate } from './identity/authority.ts';
import type { Principal } from './identity/principal.ts';
import type { AwsCounters } from './service/quotas.ts';

const MQTT_ALPN = 'x-amzn-mqtt-ca';
const HTTP_ALPN = ['x-amzn-http-ca', 'http/1.1'];

/** 0 takes any free port. */
export interface PortOptions {
  readonly host: string;
  readonly http: number;
  readonly mqtt: number;
  readonly mqtts: number;
  /** As 443: HTTPS, and MQTT by ALPN. */
  readonly https: number;
}

interface ListenerOptions {
  readonly ports: PortOptions;
  readonly server: IssuedCertificate;
  readonly ca: string;
  readonly rest: HttpServer;
  readonly counters: AwsCounters;
  /** What a connection without TLS may do. */
  readonly plainText: (socket: Socket) => Principal;
  /** The device of a certificate; `trusted` when our CA signed it. */
  readonly deviceOf: (certificate: X509Certificate, trusted: boolean) => Principal | undefined;
  readonly acceptMqtt: (socket: Socket, principal: Principal) => void;
}

export interface Listeners {
  readonly ports: PortOptions;
  /** The device behind a request that came over TLS. */
  certificateOf(incoming: IncomingMessage): Principal | undefined;
  close(): Promise<void>;
}

export async function openListeners(options: ListenerOptions): Promise<Listeners> {
  const { ports, server, ca, rest, counters, acceptMqtt } = options;
  const devices = new WeakMap<object, Principal>();
  const sockets = new Set<Socket>();
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A peer that resets is the peer's business.
    socket.on('error', () => {});
  };
  const identify = (socket: TLSSocket) => {
    const certificate = socket.getPeerX509Certificate();
    const device = certificate && options.deviceOf(certificate, socket.authorized);
    if (device !== undefined) devices.set(socket, device);
    return device;
  };
  const acceptDevice = (socket: TLSSocket) => {
    const device = identify(socket);
    if (device !== undefined) acceptMqtt(socket, device);
    else {
      counters.connectsRefusedByIdentity += 1;
      socket.destroy();
    }
  };
  const tls = { ...server, ca, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' } as const;
  const mqtt = createServer((socket) => acceptMqtt(socket, options.plainText(socket)));
  const mqtts = createTlsServer(tls, acceptDevice);
  const https = createTlsServer({ ...tls, ALPNProtocols: [MQTT_ALPN, ...HTTP_ALPN] }, (socket) => {
    if (socket.alpnProtocol === MQTT_ALPN) acceptDevice(socket);
    else {
      identify(socket);
      rest.emit('connection', socket);
    }
  });
  const all: [Server, number][] = [
    [rest, ports.http],
    [mqtt, ports.mqtt],
    [mqtts, ports.mqtts],
    [https, ports.https],
  ];
  for (const [one] of all) one.on('connection', track);
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    for (const [one] of all) await new Promise<void>((resolve) => one.close(() => resolve()));
  };
  const bound: number[] = [];
  try {
    for (const [one, port] of all) bound.push(await listen(one, ports.host, port));
  } catch (error) {
    await close();
    throw error;
  }
  const [http = 0, plain = 0, secure = 0, multi = 0] = bound;
  return {
    ports: { host: ports.host, http, mqtt: plain, mqtts: secure, https: multi },
    certificateOf: (incoming) => devices.get(incoming.socket),
    close,
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
