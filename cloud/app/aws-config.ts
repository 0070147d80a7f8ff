/** The section `intake.aws` and what is opened from it. Access keys come from the SDK's own chain, never from here. */
import * as z from 'zod';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import { type AwsAccess, openIot, openQueue } from '../intake/aws/aws-clients.ts';
import { SqsIntake } from '../intake/aws/sqs-intake.ts';

const httpUrl = z.string().regex(/^https?:\/\/[^/]/, 'expected an address such as https://…');
const queueUrl = z
  .string()
  .regex(
    /^https?:\/\/[^/]+\/\d{12}\/[A-Za-z0-9_-]{1,80}$/,
    'expected the URL of a standard queue such as https://sqs.eu-central-1.amazonaws.com/123456789012/tallyport',
  );

export const awsIntakeSchema = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected an AWS region such as eu-central-1'),
  /** Where the rule's SQS action puts batches. */
  queueUrl,
  /** For what is no message of ours; without it the queue's own redrive policy takes it. */
  deadLetterQueueUrl: queueUrl.optional(),
  /** Another data plane or SQS than the region's: VPC endpoints, or the stand-in. */
  endpoints: z.strictObject({ iot: httpUrl.optional(), sqs: httpUrl.optional() }).optional(),
  receivers: z.int().min(1).max(32).default(4),
  /** How long a received message is ours: longer than a slow commit. */
  visibilitySeconds: z.int().min(10).max(43_200).default(60),
  /** Acks for gateways that publish over HTTPS go into the named shadow `delivery`. */
  deliveryShadow: z.enum(['over-https', 'always', 'never']).default('over-https'),
  /** Acks to the connected client itself (SendDirectMessage) where the account offers it. */
  directAcks: z.boolean().default(false),
});
type AwsIntakeConfig = z.output<typeof awsIntakeSchema>;

interface AwsDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly onTrouble: (event: string, detail: Record<string, unknown>) => void;
  readonly onConnected: () => void;
}

export function accessOf({ region, endpoints }: AwsIntakeConfig): AwsAccess {
  return { region, ...(endpoints !== undefined && { endpoints }) };
}

export function openAws(config: AwsIntakeConfig, dependencies: AwsDependencies): SqsIntake {
  const { region: _region, endpoints: _endpoints, ...options } = config;
  const access = accessOf(config);
  return new SqsIntake({
    ...options,
    ...dependencies,
    connect: async () => ({
      queue: await openQueue(access, config.queueUrl),
      iot: await openIot(access),
    }),
  });
}
