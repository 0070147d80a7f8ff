/** The `brokers` section of gateway.yaml: brokers of the site that carry devices' messages, by name. */
import * as z from 'zod';
import { filtersOverlap } from '../../../protocol/link/topic-filter.ts';
import { parseBrokerAddress, TransportAddressError } from '../../transports/address.ts';

const ADDRESS = 'expected an address such as mqtts://broker.example:8883';
const file = z.string().min(1);
/** HiveMQ's and AWS IoT's longest is a week or so; some brokers take less and say so. */
const DAY_SECONDS = 86_400;

const brokerSchema = z
  .strictObject({
    url: z
      .string()
      .regex(/^(mqtts?|wss?):\/\/[^/]/, ADDRESS)
      .refine((url) => URL.canParse(url), ADDRESS),
    /** 5 says more of what is old and falls back to 4, MQTT 3.1.1, at a broker that does not speak it. */
    protocolVersion: z.union([z.literal(4), z.literal(5)]).default(5),
    /** Default: `<gateway id>-<name>`. */
    clientId: z.string().min(1).max(128).optional(),
    username: z.string().min(1).optional(),
    passwordFile: file.optional(),
    caFile: file.optional(),
    certFile: file.optional(),
    keyFile: file.optional(),
    keepaliveSeconds: z.int().min(5).max(65_535).default(60),
    /** `persistent`: the broker holds messages while the gateway is away. `clean`: they are lost. */
    session: z.enum(['persistent', 'clean']).default('persistent'),
    /** How long it shall hold them; MQTT 3.1.1 has no word for it, there the broker decides. */
    sessionExpirySeconds: z
      .int()
      .min(60)
      .max(30 * DAY_SECONDS)
      .optional(),
    /** 0: nothing is answered and nothing comes again, so a message may be lost. */
    qos: z.union([z.literal(0), z.literal(1)]).default(1),
  })
  .superRefine((broker, context) => {
    const complain = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    for (const key of ['caFile', 'certFile', 'keyFile'] as const) {
      if (broker[key] !== undefined && !/^(mqtts|wss):/.test(broker.url))
        complain(key, 'expected none: only mqtts:// and wss:// are encrypted');
    }
    if (broker.certFile !== undefined && broker.keyFile === undefined)
      complain('keyFile', 'expected the key that belongs to certFile');
    if (broker.keyFile !== undefined && broker.certFile === undefined)
      complain('certFile', 'expected the certificate that belongs to keyFile');
    if (broker.passwordFile !== undefined && broker.username === undefined)
      complain('username', 'expected the user whose password stands in passwordFile');
    if (/^[a-z]+:\/\/[^/]*@/.test(broker.url))
      complain('url', 'expected no user or password in it: use username and passwordFile');
    if (broker.session === 'clean' && broker.sessionExpirySeconds !== undefined)
      complain('sessionExpirySeconds', 'expected none: a clean session ends with its connection');
  });

export const brokersSchema = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'expected lower-case letters, digits and dashes'),
    brokerSchema,
  )
  .default({});

export type BrokerConfig = z.infer<typeof brokerSchema>;

/** How long a broker holds messages for an absent gateway; undefined: not at all. */
export function sessionExpirySeconds(broker: BrokerConfig): number | undefined {
  return broker.session === 'clean' ? undefined : (broker.sessionExpirySeconds ?? DAY_SECONDS);
}

export const brokerClientId = (gateway: string, name: string, { clientId }: BrokerConfig) =>
  clientId ?? `${gateway}-${name}`;

/** Makes the paths in it absolute. */
export function resolveBrokerFiles(broker: BrokerConfig, absolute: (path: string) => string): void {
  for (const key of ['passwordFile', 'caFile', 'certFile', 'keyFile'] as const) {
    const path = broker[key];
    if (path !== undefined) broker[key] = absolute(path);
  }
}

interface Topics {
  readonly device: string;
  /** Of the site's broker; undefined is the gateway's own. */
  readonly broker: string | undefined;
  readonly filters: readonly string[];
}

/** Why a device cannot have its topics at this address, or undefined and where they live. */
export function brokerOf(
  address: string | undefined,
  known: { readonly own: boolean; readonly names: readonly string[] },
): { readonly broker: string | undefined } | { readonly problem: string } {
  try {
    const broker = address === undefined ? undefined : parseBrokerAddress(address);
    if (broker === undefined && !known.own) {
      return { problem: 'expected a "broker" section, or an address mqtt:<name> of one under "brokers"' };
    }
    if (broker !== undefined && !known.names.includes(broker)) {
      const names = known.names.length === 0 ? 'none' : known.names.join(', ');
      return { problem: `expected a broker listed under "brokers" (${names})` };
    }
    return { broker };
  } catch (error) {
    if (error instanceof TransportAddressError) return { problem: error.message };
    throw error;
  }
}

/** The first device before this one that would receive the same messages, in words. */
export function topicClash(wanted: Topics, others: readonly Topics[]): string | undefined {
  for (const other of others) {
    if (other.broker !== wanted.broker) continue;
    for (const filter of wanted.filters) {
      const theirs = other.filters.find((one) => filtersOverlap(filter, one));
      if (theirs === undefined) continue;
      return `expected topics of its own: ${filter} also catches what ${theirs} of device "${other.device}" does`;
    }
  }
  return undefined;
}
