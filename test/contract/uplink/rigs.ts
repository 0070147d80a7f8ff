/** Every implementation of the uplink port, each with a server of its own behind a wire that can be cut or frozen. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { Aedes, type AedesPublishPacket } from 'aedes';
import { connectAsync, type MqttClient } from 'mqtt';
import { startAwsIot } from '../../../firmware-sim/aws-iot/aws-iot.ts';
import { createAwsHttpsUplink } from '../../../gateway/uplink/aws/aws-https-uplink.ts';
import { createAwsMqttUplink } from '../../../gateway/uplink/aws/aws-mqtt-uplink.ts';
import { createHttpsUplink } from '../../../gateway/uplink/https/https-uplink.ts';
import { createMemoryUplink } from '../../../gateway/uplink/memory-uplink.ts';
import { createMqttUplink } from '../../../gateway/uplink/mqtt/mqtt-uplink.ts';
import type { Uplink } from '../../../gateway/uplink/uplink.ts';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import { type Ack, ackSchema } from '../../../protocol/link/ack.ts';
import { ackTopic, parseTopic, UP_FILTER } from '../../../protocol/link/topics.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { startMosquitto } from '../../support/engines.ts';
import { type HandClock, handClock } from './hand-clock.ts';
import { shadowClient } from './shadow-client.ts';
import { openWire, type Wire } from './wire.ts';

export const GATEWAY = 'gw-contract';
export const SECRET = 'a-very-secret-token';
const WRONG_SECRET = 'another-secret-token';
/** Largest batch of the servers that have a limit. */
export const LIMIT_BYTES = 64 * 1024;

/** Of a connection into a dead line; a living one that is slower only has to dial once more. */
const CONNECT_TIMEOUT_MS = 1500;

export interface UplinkRig {
  readonly clock: HandClock;
  readonly uplink: Uplink;
  /** What came to the cloud, in order. */
  readonly received: { readonly lane: Lane; readonly text: string }[];
  /** What the cloud answers a batch; undefined: nothing. May be changed. */
  reply: (lane: Lane, text: string) => string | undefined;
  /** An uplink to the same server that the server does not want. */
  readonly unwelcome: Uplink | undefined;
  readonly refusal: RegExp | undefined;
  cut(): void;
  freeze(): void;
  restore(): void;
  close(): Promise<void>;
}

interface Basis {
  readonly clock: HandClock;
  readonly received: { lane: Lane; text: string }[];
  reply: (lane: Lane, text: string) => string | undefined;
}

const ackOf = (lane: Lane): string =>
  JSON.stringify({ v: 1, gateway: GATEWAY, epoch: 'epoch-0001', lane, upTo: 7 } satisfies Ack);

function basis(speed: number): Basis {
  return { clock: handClock(speed), received: [], reply: ackOf };
}

/** Timings that make a test quick; what waits for answers goes by hand. */
const around = (clock: HandClock, stream: string) => ({
  gateway: GATEWAY,
  clock,
  random: seededRandom(1, stream),
  backoffMs: { first: 20, longest: 50 },
});

const overWire = (wire: Wire) => ({
  cut: () => wire.cut(),
  freeze: () => wire.freeze(),
  restore: () => wire.restore(),
});

export async function memoryRig(): Promise<UplinkRig> {
  const base = basis(1);
  let frozen = false;
  const uplink = createMemoryUplink({
    gateway: GATEWAY,
    deliver: (lane, payload) => {
      if (frozen) return new Promise(() => undefined);
      const text = Buffer.from(payload).toString();
      base.received.push({ lane, text });
      const ack = base.reply(lane, text);
      const parsed = ackSchema.safeParse(ack === undefined ? undefined : JSON.parse(ack));
      if (parsed.success) uplink.ack(parsed.data);
      return Promise.resolve();
    },
  });
  return Object.assign(base, {
    uplink,
    unwelcome: undefined,
    refusal: undefined,
    cut: () => uplink.cut(),
    freeze: () => {
      frozen = true;
      uplink.cut('silent');
    },
    restore: () => {
      frozen = false;
      uplink.restore();
    },
    close: () => uplink.close(),
  });
}

/** The cloud's side of an MQTT broker. */
async function answerOver(client: MqttClient, base: Basis, answer: (ack: string) => void): Promise<void> {
  client.on('message', (topic, payload) => {
    const parsed = parseTopic(topic);
    if (parsed?.kind !== 'up') return;
    const text = payload.toString();
    base.received.push({ lane: parsed.lane, text });
    const ack = base.reply(parsed.lane, text);
    if (ack !== undefined) answer(ack);
  });
  await client.subscribeAsync(UP_FILTER, { qos: 1 });
}

/** MQTT 3.1.1 on aedes. */
export async function mqtt311Rig(): Promise<UplinkRig> {
  const base = basis(1);
  const aedes = await Aedes.createBroker({
    authenticate: (_client, _username, password, done) => done(null, password?.toString() === SECRET),
  });
  aedes.on('publish', (packet: AedesPublishPacket) => {
    const parsed = parseTopic(packet.topic);
    if (parsed?.kind !== 'up') return;
    const text = packet.payload.toString();
    base.received.push({ lane: parsed.lane, text });
    const ack = base.reply(parsed.lane, text);
    if (ack === undefined) return;
    const topic = ackTopic(GATEWAY);
    aedes.publish(
      { cmd: 'publish', topic, payload: ack, qos: 1, retain: false, dup: false },
      () => undefined,
    );
  });
  const server = createServer(aedes.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const wire = await openWire(typeof address === 'object' && address !== null ? address.port : 0);
  const create = (password: string) =>
    createMqttUplink({
      ...around(base.clock, password),
      url: `mqtt://127.0.0.1:${wire.port}`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      username: GATEWAY,
      password,
    });
  const uplink = create(SECRET);
  return Object.assign(base, overWire(wire), {
    uplink,
    unwelcome: create(WRONG_SECRET),
    refusal: /bad user name|not authorized/i,
    async close() {
      await uplink.close();
      await wire.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      server.close();
    },
  });
}

/** MQTT 5 on Mosquitto, which names its packet limit and takes few at once. */
export async function mqtt5Rig(): Promise<UplinkRig> {
  const base = basis(1);
  const engine = await startMosquitto({
    settings: [`max_packet_size ${LIMIT_BYTES}`, 'max_inflight_messages 3'],
  });
  const cloud = await connectAsync(engine.url, { clientId: 'cloud' });
  await answerOver(cloud, base, (ack) => cloud.publish(ackTopic(GATEWAY), ack, { qos: 1 }));
  const wire = await openWire(Number(new URL(engine.url).port));
  const create = (clientId: string) =>
    createMqttUplink({
      ...around(base.clock, clientId),
      url: `mqtt://127.0.0.1:${wire.port}`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      clientId,
      protocolVersion: 5,
    });
  const uplink = create(GATEWAY);
  return Object.assign(base, overWire(wire), {
    uplink,
    unwelcome: undefined,
    refusal: undefined,
    async close() {
      await uplink.close();
      await cloud.endAsync(true);
      await wire.close();
      await engine.close();
    },
  });
}

/** AWS IoT Core's stand-in, over MQTT with a certificate; and over HTTPS, with acks from the shadow. */
export async function awsRig(way: 'mqtt' | 'https'): Promise<UplinkRig> {
  const base = basis(10);
  const iot = await startAwsIot({ clock: base.clock });
  const device = await iot.issueDevice(GATEWAY);
  const cloud = await connectAsync(iot.mqttUrl, { clientId: 'cloud' });
  const { region, accessKey } = iot;
  const shadows = shadowClient(iot, GATEWAY);
  const writeShadow = async (text: string) => {
    // What is no ack goes in as it is.
    if (!text.startsWith('{')) return shadows.write('stock', text);
    const { lane, epoch, upTo } = ackSchema.parse(JSON.parse(text));
    await shadows.write(lane, { epoch, upTo });
  };
  await answerOver(cloud, base, (ack) => {
    if (way === 'mqtt') cloud.publish(ackTopic(GATEWAY), ack, { qos: 1 });
    else void writeShadow(ack).catch(() => undefined);
  });
  const wire = await openWire(way === 'mqtt' ? iot.ports.mqtts : iot.ports.http);
  const own = around(base.clock, way);
  const overMqtt = (tls: { cert: string; key: string }) =>
    createAwsMqttUplink({
      ...own,
      endpoint: 'localhost',
      port: wire.port,
      tls: { ca: Buffer.from(iot.ca), cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) },
    });
  const overHttps = (secretAccessKey: string) => {
    const credentials = {
      accessKeyId: accessKey.accessKeyId,
      secretAccessKey,
      sessionToken: '',
      expiration: new Date(Date.now() + 3_600_000),
    };
    return createAwsHttpsUplink({
      ...own,
      endpoint: `http://127.0.0.1:${wire.port}`,
      region,
      credentials: async () => credentials,
    });
  };
  const uplink = way === 'mqtt' ? overMqtt(device) : overHttps(accessKey.secretAccessKey);
  const unwelcome = way === 'mqtt' ? overMqtt(await iot.issueDevice('another-thing')) : overHttps(SECRET);
  return Object.assign(base, overWire(wire), {
    uplink,
    unwelcome,
    refusal: /not authorized|broke the connection|connection closed|AWS refuses/i,
    async close() {
      await uplink.close();
      await unwelcome.close();
      await cloud.endAsync(true);
      shadows.close();
      await wire.close();
      await iot.close();
    },
  });
}

/** The cloud's own intake over HTTP, as much of it as an uplink sees. */
export async function httpsRig(): Promise<UplinkRig> {
  const base = basis(1);
  const server = createHttpServer((incoming, answer) => {
    const parts: Buffer[] = [];
    incoming.on('error', () => undefined);
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const say = (status: number, body = '') => answer.writeHead(status).end(body);
      const [, link, version, gateway, what] = (incoming.url ?? '').split('/');
      const body = Buffer.concat(parts);
      if (incoming.headers.authorization !== `Bearer ${SECRET}`) return say(401);
      if (link !== 'link' || version !== 'v1' || gateway !== GATEWAY) return say(404);
      if (what === 'state') return say(204);
      if (body.length > LIMIT_BYTES) return say(413);
      const lane = LANES.find((one) => one === what);
      if (lane === undefined) return say(404);
      base.received.push({ lane, text: body.toString() });
      const ack = base.reply(lane, body.toString());
      return say(200, ack);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const wire = await openWire(typeof address === 'object' && address !== null ? address.port : 0);
  const create = (token: string) =>
    createHttpsUplink({ ...around(base.clock, token), url: `http://127.0.0.1:${wire.port}`, token });
  const uplink = create(SECRET);
  const unwelcome = create(WRONG_SECRET);
  return Object.assign(base, overWire(wire), {
    uplink,
    unwelcome,
    refusal: /revoked, or the wrong one/,
    async close() {
      await uplink.close();
      await unwelcome.close();
      await wire.close();
      server.closeAllConnections();
      server.close();
    },
  });
}
