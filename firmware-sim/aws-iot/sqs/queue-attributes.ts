/** Queue attributes: strings on the wire, numbers inside (Amazon SQS API Reference, SetQueueAttributes). */
import * as z from 'zod';
import type { Place } from '../identity/principal.ts';
import { AwsError } from '../service/aws-error.ts';
import type { Queue, QueueSettings } from './queue.ts';

const redriveSchema = z.object({
  deadLetterTargetArn: z.string().regex(/^arn:aws:sqs:[^:]*:[^:]*:[^:]+$/),
  maxReceiveCount: z.coerce.number().pipe(z.int().min(1).max(1000)),
});

const NUMBERS = {
  VisibilityTimeout: { setting: 'visibilityTimeoutSeconds', least: 0, most: 43_200 },
  MessageRetentionPeriod: { setting: 'retentionSeconds', least: 60, most: 1_209_600 },
  ReceiveMessageWaitTimeSeconds: { setting: 'waitSeconds', least: 0, most: 20 },
  DelaySeconds: { setting: 'delaySeconds', least: 0, most: 900 },
} as const;

export function readAttributes(attributes: Readonly<Record<string, string>>): Partial<QueueSettings> {
  const settings: { -readonly [Name in keyof QueueSettings]?: QueueSettings[Name] } = {};
  for (const [name, text] of Object.entries(attributes)) {
    if (name === 'RedrivePolicy') settings.redrive = readRedrive(text);
    else if (name in NUMBERS) {
      const { setting, least, most } = NUMBERS[name as keyof typeof NUMBERS];
      const value = Number(text);
      if (!Number.isInteger(value) || value < least || value > most) throw invalid(name);
      settings[setting] = value;
    } else {
      throw new AwsError('InvalidAttributeName', 400, `the stand-in does not know the attribute ${name}`);
    }
  }
  return settings;
}

/** The asked ones; `All` for each. */
export function attributesOf(queue: Queue, names: readonly string[], place: Place): Record<string, string> {
  const { visible, inFlight, delayed } = queue.counts;
  const { redrive } = queue.settings;
  const arn = (name: string) => `arn:aws:sqs:${place.region}:${place.account}:${name}`;
  const all: Record<string, string> = {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    QueueArn: arn(queue.name),
  };
  for (const [name, { setting }] of Object.entries(NUMBERS)) all[name] = String(queue.settings[setting]);
  if (redrive !== undefined) {
    all.RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: arn(redrive.queue),
      maxReceiveCount: redrive.maxReceiveCount,
    });
  }
  if (names.includes('All')) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

function readRedrive(text: string): { queue: string; maxReceiveCount: number } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw Object.assign(invalid('RedrivePolicy'), { cause: error });
  }
  const parsed = redriveSchema.safeParse(value);
  if (!parsed.success) throw invalid('RedrivePolicy');
  const { deadLetterTargetArn, maxReceiveCount } = parsed.data;
  return { queue: deadLetterTargetArn.split(':').at(-1) ?? '', maxReceiveCount };
}

function invalid(name: string): AwsError {
  return new AwsError('InvalidAttributeValue', 400, `Invalid value for the parameter ${name}.`);
}
