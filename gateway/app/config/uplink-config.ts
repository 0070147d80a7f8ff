/**
 * The `uplink` section of gateway.yaml: where the cloud is and by which way. One of two kinds, `url` (MQTT or HTTPS, by
 * its scheme) or `aws`; both may have a fallback over HTTPS. What does not go together is refused with what to do.
 */
import * as z from 'zod';

const file = z.string().min(1);
const MQTT_ADDRESS = 'expected an address such as mqtts://broker:8883 or https://cloud.example';
const httpsUrl = z
  .string()
  .regex(/^https?:\/\/[^/]/, 'expected an address such as https://cloud.example')
  .refine((url) => URL.canParse(url), 'expected an address such as https://cloud.example');
const host = z.string().regex(/^[a-z0-9.-]+(:\d{1,5})?$/i, 'expected a host name, without https://');

/** Over HTTPS to the cloud's own intake when the first way is blocked. */
const fallbackSchema = z.strictObject({
  url: httpsUrl,
  tokenFile: file,
  caFile: file.optional(),
  proxyFromEnvironment: z.boolean().default(false),
  /** Switch when the first way has been down this long, or this often in vain. */
  afterSeconds: z.number().positive().default(60),
  afterFailures: z.int().positive().default(5),
});

const awsSchema = z.strictObject({
  /** `aws iot describe-endpoint --endpoint-type iot:Data-ATS`. */
  endpoint: host,
  /** 8883, or 443 where only that leaves the building (ALPN). Other ports are for stand-ins. */
  port: z.int().min(1).max(65_535).default(8883),
  certFile: file.optional(),
  keyFile: file.optional(),
  caFile: file.optional(),
  /** Basic Ingest: publish straight to this rule. */
  rule: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,128}$/, 'expected the name of an IoT rule')
    .optional(),
  /** Default: taken from the endpoint's name. */
  region: z.string().optional(),
  protocolVersion: z.union([z.literal(4), z.literal(5)]).default(5),
  keepaliveSeconds: z.int().min(30).max(1200).default(60),
  https: z
    .strictObject({
      /** `only`: never MQTT. `fallback`: while MQTT is blocked. */
      use: z.enum(['only', 'fallback']).default('fallback'),
      /** Credentials from the device certificate; without these two the AWS SDK's own chain is used. */
      credentialsEndpoint: host.optional(),
      roleAlias: z.string().min(1).optional(),
      /** Of the data plane, when it is not `https://<endpoint>`: for stand-ins. */
      endpoint: httpsUrl.optional(),
      afterSeconds: z.number().positive().default(60),
      afterFailures: z.int().positive().default(5),
    })
    .optional(),
});

/** For a metered or shared line. The defaults keep one AWS connection under its quotas. */
const paceSchema = z.strictObject({
  publishesPerSecond: z.number().min(2).max(10_000).optional(),
  bytesPerSecond: z
    .int()
    .min(1024)
    .max(1024 ** 3)
    .optional(),
});

export const uplinkSchema = z
  .strictObject({
    url: z
      .string()
      .regex(/^(mqtts?|wss?|tcp|https?):\/\/[^/]/, MQTT_ADDRESS)
      .refine((url) => URL.canParse(url), MQTT_ADDRESS)
      .optional(),
    username: z.string().optional(),
    /** MQTT: the gateway's token, or another password. */
    passwordFile: file.optional(),
    /** The gateway's token, for MQTT and HTTPS. */
    tokenFile: file.optional(),
    protocolVersion: z.union([z.literal(4), z.literal(5)]).default(4),
    keepaliveSeconds: z.int().min(5).max(65_535).default(30),
    caFile: file.optional(),
    certFile: file.optional(),
    keyFile: file.optional(),
    /** HTTPS: follow HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
    proxyFromEnvironment: z.boolean().default(false),
    aws: awsSchema.optional(),
    fallback: fallbackSchema.optional(),
    pace: paceSchema.optional(),
  })
  .superRefine((uplink, context) => {
    for (const { path, message } of conflicts(uplink)) context.addIssue({ code: 'custom', path, message });
  });

export type UplinkConfig = z.infer<typeof uplinkSchema>;
type Conflict = { readonly path: string[]; readonly message: string };

/** True for an address that goes by HTTP requests. */
export const isHttp = (url: string) => /^https?:/.test(url);

function conflicts(uplink: UplinkConfig): Conflict[] {
  const { url, aws, fallback } = uplink;
  if (url === undefined && aws === undefined)
    return [{ path: ['url'], message: `${MQTT_ADDRESS}, or an "aws" section` }];
  if (url !== undefined && aws !== undefined)
    return [{ path: ['aws'], message: 'expected none: either "url" or "aws"' }];
  const found = aws === undefined ? urlConflicts(uplink, url ?? '') : awsConflicts(uplink, aws);
  if (fallback !== undefined && url !== undefined && isHttp(url))
    found.push({ path: ['fallback'], message: 'expected none: the uplink goes over HTTPS already' });
  if (fallback !== undefined && aws?.https !== undefined)
    found.push({ path: ['fallback'], message: 'expected none: "aws.https" is the fallback already' });
  return found;
}

function urlConflicts(uplink: UplinkConfig, url: string): Conflict[] {
  const found: Conflict[] = [];
  const complain = (key: string, message: string) => found.push({ path: [key], message });
  for (const key of ['caFile', 'certFile', 'keyFile'] as const) {
    if (uplink[key] !== undefined && !/^(mqtts|wss|https):/.test(url))
      complain(key, 'expected none: only mqtts://, wss:// and https:// are encrypted');
  }
  if (uplink.certFile === undefined && uplink.keyFile !== undefined)
    complain('certFile', 'expected the certificate that belongs to keyFile');
  if (isHttp(url)) {
    if (uplink.tokenFile === undefined)
      complain('tokenFile', 'expected a file with the token from: npm run cloud -- gateway add <id>');
    if (uplink.passwordFile !== undefined)
      complain('passwordFile', 'expected none: over HTTPS use tokenFile');
    if (uplink.username !== undefined) complain('username', 'expected none: over HTTPS the token is enough');
  } else {
    if (uplink.passwordFile !== undefined && uplink.tokenFile !== undefined)
      complain('tokenFile', 'expected none: passwordFile is given');
    if (uplink.proxyFromEnvironment) complain('proxyFromEnvironment', 'expected none: MQTT goes by no proxy');
  }
  return found;
}

function awsConflicts(uplink: UplinkConfig, aws: NonNullable<UplinkConfig['aws']>): Conflict[] {
  const found: Conflict[] = [];
  const complain = (path: string[], message: string) => found.push({ path, message });
  for (const key of ['username', 'passwordFile', 'tokenFile', 'caFile', 'certFile', 'keyFile'] as const) {
    if (uplink[key] !== undefined)
      complain([key], 'expected none beside "aws": certificates stand in the "aws" section');
  }
  const { https } = aws;
  const device = [https?.credentialsEndpoint, https?.roleAlias].filter((one) => one !== undefined).length;
  if (device === 1)
    complain(['aws', 'https'], 'expected credentialsEndpoint and roleAlias together, or neither');
  const needsCertificate = https?.use !== 'only' || device > 0;
  for (const key of ['certFile', 'keyFile'] as const) {
    if (aws[key] === undefined && needsCertificate)
      complain(['aws', key], 'expected a PEM file: AWS IoT knows a gateway by its certificate');
  }
  if (https !== undefined && awsRegion(aws) === undefined)
    complain(['aws', 'region'], 'expected the region: it does not stand in the endpoint’s name');
  return found;
}

/** From `xxxxxxxx-ats.iot.<region>.amazonaws.com`. */
export function awsRegion(aws: NonNullable<UplinkConfig['aws']>): string | undefined {
  return aws.region ?? /\.iot\.([a-z0-9-]+)\.amazonaws\.com/.exec(aws.endpoint)?.[1];
}

/** Makes the paths in it absolute. */
export function resolveUplinkFiles(uplink: UplinkConfig, absolute: (path: string) => string): void {
  const resolveKeys = <Key extends string>(
    section: Partial<Record<Key, string | undefined>>,
    keys: Key[],
  ) => {
    for (const key of keys) {
      const path = section[key];
      if (path !== undefined) section[key] = absolute(path);
    }
  };
  resolveKeys(uplink, ['passwordFile', 'tokenFile', 'caFile', 'certFile', 'keyFile']);
  if (uplink.aws !== undefined) resolveKeys(uplink.aws, ['caFile', 'certFile', 'keyFile']);
  if (uplink.fallback !== undefined) resolveKeys(uplink.fallback, ['tokenFile', 'caFile']);
}
