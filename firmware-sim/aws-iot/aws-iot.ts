/**
 * A local stand-in for AWS IoT Core's data plane and SQS, in one process: MQTT and HTTPS for devices, the SDK's REST
 * paths with signatures checked, shadows, rules to queues, and the hard quotas, all on the clock it is given. See
 * README.md for what it does not do.
 */
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../protocol/ports/clock.ts';
import { Exchange } from './exchange/exchange.ts';
import { AccessKeys } from './identity/access-keys.ts';
import { createAuthority, type IssuedCertificate } from './identity/authority.ts';
import { Certificates } from './identity/certificates.ts';
import { GATEWAY_POLICY, type PolicyDocument, readPolicy } from './identity/policy.ts';
import { ACCOUNT, type Place } from './identity/principal.ts';
import { type Listeners, openListeners, type PortOptions } from './listeners.ts';
import { MqttFront } from './mqtt/mqtt-front.ts';
import { type ConnectionRecord, Sessions } from './mqtt/sessions.ts';
import { CredentialsProvider } from './rest/credentials-provider.ts';
import { DataPlane } from './rest/data-plane.ts';
import { createRestServer } from './rest/rest-server.ts';
import { type RuleDefinition, RuleEngine } from './rules/rule-engine.ts';
import { RuleError } from './rules/rule-sql.ts';
import { AWS_QUOTAS, type AwsCounters, createCounters, type Quotas } from './service/quotas.ts';
import { ShadowStore } from './shadow/shadow-store.ts';
import type { Mischief, QueueSettings } from './sqs/queue.ts';
import { Queues } from './sqs/queues.ts';
import { MAX_MESSAGE_BYTES, SqsProtocol } from './sqs/sqs-protocol.ts';

export interface AwsIotOptions {
  readonly clock: Clock;
  /** Default 127.0.0.1 and any free ports. */
  readonly ports?: Partial<PortOptions>;
  /** Default eu-central-1. */
  readonly region?: string;
  /** Default 000000000000. */
  readonly account?: string;
  /** Access keys of the account; by default TEST_ACCESS_KEY. */
  readonly accessKeys?: readonly { accessKeyId: string; secretAccessKey: string }[];
  readonly rules?: readonly RuleDefinition[];
  /** Queues beside those that rules name; all are made at the start. */
  readonly queues?: Readonly<Record<string, Partial<QueueSettings>>>;
  /** Of devices; by default what a Tallyport gateway needs and no more. */
  readonly policy?: PolicyDocument;
  /** By default `tallyport-gateway` with the devices' policy for an hour. */
  readonly roleAliases?: Readonly<Record<string, { policy?: PolicyDocument; lifetimeSeconds?: number }>>;
  readonly quotas?: Partial<Quotas>;
  /** Duplicates and disorder of queues. */
  readonly mischief?: Mischief;
}

const TEST_ACCESS_KEY = {
  accessKeyId: 'AKIASTANDIN000000000',
  secretAccessKey: 'stand-in/secret/access/key/of/no/account',
};
export const DEFAULT_ROLE_ALIAS = 'tallyport-gateway';

const SELECT = "SELECT encode(*, 'base64') AS payload, topic() AS topic, clientid() AS client";

/** What a gateway's batches go through on the way to `queue`: SELECT as the cloud's intake expects it. */
export function gatewayRule(name: string, queue: string, more: Partial<RuleDefinition> = {}): RuleDefinition {
  return { name, sql: `${SELECT} FROM 'tallyport/v1/+/up/+'`, actions: [{ sqs: { queue } }], ...more };
}

/** What gateways and their wills say of themselves, to the same queue: the intake distinguishes them by the topic. */
export function stateRule(name: string, queue: string): RuleDefinition {
  return { name, sql: `${SELECT} FROM 'tallyport/v1/+/state'`, actions: [{ sqs: { queue } }] };
}

/** Coming and going of every client, to the same queue. */
export function presenceRule(name: string, queue: string): RuleDefinition {
  return { name, sql: `${SELECT} FROM '$aws/events/presence/+/+'`, actions: [{ sqs: { queue } }] };
}

export interface AwsIot {
  readonly ports: PortOptions;
  readonly region: string;
  readonly counters: AwsCounters;
  readonly quotas: Quotas;
  /** For an SDK's `endpoint`, plain HTTP; IoT data plane and SQS. */
  readonly endpoint: string;
  /** As port 443 of the account: HTTPS, and MQTT with ALPN `x-amzn-mqtt-ca`. */
  readonly httpsUrl: string;
  readonly mqttUrl: string;
  /** As port 8883: a client certificate is needed. */
  readonly mqttsUrl: string;
  /** PEM of the CA that signed the server's certificate. */
  readonly ca: string;
  readonly accessKey: { accessKeyId: string; secretAccessKey: string };
  queueUrl(name: string): string;
  /** Messages of a queue; all zero when there is no such queue. */
  queueCounts(name: string): { visible: number; inFlight: number; delayed: number };
  /** What is known of a client's connection; undefined when it never connected. */
  connectionOf(clientId: string): ConnectionRecord | undefined;
  /** A new certificate whose thing is its common name. */
  issueDevice(thing: string): Promise<IssuedCertificate>;
  /** Signs a device's own certificate request (PEM). */
  signRequest(request: string, thing: string): Promise<string>;
  /** Makes a certificate (also of another CA) that of a thing, or moves it. */
  registerCertificate(certificate: X509Certificate, thing: string): void;
  /** From now on nobody gets in with it; an open connection of the thing ends. */
  revokeCertificate(certificate: X509Certificate): void;
  close(): Promise<void>;
}

/** Throws for a rule or policy it cannot run, and when a port is taken. */
export async function startAwsIot(options: AwsIotOptions): Promise<AwsIot> {
  const { clock } = options;
  const quotas: Quotas = { ...AWS_QUOTAS, ...options.quotas };
  const counters = createCounters();
  const place: Place = {
    region: options.region ?? 'eu-central-1',
    account: options.account ?? '000000000000',
  };
  const policy = readPolicy(options.policy ?? GATEWAY_POLICY);
  const [accessKey = TEST_ACCESS_KEY, ...otherKeys] = options.accessKeys ?? [];
  const keys = new AccessKeys(clock, [accessKey, ...otherKeys]);
  const queues = new Queues(clock, counters, options.mischief);
  const shadows = new ShadowStore(clock, quotas, counters);
  const exchange = new Exchange({
    clock,
    quotas,
    counters,
    shadows,
    rules: () => rules,
    deliver: (message) => sessions.deliver(message),
  });
  const sessions = new Sessions({
    clock,
    quotas,
    counters,
    say: (topic, body) => exchange.say(topic, body),
  });
  const rules = new RuleEngine(
    options.rules ?? [],
    {
      send: (queue, body) => sendToQueue(queues, counters, queue, body),
      republish: (message) => void exchange.publish(message),
    },
    clock,
    counters,
  );
  for (const [name, settings] of Object.entries(options.queues ?? {})) queues.create(name, settings);
  for (const name of rules.queues) queues.create(name);

  const front = new MqttFront({ clock, quotas, counters, place, exchange, sessions });
  await front.open();
  const authority = await createAuthority(clock.now());
  const certificates = new Certificates(policy);
  const aliases = Object.entries(options.roleAliases ?? { [DEFAULT_ROLE_ALIAS]: {} });
  const rest = createRestServer({
    clock,
    counters,
    place,
    keys,
    dataPlane: new DataPlane({ clock, quotas, counters, place, exchange, shadows, sessions, front }),
    sqs: new SqsProtocol({
      queues,
      counters,
      place,
      origin: ({ headers }) => `http://${headers.host ?? 'localhost'}`,
    }),
    credentials: new CredentialsProvider(
      new Map(
        aliases.map(([name, alias]) => [
          name,
          {
            policy: alias.policy === undefined ? policy : readPolicy(alias.policy),
            lifetimeSeconds: alias.lifetimeSeconds ?? 3600,
          },
        ]),
      ),
      keys,
    ),
    certificateOf: (incoming) => listeners.certificateOf(incoming),
  });
  const host = options.ports?.host ?? '127.0.0.1';
  const listeners: Listeners = await openListeners({
    ports: { http: 0, mqtt: 0, mqtts: 0, https: 0, ...options.ports, host },
    server: await authority.issueServer([...new Set(['localhost', '127.0.0.1', host])]),
    ca: authority.ca,
    rest,
    counters,
    plainText: () => ACCOUNT,
    deviceOf: (certificate, trusted) => certificates.deviceOf(certificate, trusted),
    acceptMqtt: (socket, principal) => front.accept(socket, principal),
  });
  const { ports } = listeners;
  const endpoint = `http://${host}:${ports.http}`;
  return {
    ports,
    region: place.region,
    counters,
    quotas,
    endpoint,
    httpsUrl: `https://${host}:${ports.https}`,
    mqttUrl: `mqtt://${host}:${ports.mqtt}`,
    mqttsUrl: `mqtts://${host}:${ports.mqtts}`,
    ca: authority.ca,
    accessKey,
    queueUrl: (name) => `${endpoint}/${place.account}/${name}`,
    queueCounts: (name) => queues.get(name)?.counts ?? { visible: 0, inFlight: 0, delayed: 0 },
    connectionOf: (clientId) => sessions.record(clientId),
    issueDevice: (thing) => authority.issueDevice(thing),
    signRequest: (request, thing) => authority.sign(request, thing),
    registerCertificate: (certificate, thing) => certificates.register(certificate, thing),
    revokeCertificate: (certificate) => {
      const thing = certificates.revoke(certificate);
      front.disconnect(thing, { preventWill: false, reason: 'FORBIDDEN_ACCESS' });
    },
    async close() {
      queues.close();
      await front.close();
      sessions.close();
      await listeners.close();
    },
  };
}

function sendToQueue(queues: Queues, counters: AwsCounters, name: string, body: string): void {
  if (Buffer.byteLength(body) > MAX_MESSAGE_BYTES) {
    throw new RuleError(`the message is larger than ${MAX_MESSAGE_BYTES} bytes`);
  }
  if (queues.get(name)?.send(body) === undefined) throw new RuleError(`the queue ${name} is full or gone`);
  counters.sqsSent += 1;
}
