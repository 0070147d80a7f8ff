/**
 * `sim aws-iot`: the AWS IoT stand-in as a process of its own. What to run comes from a file and the command line;
 * endpoints, the account's access key and each device's certificate go to a folder and onto the terminal.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as z from 'zod';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { parseConfig } from '../../protocol/config/yaml-config.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import {
  type AwsIot,
  type AwsIotOptions,
  DEFAULT_ROLE_ALIAS,
  gatewayRule,
  presenceRule,
  startAwsIot,
  stateRule,
} from '../aws-iot/aws-iot.ts';
import { PolicyError, policySchema } from '../aws-iot/identity/policy.ts';
import { RuleError } from '../aws-iot/rules/rule-sql.ts';
import { AWS_QUOTAS } from '../aws-iot/service/quotas.ts';
import { UsageError } from './usage-error.ts';

const rate = z.number().min(0).max(1);
const policy = z.unknown().refine((value) => policySchema.safeParse(value).success, 'expected an AWS policy');
const queueName = z.string().regex(/^[a-zA-Z0-9_-]{1,80}$/, 'expected letters, digits, - and _');
const action = z.union([
  z.strictObject({ sqs: z.strictObject({ queue: queueName }) }),
  z.strictObject({
    republish: z.strictObject({ topic: z.string(), qos: z.literal([0, 1]).default(0) }),
  }),
]);
const quotaNames = Object.keys(AWS_QUOTAS) as (keyof typeof AWS_QUOTAS)[];

const fileSchema = z.strictObject({
  region: z.string().optional(),
  account: z
    .string()
    .regex(/^\d{12}$/, 'expected twelve digits')
    .optional(),
  rules: z
    .array(
      z.strictObject({
        name: z.string(),
        sql: z.string(),
        actions: z.array(action).min(1),
        errorQueue: queueName.optional(),
      }),
    )
    .default([]),
  queues: z
    .record(
      queueName,
      z.strictObject({
        visibilityTimeoutSeconds: z.int().min(0).max(43_200).optional(),
        retentionSeconds: z.int().min(60).max(1_209_600).optional(),
        redrive: z.strictObject({ queue: queueName, maxReceiveCount: z.int().min(1).max(1000) }).optional(),
      }),
    )
    .default({}),
  policy: policy.optional(),
  roleAliases: z
    .record(
      z.string(),
      z.strictObject({
        policy: policy.optional(),
        lifetimeSeconds: z.int().min(900).max(43_200).optional(),
      }),
    )
    .optional(),
  quotas: z.partialRecord(z.enum(quotaNames), z.int().positive()).default({}),
  /** How often queues deliver twice and out of order. */
  mischief: z
    .strictObject({ duplicate: rate.default(0), reorder: rate.default(0), seed: z.int().default(1) })
    .optional(),
});

export interface AwsIotCommand {
  readonly file: string | undefined;
  readonly host: string;
  /** HTTP, MQTT, MQTT over TLS, HTTPS; 0 takes any free one. */
  readonly ports: readonly [number, number, number, number];
  /** `NAME=QUEUE`: what gateways send, through Basic Ingest or not. */
  readonly rules: readonly string[];
  readonly things: readonly string[];
  readonly out: string | undefined;
  readonly write: (text: string) => void;
  readonly interrupted: Promise<void>;
}

export async function serveAwsIot(command: AwsIotCommand): Promise<void> {
  const [http, mqtt, mqtts, https] = command.ports;
  const standIn = await start({
    ...readOptions(command),
    clock: systemClock(),
    ports: { host: command.host, http, mqtt, mqtts, https },
  });
  try {
    const folder = command.out === undefined ? undefined : resolve(command.out);
    if (folder !== undefined) await writeIdentities(standIn, command.things, folder);
    command.write(describe(standIn, folder, command.things));
    await command.interrupted;
  } finally {
    await standIn.close();
  }
}

async function start(options: AwsIotOptions): Promise<AwsIot> {
  try {
    return await startAwsIot(options);
  } catch (error) {
    if (error instanceof RuleError || error instanceof PolicyError) throw new UsageError(error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new UsageError(`${message}: give another port, or 0 for any`);
    }
    throw error;
  }
}

function readOptions({ file, rules, things, out }: AwsIotCommand): Omit<AwsIotOptions, 'clock' | 'ports'> {
  if (things.length > 0 && out === undefined) throw new UsageError('--thing: expected --out FOLDER with it');
  const { mischief, region, account, ...settings } =
    file === undefined ? fileSchema.parse({}) : readFile(file);
  const fromLine = rules.flatMap((text) => {
    const [, name, queue] = /^([a-zA-Z0-9_]+)=([a-zA-Z0-9_-]+)$/.exec(text) ?? [];
    if (name === undefined || queue === undefined) {
      throw new UsageError(`--rule: expected NAME=QUEUE, got "${text}"`);
    }
    return [
      gatewayRule(name, queue),
      stateRule(`${name}_state`, queue),
      presenceRule(`${name}_presence`, queue),
    ];
  });
  return {
    ...(settings as Partial<AwsIotOptions>),
    ...(region !== undefined && { region }),
    ...(account !== undefined && { account }),
    rules: [...(settings.rules as AwsIotOptions['rules'] & object), ...fromLine],
    ...(mischief !== undefined && {
      mischief: { ...mischief, random: seededRandom(mischief.seed, 'sqs') },
    }),
  };
}

function readFile(file: string): z.output<typeof fileSchema> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
  const parsed = parseConfig(fileSchema, text, basename(file));
  if (!parsed.ok) throw new UsageError(parsed.problems.join('\n'));
  return parsed.value;
}

/** ca.crt, and a certificate with its key per thing. */
async function writeIdentities(standIn: AwsIot, things: readonly string[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ca.crt'), standIn.ca);
  for (const thing of things) {
    if (!/^[a-zA-Z0-9:_-]{1,128}$/.test(thing)) throw new UsageError(`--thing: "${thing}" is no thing name`);
    const { cert, key } = await standIn.issueDevice(thing);
    writeFileSync(join(folder, `${thing}.crt`), cert);
    writeFileSync(join(folder, `${thing}.key`), key, { mode: 0o600 });
  }
}

function describe(standIn: AwsIot, folder: string | undefined, things: readonly string[]): string {
  const { endpoint, region, accessKey, mqttUrl, mqttsUrl, httpsUrl } = standIn;
  const lines = [
    ['REST and SQS', `${endpoint}  (endpoint of SDKs, region ${region})`],
    ['MQTT', `${mqttUrl}  (no identity: may do everything)`],
    ['MQTT over TLS', `${mqttsUrl}  (as 8883: client certificate)`],
    ['HTTPS', `${httpsUrl}  (as 443; MQTT with ALPN x-amzn-mqtt-ca)`],
    ['credentials', `${httpsUrl}/role-aliases/${DEFAULT_ROLE_ALIAS}/credentials  (client certificate)`],
    ['AWS_ACCESS_KEY_ID', accessKey.accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', accessKey.secretAccessKey],
    ['counters', `${endpoint}/_stand-in/counters`],
    ...(folder === undefined ? [] : [['CA', join(folder, 'ca.crt')]]),
    ...things.map((thing) => [`thing ${thing}`, join(folder ?? '', `${thing}.crt and .key`)]),
  ];
  return `${lines.map(([name, value]) => `${name?.padEnd(22)} ${value}`).join('\n')}\nready\n`;
}
