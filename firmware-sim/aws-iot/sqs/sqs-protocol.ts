/**
 * SQS as @aws-sdk/client-sqs speaks it: AWS JSON 1.0, one POST per operation, named by X-Amz-Target (Amazon SQS API
 * Reference). Standard queues without message attributes; what is not offered is refused by name.
 */
import * as z from 'zod';
import type { AwsAnswer, RestRequest } from '../http/http.ts';
import type { Place } from '../identity/principal.ts';
import { AwsError } from '../service/aws-error.ts';
import type { AwsCounters } from '../service/quotas.ts';
import type { Queue, ReceivedSqsMessage } from './queue.ts';
import { attributesOf, readAttributes } from './queue-attributes.ts';
import type { Queues } from './queues.ts';

/** In bytes: the limit that every account has; AWS raises it to 1 MiB where asked. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
const MAX_BATCH = 10;
const QUEUE_NAME = /^[a-zA-Z0-9_-]{1,80}$/;
const seconds = (most: number) => z.int().min(0).max(most);

const schemas = {
  CreateQueue: z.looseObject({
    QueueName: z.string(),
    Attributes: z.record(z.string(), z.string()).default({}),
  }),
  GetQueueUrl: z.looseObject({ QueueName: z.string() }),
  ListQueues: z.looseObject({ QueueNamePrefix: z.string().default('') }),
  PurgeQueue: z.looseObject({ QueueUrl: z.string() }),
  GetQueueAttributes: z.looseObject({
    QueueUrl: z.string(),
    AttributeNames: z.array(z.string()).default([]),
  }),
  SendMessage: z.looseObject({
    QueueUrl: z.string(),
    MessageBody: z.string(),
    DelaySeconds: seconds(900).optional(),
  }),
  ReceiveMessage: z.looseObject({
    QueueUrl: z.string(),
    MaxNumberOfMessages: z.int().min(1).max(MAX_BATCH).default(1),
    VisibilityTimeout: seconds(43_200).optional(),
    WaitTimeSeconds: seconds(20).optional(),
  }),
  DeleteMessage: z.looseObject({ QueueUrl: z.string(), ReceiptHandle: z.string() }),
  DeleteMessageBatch: z.looseObject({
    QueueUrl: z.string(),
    Entries: z.array(z.object({ Id: z.string(), ReceiptHandle: z.string() })),
  }),
  ChangeMessageVisibility: z.looseObject({
    QueueUrl: z.string(),
    ReceiptHandle: z.string(),
    VisibilityTimeout: seconds(43_200),
  }),
  ChangeMessageVisibilityBatch: z.looseObject({
    QueueUrl: z.string(),
    Entries: z.array(
      z.object({ Id: z.string(), ReceiptHandle: z.string(), VisibilityTimeout: seconds(43_200) }),
    ),
  }),
};
type SqsInput<Name extends keyof typeof schemas> = z.output<(typeof schemas)[Name]>;

/** What the legacy query protocol calls an error; the SDK shows this name. */
const QUERY_ERRORS: Record<string, string> = {
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  QueueNameExists: 'QueueAlreadyExists',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
};

interface SqsOptions {
  readonly queues: Queues;
  readonly counters: AwsCounters;
  readonly place: Place;
  /** `http://host:port`, as the caller reached us. */
  readonly origin: (request: RestRequest) => string;
}

export const isSqsRequest = ({ headers }: RestRequest) =>
  headers['x-amz-target']?.startsWith('AmazonSQS.') === true;

export class SqsProtocol {
  readonly #options: SqsOptions;

  constructor(options: SqsOptions) {
    this.#options = options;
  }

  async handle(request: RestRequest): Promise<AwsAnswer> {
    const name = (request.headers['x-amz-target'] ?? '').slice('AmazonSQS.'.length);
    return answer(await this.#operate(name, request));
  }

  async #operate(name: string, request: RestRequest): Promise<object> {
    switch (name) {
      case 'CreateQueue':
        return this.#create(read(name, request), request);
      case 'GetQueueUrl': {
        const queue = this.#byName(read(name, request).QueueName);
        return { QueueUrl: this.#url(queue.name, request) };
      }
      case 'ListQueues': {
        const { QueueNamePrefix } = read(name, request);
        const names = this.#options.queues.names.filter((queue) => queue.startsWith(QueueNamePrefix));
        return { QueueUrls: names.toSorted().map((queue) => this.#url(queue, request)) };
      }
      case 'PurgeQueue':
        this.#queue(read(name, request)).purge();
        return {};
      case 'GetQueueAttributes': {
        const input = read(name, request);
        return {
          Attributes: attributesOf(this.#queue(input), input.AttributeNames, this.#options.place),
        };
      }
      case 'SendMessage':
        return this.#send(read(name, request));
      case 'ReceiveMessage':
        return this.#receive(read(name, request), request);
      case 'DeleteMessage': {
        const input = read(name, request);
        this.#queue(input).delete(input.ReceiptHandle);
        return {};
      }
      case 'DeleteMessageBatch': {
        const input = read(name, request);
        const queue = this.#queue(input);
        return batch(input.Entries, ({ ReceiptHandle }) => void queue.delete(ReceiptHandle));
      }
      case 'ChangeMessageVisibility': {
        const input = read(name, request);
        changeVisibility(this.#queue(input), input);
        return {};
      }
      case 'ChangeMessageVisibilityBatch': {
        const input = read(name, request);
        const queue = this.#queue(input);
        return batch(input.Entries, (entry) => changeVisibility(queue, entry));
      }
      default:
        throw sqsError('UnsupportedOperation', `the stand-in does not offer ${name}`);
    }
  }

  #create({ QueueName, Attributes }: SqsInput<'CreateQueue'>, request: RestRequest): object {
    if (!QUEUE_NAME.test(QueueName)) {
      throw sqsError('InvalidAttributeValue', 'Queue name: letters, digits, - and _, at most 80; no FIFO');
    }
    const settings = readAttributes(Attributes);
    const known = this.#options.queues.get(QueueName);
    const queue = known ?? this.#options.queues.create(QueueName, settings);
    if (queue === undefined) throw sqsError('OverLimit', 'too many queues');
    if (
      known !== undefined &&
      JSON.stringify({ ...known.settings, ...settings }) !== JSON.stringify(known.settings)
    ) {
      throw sqsError('QueueNameExists', 'A queue already exists with the same name and different attributes');
    }
    return { QueueUrl: this.#url(QueueName, request) };
  }

  #send(input: SqsInput<'SendMessage'>): object {
    if (input.MessageAttributes !== undefined) {
      throw sqsError('UnsupportedOperation', 'the stand-in carries no message attributes');
    }
    if (input.MessageBody === '' || Buffer.byteLength(input.MessageBody) > MAX_MESSAGE_BYTES) {
      throw sqsError(
        'InvalidParameterValue',
        `One or more parameters are invalid. Reason: Message must be shorter than ${MAX_MESSAGE_BYTES} bytes and not empty.`,
      );
    }
    const sent = this.#queue(input).send(input.MessageBody, input.DelaySeconds);
    if (sent === undefined) throw sqsError('OverLimit', 'the queue is full');
    this.#options.counters.sqsSent += 1;
    return { MessageId: sent.id, MD5OfMessageBody: sent.md5 };
  }

  async #receive(input: SqsInput<'ReceiveMessage'>, request: RestRequest): Promise<object> {
    const queue = this.#queue(input);
    const messages = await this.#options.queues.receive(queue, {
      most: input.MaxNumberOfMessages,
      waitSeconds: input.WaitTimeSeconds ?? queue.settings.waitSeconds,
      visibilitySeconds: input.VisibilityTimeout,
      gone: request.gone,
    });
    return messages.length === 0 ? {} : { Messages: messages.map(asReceived) };
  }

  #queue({ QueueUrl }: { QueueUrl: string }): Queue {
    return this.#byName(QueueUrl.split('/').at(-1) ?? '');
  }

  #byName(name: string): Queue {
    const queue = this.#options.queues.get(name);
    if (queue === undefined) throw sqsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  }

  #url(name: string, request: RestRequest): string {
    return `${this.#options.origin(request)}/${this.#options.place.account}/${name}`;
  }
}

/** An error in the form of the protocol. */
export function sqsErrorAnswer(error: AwsError): AwsAnswer {
  const { type, status, message } = error;
  const body = JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message });
  return {
    status,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-query-error': `${QUERY_ERRORS[type] ?? type};Sender`,
    },
    body,
  };
}

function sqsError(type: string, message: string): AwsError {
  return new AwsError(type, 400, message);
}

function answer(body: object): AwsAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(body),
  };
}

function read<Name extends keyof typeof schemas>(name: Name, { body }: RestRequest): SqsInput<Name> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (error) {
    throw Object.assign(sqsError('SerializationException', 'the body is not JSON'), { cause: error });
  }
  const parsed = schemas[name].safeParse(value);
  if (!parsed.success) throw sqsError('InvalidParameterValue', z.prettifyError(parsed.error));
  return parsed.data as SqsInput<Name>;
}

function changeVisibility(queue: Queue, entry: { ReceiptHandle: string; VisibilityTimeout: number }): void {
  if (queue.changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout)) return;
  throw sqsError('MessageNotInflight', 'The message referred to is not in flight.');
}

/** Each entry on its own: one that fails does not stop the others. */
function batch<Entry extends { Id: string }>(entries: readonly Entry[], act: (entry: Entry) => void): object {
  if (entries.length === 0) throw sqsError('EmptyBatchRequest', 'There should be at least one entry.');
  if (entries.length > MAX_BATCH) {
    throw sqsError('TooManyEntriesInBatchRequest', `Maximum number of entries per request are ${MAX_BATCH}.`);
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw sqsError('BatchEntryIdsNotDistinct', 'Id of each entry must be unique.');
  }
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      act(entry);
      Successful.push({ Id: entry.Id });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.type, Message: error.message });
    }
  }
  return { Successful, Failed };
}

function asReceived(message: ReceivedSqsMessage): object {
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: message.md5,
    Body: message.body,
    Attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAt),
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? message.sentAt),
    },
  };
}
