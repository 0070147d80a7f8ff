/**
 * gateway.yaml: who this gateway is, where its devices hang, what they watch, where the cloud is. Strict: a wrong
 * file fails at start with line, path and what was expected. Secrets come from files named here, never from it.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import * as z from 'zod';
import { parseConfig } from '../../../protocol/config/yaml-config.ts';
import { isGatewayId } from '../../../protocol/link/topics.ts';
import { DRIVERS, findDriver } from '../../drivers/registry.ts';
import { DEFAULT_RESERVE_BYTES } from '../../journal/file/disk-reserve.ts';
import { readPointSchema } from '../../sensing/read-point.ts';
import { routesOf } from '../../sensing/registry.ts';
import { parseTransportAddress, TransportAddressError } from '../../transports/address.ts';
import { brokerClientId, brokerOf, brokersSchema, resolveBrokerFiles, topicClash } from './brokers-config.ts';
import { resolveUplinkFiles, uplinkSchema } from './uplink-config.ts';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'expected lower-case letters, digits and dashes');
const listen = (port: number) =>
  z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).max(65_535).default(port) });

const deviceSchema = z.strictObject({
  id,
  driver: z.enum(DRIVERS.map((driver) => driver.kind)),
  /** `tcp://host:port` or `serial:/dev/…?baud=9600`; for devices that publish `mqtt:<name>`, left out for our broker. */
  address: z.string().optional(),
  options: z.record(z.string(), z.unknown()).default({}),
  /** No reading and no byte for this long is reported as SILENT. */
  silentAfterMs: z.int().positive().optional(),
});

export const gatewayConfigSchema = z
  .strictObject({
    gateway: z.strictObject({
      id: z.string().refine(isGatewayId, 'expected lower-case letters, digits and dashes'),
    }),
    dataDir: z.string().default('./data/gateway'),
    /** The MQTT broker that devices publish to. */
    broker: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port: z.int().min(0).max(65_535).default(1884),
        /** `name:password` lines; needed unless the broker listens on loopback only. Made at first start. */
        usersFile: z.string().optional(),
      })
      .optional(),
    /** Brokers that the site runs already; a device's address `mqtt:<name>` says that its topics live there. */
    brokers: brokersSchema,
    status: listen(8081).prefault({}),
    uplink: uplinkSchema.optional(),
    /** The folder that `enroll` keeps; its certificate is renewed in time unless `renew` says no. */
    identity: z.strictObject({ dir: z.string(), renew: z.boolean().default(true) }).optional(),
    journal: z
      .strictObject({
        groupCommitMs: z.int().min(0).max(1000).default(50),
        /** Readings that nobody waits for: what a power cut can take of them, and ten times fewer commits. */
        patientCommitMs: z.int().min(0).max(10_000).default(600),
        /** Default: 4 GB or 80 % of the free disk, whichever is less. */
        maxBytes: z
          .int()
          .min(1024 ** 2, 'expected at least 1048576 (1 MiB)')
          .optional(),
        /** Kept back on the disk, so that room can still be made when it is full; 0 for none. */
        reserveBytes: z.int().nonnegative().default(DEFAULT_RESERVE_BYTES),
      })
      .prefault({}),
    devices: z.array(deviceSchema).default([]),
    readPoints: z.array(readPointSchema).default([]),
    /** Simulation only: a clock that says `startAt` at the host time `anchor` and runs `speed` times as fast. */
    clock: z.strictObject({ speed: z.number().positive(), startAt: z.int(), anchor: z.int() }).optional(),
  })
  .superRefine((config, context) => {
    const names = new Set<string>();
    const topics: Parameters<typeof topicClash>[1][number][] = [];
    const knownBrokers = { own: config.broker !== undefined, names: Object.keys(config.brokers) };
    for (const [index, device] of config.devices.entries()) {
      const complain = (field: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['devices', index, field], message });
      if (names.has(device.id)) complain('id', 'expected an id that no other device has');
      names.add(device.id);
      const driver = findDriver(device.driver);
      if (driver === undefined) continue;
      if (driver.transport === 'bytes' && device.address === undefined) {
        complain('address', `expected tcp://… or serial:…: a ${driver.kind} device has a line of its own`);
      }
      const at = driver.transport === 'messages' ? brokerOf(device.address, knownBrokers) : undefined;
      if (at !== undefined && 'problem' in at)
        complain(device.address === undefined ? 'driver' : 'address', at.problem);
      try {
        const options = driver.options.parse(device.options);
        if (at === undefined || 'problem' in at) continue;
        const made = driver.create(device.id, options);
        const filters = made.transport === 'messages' ? made.subscriptions : [];
        const wanted = { device: device.id, broker: at.broker, filters };
        const clash = topicClash(wanted, topics);
        if (clash !== undefined) complain('options', clash);
        topics.push(wanted);
      } catch (error) {
        if (!(error instanceof z.ZodError)) throw error;
        for (const issue of error.issues) {
          context.addIssue({
            code: 'custom',
            path: ['devices', index, 'options', ...issue.path],
            message: issue.message,
          });
        }
      }
    }
    const clients = new Set<string>();
    for (const [name, broker] of Object.entries(config.brokers)) {
      const client = `${broker.url} ${brokerClientId(config.gateway.id, name, broker)}`;
      if (clients.has(client)) {
        context.addIssue({
          code: 'custom',
          path: ['brokers', name, 'clientId'],
          message: 'expected another: two connections of one id end each other',
        });
      }
      clients.add(client);
    }
    const points = new Set<string>();
    for (const [index, point] of config.readPoints.entries()) {
      if (points.has(point.id)) {
        context.addIssue({
          code: 'custom',
          path: ['readPoints', index, 'id'],
          message: 'expected an id that no other read point has',
        });
      }
      points.add(point.id);
    }
  });

export type GatewayConfig = z.infer<typeof gatewayConfigSchema>;

/** What must hold besides where devices really hang on their addresses; simulations hand in lines of their own. */
const gatewayFileSchema = gatewayConfigSchema.superRefine((config, context) => {
  const complain = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  for (const [index, device] of config.devices.entries()) {
    if (device.address === undefined) continue;
    const path = ['devices', index, 'address'];
    if (findDriver(device.driver)?.transport === 'messages') continue;
    try {
      parseTransportAddress(device.address);
    } catch (error) {
      if (!(error instanceof TransportAddressError)) throw error;
      complain(path, error.message);
    }
  }
  const known = new Set(config.devices.map((device) => device.id));
  for (const [index, point] of config.readPoints.entries()) {
    const strangers = new Set(routesOf(point).map(({ device }) => device));
    for (const device of strangers) {
      if (!known.has(device)) complain(['readPoints', index], `expected device "${device}" to be listed`);
    }
  }
});

/** A configuration that cannot be used; `problems` are lines for people. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Reads and checks the file; relative paths in it are taken from its folder. */
export function loadGatewayConfig(file: string): GatewayConfig {
  const text = readText(
    file,
    'the configuration',
    ': see gateway.example.yaml, or name another with --config',
  );
  const parsed = parseConfig(gatewayFileSchema, text, basename(file));
  if (!parsed.ok) throw new ConfigError(parsed.problems);
  const config = parsed.value;
  const folder = dirname(resolve(file));
  const absolute = (path: string) => resolve(folder, path);
  const { uplink, broker } = config;
  config.dataDir = absolute(config.dataDir);
  if (config.identity !== undefined) config.identity.dir = absolute(config.identity.dir);
  if (broker?.usersFile !== undefined) broker.usersFile = absolute(broker.usersFile);
  for (const one of Object.values(config.brokers)) resolveBrokerFiles(one, absolute);
  if (uplink !== undefined) resolveUplinkFiles(uplink, absolute);
  return config;
}

/** What keeps this text from being the configuration file of gateway `id`; none: it could be. Touches no file. */
export function gatewayProblems(text: string, id: string): string[] {
  const parsed = parseConfig(gatewayFileSchema, text, 'gateway.yaml');
  if (!parsed.ok) return parsed.problems;
  const named = parsed.value.gateway.id;
  return named === id ? [] : [`gateway.yaml: gateway.id: expected ${id}, got ${named}`];
}

/** File content, or a ConfigError that says which file and why. */
export function readText(file: string, what: string, advice = ''): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([
      `cannot read ${what} ${file} (${(error as NodeJS.ErrnoException).code ?? error})${advice}`,
    ]);
  }
}
