/**
 * The only file that touches the AWS SDK: the few calls we make, as functions, and AWS' error names sorted into what
 * a caller does about them. The SDK is loaded when the first client is made, so that a cloud without AWS does not
 * carry it. Retries are ours (clock, jitter, counters), so the SDK's are off.
 */
import type { IoTDataPlaneClientConfig } from '@aws-sdk/client-iot-data-plane';
import type { SQSClientConfig } from '@aws-sdk/client-sqs';

export interface AwsAccess {
  readonly region: string;
  /** Of another place than AWS: a stand-in, a VPC endpoint. The account's own data plane address is needed for IoT. */
  readonly endpoints?: { readonly iot?: string | undefined; readonly sqs?: string | undefined } | undefined;
  /** Default: the SDK's chain (environment, profile, container, instance). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface QueueMessage {
  readonly body: string;
  readonly receiptHandle: string;
  /** Epoch ms, by SQS. */
  readonly sentAt: number;
}

export interface QueueCalls {
  /** Waits at the queue for at most `waitSeconds`; rejects when aborted. */
  receive(
    options: { most: number; waitSeconds: number; visibilitySeconds: number },
    aborted: AbortSignal,
  ): Promise<QueueMessage[]>;
  /** Resolves with how many were not deleted. At most ten. */
  delete(receiptHandles: readonly string[]): Promise<number>;
  /** Lets at most ten messages show again after `seconds`. */
  release(receiptHandles: readonly string[], seconds: number): Promise<void>;
  /** Puts a message into another queue. */
  send(queueUrl: string, body: string): Promise<void>;
  /** Whether the queue moves away by itself what is received too often. */
  hasRedrive(): Promise<boolean>;
  close(): void;
}

export interface IotCalls {
  publish(topic: string, payload: string): Promise<void>;
  /** Past subscriptions, to one connected client. */
  publishDirectly(clientId: string, topic: string, payload: string): Promise<void>;
  /** Resolves with the new version. `version` makes it conditional. */
  updateShadow(thing: string, shadow: string, document: object): Promise<number>;
  /** Undefined when there is none. */
  getShadow(thing: string, shadow: string): Promise<unknown>;
  /** Since when the client is connected, epoch ms; undefined when it is not. */
  connectedSince(clientId: string): Promise<number | undefined>;
  close(): void;
}

/** `throttled`: later; `absent`: not there; `conflict`: another version; `refused`: will not change by itself. */
type AwsTrouble = 'throttled' | 'absent' | 'conflict' | 'refused' | 'unreachable';

const TROUBLE: Readonly<Record<string, AwsTrouble>> = {
  ThrottlingException: 'throttled',
  RequestThrottled: 'throttled',
  KmsThrottled: 'throttled',
  OverLimit: 'throttled',
  ResourceNotFoundException: 'absent',
  ConflictException: 'conflict',
  ForbiddenException: 'refused',
  UnauthorizedException: 'refused',
  AccessDeniedException: 'refused',
  InvalidRequestException: 'refused',
  MethodNotAllowedException: 'refused',
  RequestEntityTooLargeException: 'refused',
  QueueDoesNotExist: 'refused',
};

export function troubleOf(error: unknown): AwsTrouble {
  const name = error instanceof Error ? error.name : '';
  return Object.hasOwn(TROUBLE, name) ? (TROUBLE[name] ?? 'unreachable') : 'unreachable';
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Longer than the longest wait at a queue (20 s), so that a dead line is noticed. */
const REQUEST_TIMEOUT_MS = 40_000;
const MAX_SOCKETS = 64;

export async function openQueue(access: AwsAccess, queueUrl: string): Promise<QueueCalls> {
  const sdk = await import('@aws-sdk/client-sqs');
  const client = new sdk.SQSClient(clientConfig(access, access.endpoints?.sqs));
  const QueueUrl = queueUrl;
  return {
    async receive({ most, waitSeconds, visibilitySeconds }, abortSignal) {
      const { Messages = [] } = await client.send(
        new sdk.ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: most,
          WaitTimeSeconds: waitSeconds,
          VisibilityTimeout: visibilitySeconds,
          MessageSystemAttributeNames: ['SentTimestamp'],
        }),
        { abortSignal },
      );
      return Messages.map(({ Body, ReceiptHandle, Attributes }) => ({
        body: Body ?? '',
        receiptHandle: ReceiptHandle ?? '',
        sentAt: Number(Attributes?.SentTimestamp ?? 0),
      }));
    },
    async delete(receiptHandles) {
      const Entries = receiptHandles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
      const { Failed = [] } = await client.send(new sdk.DeleteMessageBatchCommand({ QueueUrl, Entries }));
      return Failed.length;
    },
    async release(receiptHandles, seconds) {
      const Entries = receiptHandles.map((ReceiptHandle, index) => ({
        Id: String(index),
        ReceiptHandle,
        VisibilityTimeout: seconds,
      }));
      await client.send(new sdk.ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
    },
    async send(otherUrl, body) {
      await client.send(new sdk.SendMessageCommand({ QueueUrl: otherUrl, MessageBody: body }));
    },
    async hasRedrive() {
      const { Attributes } = await client.send(
        new sdk.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['RedrivePolicy'] }),
      );
      return Attributes?.RedrivePolicy !== undefined;
    },
    close: () => client.destroy(),
  };
}

export async function openIot(access: AwsAccess): Promise<IotCalls> {
  const sdk = await import('@aws-sdk/client-iot-data-plane');
  const client = new sdk.IoTDataPlaneClient(clientConfig(access, access.endpoints?.iot));
  const absentAsUndefined = (error: unknown) => {
    if (troubleOf(error) === 'absent') return undefined;
    throw error;
  };
  return {
    async publish(topic, payload) {
      await client.send(new sdk.PublishCommand({ topic, qos: 1, payload: Buffer.from(payload) }));
    },
    async publishDirectly(clientId, topic, payload) {
      await client.send(new sdk.SendDirectMessageCommand({ clientId, topic, payload: Buffer.from(payload) }));
    },
    async updateShadow(thing, shadow, document) {
      const { payload } = await client.send(
        new sdk.UpdateThingShadowCommand({
          thingName: thing,
          shadowName: shadow,
          payload: Buffer.from(JSON.stringify(document)),
        }),
      );
      const answer: unknown = payload && JSON.parse(Buffer.from(payload).toString('utf8'));
      const version = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'version') : 0;
      return typeof version === 'number' ? version : 0;
    },
    async getShadow(thing, shadow) {
      const found = await client
        .send(new sdk.GetThingShadowCommand({ thingName: thing, shadowName: shadow }))
        .catch(absentAsUndefined);
      return found?.payload && JSON.parse(Buffer.from(found.payload).toString('utf8'));
    },
    async connectedSince(clientId) {
      const found = await client.send(new sdk.GetConnectionCommand({ clientId })).catch(absentAsUndefined);
      return found?.connected === true ? (found.connectedSince ?? 0) : undefined;
    },
    close: () => client.destroy(),
  };
}

function clientConfig(
  { region, credentials }: AwsAccess,
  endpoint: string | undefined,
): IoTDataPlaneClientConfig & SQSClientConfig {
  return {
    region,
    maxAttempts: 1,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      httpAgent: { maxSockets: MAX_SOCKETS },
      httpsAgent: { maxSockets: MAX_SOCKETS },
    },
  };
}
