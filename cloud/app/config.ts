/**
 * cloud.yaml: where this cloud listens, where it keeps its ledger, how batches reach it, and the site. Strict: a
 * wrong file fails at start with line, path and what was expected. Secrets come from files named here or from the
 * environment: DATABASE_URL stands before `database`, TALLYPORT_BROKER_URL before `intake`.
 */
import { basename, dirname, resolve } from 'node:path';
import * as z from 'zod';
import { parseConfig } from '../../protocol/config/yaml-config.ts';
import { isGatewayId } from '../../protocol/link/topics.ts';
import { type Site, siteSchema, VIRTUAL_LOCATIONS } from '../site/site.ts';
import { awsIntakeSchema } from './aws-config.ts';
import { ConfigError, readText } from './config-error.ts';
import { enrolmentSchema } from './enrolment-config.ts';

export { ConfigError, readText };

const port = z.int().min(0).max(65_535);
const tls = z.strictObject({ certFile: z.string(), keyFile: z.string() });
const brokerUrl = z
  .string()
  .regex(/^(mqtts?|wss?|tcp|ssl):\/\/[^/]/, 'expected a broker address such as mqtts://broker:8883');
const databaseUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'expected a PostgreSQL address such as postgres://user@host:5432/tallyport');

const httpSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: port.default(8080),
  tls: tls.optional(),
  /** Behind a proxy of ours: believe its X-Forwarded-* headers. */
  trustProxy: z.boolean().default(false),
  requestsPerMinute: z.int().positive().default(6000),
  /** Signs session cookies; without it each start makes a key, and people sign in again after a restart. */
  sessionKeyFile: z.string().optional(),
});

const databaseSchema = z
  .strictObject({
    url: databaseUrl.optional(),
    /** A file whose content is the address: for addresses with a password. */
    urlFile: z.string().optional(),
    /** The embedded database lives here: for the demo and small trials, not safe against power loss. */
    dataDir: z.string().optional(),
    /** For tests: gone with the process. */
    memory: z.literal(true).optional(),
  })
  .refine((database) => Object.keys(database).length === 1, 'expected one of url, urlFile, dataDir')
  .prefault({ dataDir: './data/cloud' });

const name = z.string().regex(/^[a-z0-9-]{1,32}$/, 'expected lower-case letters, digits and dashes');
const streamName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,32}$/, 'expected letters, digits, dashes and underscores');

const intakeSchema = z
  .strictObject({
    /** A broker of our own that gateways connect to. */
    embedded: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port: port.default(1883),
        tls: tls.optional(),
      })
      .optional(),
    /** A broker that gateways and we connect to; it confines each gateway to its topics. */
    mqtt: z
      .strictObject({
        url: brokerUrl,
        /** Default: tallyport-cloud, with a random ending where the load is shared. */
        clientId: z.string().min(1).max(64).optional(),
        username: z.string().optional(),
        passwordFile: z.string().optional(),
        caFile: z.string().optional(),
        /** Several clouds on one database share the load under one name (MQTT 5). */
        shareGroup: name.optional(),
      })
      .optional(),
    /** NATS with JetStream; gateways come in by its MQTT listener. Clouds on one database share the load. */
    jetstream: z
      .strictObject({
        url: z
          .string()
          .regex(
            /^((nats|tls):\/\/[^/@,]+(,|$))+$/,
            'expected NATS addresses such as nats://broker:4222, commas between, and credentials in files',
          ),
        stream: streamName.default('TALLYPORT'),
        /** The consumer that the clouds share. */
        durable: streamName.default('cloud'),
        /** Beyond it the broker refuses batches, which gateways send again. */
        maxBytes: z
          .int()
          .min(1024 * 1024)
          .default(1024 * 1024 * 1024),
        /** Copies of the stream in a cluster of brokers. */
        replicas: z.int().min(1).max(5).default(1),
        username: z.string().optional(),
        passwordFile: z.string().optional(),
        tokenFile: z.string().optional(),
        /** A .creds file with a user JWT and its seed. */
        credentialsFile: z.string().optional(),
        caFile: z.string().optional(),
      })
      .optional(),
    /** AWS IoT Core: a rule puts batches into an SQS queue, acks go back over the data plane. */
    aws: awsIntakeSchema.optional(),
    /** Gateways post to /link/v1 on the port of the API; on beside any other unless it is false. */
    https: z
      .union([
        z.strictObject({
          /** Of one gateway; the default is what a gateway may publish on the narrowest broker we know. */
          requestsPerMinute: z.int().positive().default(6000),
        }),
        z.literal(false),
      ])
      .prefault({}),
    /** For simulations in this process. */
    memory: z.strictObject({}).optional(),
  })
  .refine(
    ({ https, ...others }) => https !== false || Object.keys(others).length > 0,
    'expected at least one of embedded, mqtt, jetstream, aws, https',
  )
  .prefault({ embedded: {} });

export const cloudConfigSchema = z.strictObject({
  http: httpSchema.prefault({}),
  database: databaseSchema,
  intake: intakeSchema,
  /** Gateways whose token is kept in a file; others are added with `gateway add` or over the API. */
  gateways: z
    .array(
      z.strictObject({
        id: z.string().refine(isGatewayId, 'expected lower-case letters, digits and dashes'),
        tokenFile: z.string(),
      }),
    )
    .default([]),
  /** What gateways get when they enrol with a one-time code. */
  enrolment: enrolmentSchema.prefault({}),
  /** Expected shipments, JSON or CSV, loaded at each start. */
  shipmentsFile: z.string().optional(),
  log: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  site: siteSchema.superRefine(checkSite),
  /** Simulation only: a clock that says `startAt` at the host time `anchor` and runs `speed` times as fast. */
  clock: z.strictObject({ speed: z.number().positive(), startAt: z.int(), anchor: z.int() }).optional(),
});
export type CloudConfig = z.infer<typeof cloudConfigSchema>;

export interface Environment {
  readonly DATABASE_URL?: string | undefined;
  readonly TALLYPORT_BROKER_URL?: string | undefined;
}

/** Reads and checks the file; relative paths in it are taken from its folder. */
export function loadCloudConfig(file: string, environment: Environment): CloudConfig {
  const text = readText(file, 'the configuration', 'see cloud.example.yaml, or name another with --config');
  const parsed = parseConfig(cloudConfigSchema, text, basename(file));
  if (!parsed.ok) throw new ConfigError(parsed.problems);
  const config = withAbsolutePaths(parsed.value, dirname(resolve(file)));
  return withEnvironment(config, environment);
}

function withEnvironment(config: CloudConfig, environment: Environment): CloudConfig {
  const url = environment.DATABASE_URL || undefined;
  const broker = environment.TALLYPORT_BROKER_URL || undefined;
  check(databaseUrl, url, 'DATABASE_URL');
  check(brokerUrl, broker, 'TALLYPORT_BROKER_URL');
  return {
    ...config,
    ...(url !== undefined && { database: { url } }),
    ...(broker !== undefined && {
      intake: { https: config.intake.https, mqtt: { ...config.intake.mqtt, url: broker } },
    }),
  };
}

function check(schema: z.ZodType<string>, value: string | undefined, name: string): void {
  const parsed = value === undefined ? undefined : schema.safeParse(value);
  if (parsed?.success === false) {
    throw new ConfigError([`environment: ${name}: ${parsed.error.issues[0]?.message ?? 'not valid'}`]);
  }
}

function withAbsolutePaths(config: CloudConfig, folder: string): CloudConfig {
  const absolute = <T extends object>(section: T, ...names: (keyof T)[]) => {
    const paths: Partial<T> = {};
    for (const name of names) {
      const path = section[name];
      if (typeof path === 'string') Object.assign(paths, { [name]: resolve(folder, path) });
    }
    return { ...section, ...paths };
  };
  const { http, intake } = config;
  const { embedded, mqtt, jetstream } = intake;
  const withTls = <T extends { tls?: z.infer<typeof tls> | undefined }>(section: T): T =>
    section.tls ? { ...section, tls: absolute(section.tls, 'certFile', 'keyFile') } : section;
  return {
    ...absolute(config, 'shipmentsFile'),
    http: withTls(absolute(http, 'sessionKeyFile')),
    database: absolute(config.database, 'dataDir', 'urlFile'),
    intake: {
      ...intake,
      ...(embedded && { embedded: withTls(embedded) }),
      ...(mqtt && { mqtt: absolute(mqtt, 'passwordFile', 'caFile') }),
      ...(jetstream && {
        jetstream: absolute(jetstream, 'passwordFile', 'tokenFile', 'credentialsFile', 'caFile'),
      }),
    },
    gateways: config.gateways.map((gateway) => absolute(gateway, 'tokenFile')),
    enrolment: absolute(config.enrolment, 'caCertFile', 'caKeyFile', 'serverCaFile'),
  };
}

/** What the schema of each part cannot see: names that must be there once, and places that must exist. */
function checkSite(site: Site, context: z.RefinementCtx): void {
  const complain = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  const places = new Set<string>();
  for (const [index, { id }] of site.locations.entries()) {
    if (VIRTUAL_LOCATIONS.some((name) => name === id)) {
      complain(['locations', index, 'id'], `expected another name: ${id} is the outside world`);
    }
    if (places.has(id)) complain(['locations', index, 'id'], 'expected an id that no other location has');
    places.add(id);
  }
  const mustExist = (path: (string | number)[], place: string | undefined) => {
    if (place !== undefined && !places.has(place)) complain(path, 'expected the id of one of site.locations');
  };
  const points = new Set<string>();
  for (const kind of ['doors', 'bins', 'probes'] as const) {
    for (const [index, { readPoint }] of site[kind].entries()) {
      if (points.has(readPoint)) {
        complain([kind, index, 'readPoint'], 'expected a read point that nothing else has');
      }
      points.add(readPoint);
    }
  }
  for (const [index, door] of site.doors.entries()) {
    mustExist(['doors', index, 'inside'], door.inside);
    mustExist(['doors', index, 'outside'], door.outside);
  }
  for (const [index, bin] of site.bins.entries()) mustExist(['bins', index, 'location'], bin.location);
  for (const [index, probe] of site.probes.entries())
    mustExist(['probes', index, 'location'], probe.location);
  const rules = new Set<string>();
  for (const [index, rule] of site.rules.entries()) {
    if (rules.has(rule.id)) complain(['rules', index, 'id'], 'expected an id that no other rule has');
    rules.add(rule.id);
    for (const [at, place] of rule.locations.entries()) mustExist(['rules', index, 'locations', at], place);
  }
}
