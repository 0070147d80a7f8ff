/** SQS with the real SDK as judge, on a clock that stands still until it is moved. */
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import { createCounters } from '../service/quotas.ts';
import { breathe, type Fixture, openFixture, refusalOf } from '../stand-in.fixture.ts';
import { Queues } from './queues.ts';

let fixture: Fixture;
let made = 0;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

async function queue(attributes: Record<string, string> = {}): Promise<string> {
  made += 1;
  const { QueueUrl = '' } = await fixture.sqs.send(
    new CreateQueueCommand({ QueueName: `queue-${made}`, Attributes: attributes }),
  );
  return QueueUrl;
}
const send = (QueueUrl: string, MessageBody: string, DelaySeconds?: number) =>
  fixture.sqs.send(
    new SendMessageCommand({ QueueUrl, MessageBody, ...(DelaySeconds !== undefined && { DelaySeconds }) }),
  );
const receive = async (QueueUrl: string, more: object = {}): Promise<Message[]> => {
  const { Messages = [] } = await fixture.sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }),
  );
  return Messages;
};
const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);
const counts = async (QueueUrl: string) => {
  const { Attributes = {} } = await fixture.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  return [
    Attributes.ApproximateNumberOfMessages,
    Attributes.ApproximateNumberOfMessagesNotVisible,
    Attributes.ApproximateNumberOfMessagesDelayed,
  ].map(Number);
};

describe('a queue', () => {
  it('hides what was received, shows it again after the timeout, and forgets it when deleted', async () => {
    const url = await queue({ VisibilityTimeout: '20' });
    await send(url, 'one');
    await send(url, 'two');
    expect(bodies(await receive(url, { MaxNumberOfMessages: 1 }))).toEqual(['one']);
    expect(await counts(url)).toEqual([1, 1, 0]);
    await fixture.clock.runFor(20_000);
    const again = await receive(url, { MessageSystemAttributeNames: ['All'] });
    expect(again.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount])).toEqual([
      ['two', '1'],
      ['one', '2'],
    ]);
    const Entries = again.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    const { Successful } = await fixture.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    expect(Successful).toHaveLength(2);
    await fixture.clock.runFor(20_000);
    expect(await counts(url)).toEqual([0, 0, 0]);
  });

  it('does not delete by a handle of an earlier receive', async () => {
    const url = await queue();
    await send(url, 'one');
    const [first] = await receive(url, { VisibilityTimeout: 1 });
    await fixture.clock.runFor(1000);
    const [second] = await receive(url);
    await fixture.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }));
    expect(await counts(url)).toEqual([0, 1, 0]);
    await fixture.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: second?.ReceiptHandle }));
    expect(await counts(url)).toEqual([0, 0, 0]);
  });

  it('changes when a message shows again, also of several at once', async () => {
    const url = await queue();
    await send(url, 'one');
    await send(url, 'two');
    const [one, two] = await receive(url);
    await fixture.sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: one?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    expect(bodies(await receive(url))).toEqual(['one']);
    const { Failed } = await fixture.sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: 'a', ReceiptHandle: two?.ReceiptHandle, VisibilityTimeout: 0 },
          { Id: 'b', ReceiptHandle: 'none', VisibilityTimeout: 0 },
        ],
      }),
    );
    expect(Failed?.map(({ Id, Code }) => [Id, Code])).toEqual([['b', 'MessageNotInflight']]);
    expect(bodies(await receive(url))).toEqual(['two']);
  });

  it('lets a receiver wait: for a message, for one that shows again, and no longer than asked', async () => {
    const url = await queue();
    const waiting = receive(url, { WaitTimeSeconds: 20, VisibilityTimeout: 5 });
    await send(url, 'now');
    expect(bodies(await waiting)).toEqual(['now']);
    const { restRequests } = fixture.aws.counters;
    const forOld = receive(url, { WaitTimeSeconds: 20 });
    await send(await queue(), 'elsewhere');
    await expect.poll(() => fixture.aws.counters.restRequests).toBeGreaterThan(restRequests);
    await fixture.clock.runFor(5000);
    expect(bodies(await forOld)).toEqual(['now']);
    const empty = await queue();
    const inVain = receive(empty, { WaitTimeSeconds: 3 });
    await expect.poll(() => fixture.clock.pendingTimers().join()).toContain('sqs long poll');
    await fixture.clock.runFor(3000);
    expect(await inVain).toEqual([]);
  });

  it('gives nothing to a receiver that has gone', async () => {
    const url = await queue();
    const gone = new AbortController();
    const waiting = fixture.sqs
      .send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }), { abortSignal: gone.signal })
      .catch((error: Error) => error.name);
    await expect.poll(() => fixture.clock.pendingTimers().join()).toContain('sqs long poll');
    gone.abort();
    expect(await waiting).toBe('AbortError');
    await expect.poll(() => fixture.clock.pendingTimers().join()).not.toContain('sqs long poll');
    await send(url, 'still here');
    expect(await counts(url)).toEqual([1, 0, 0]);
  });

  it('holds back what is delayed and lets go of what is too old', async () => {
    const url = await queue({ MessageRetentionPeriod: '60' });
    await send(url, 'later', 10);
    expect(await counts(url)).toEqual([0, 0, 1]);
    await fixture.clock.runFor(10_000);
    expect(await counts(url)).toEqual([1, 0, 0]);
    await fixture.clock.runFor(51_000);
    expect(await receive(url)).toEqual([]);
  });

  it('moves what was received too often to its dead-letter queue', async () => {
    const letters = await queue();
    const arn = `arn:aws:sqs:${fixture.aws.region}:000000000000:${letters.split('/').at(-1)}`;
    const url = await queue({
      VisibilityTimeout: '0',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 2 }),
    });
    await send(url, 'poison');
    expect(await receive(url, { MaxNumberOfMessages: 1 })).toHaveLength(1);
    expect(await receive(url, { MaxNumberOfMessages: 1 })).toHaveLength(1);
    expect(await receive(url)).toEqual([]);
    expect(bodies(await receive(letters))).toEqual(['poison']);
  });
});

describe('the API', () => {
  it('finds queues by name', async () => {
    const url = await queue();
    const name = url.split('/').at(-1) ?? '';
    const { QueueUrl } = await fixture.sqs.send(new GetQueueUrlCommand({ QueueName: name }));
    const { QueueUrls } = await fixture.sqs.send(new ListQueuesCommand({ QueueNamePrefix: name }));
    expect([QueueUrl, QueueUrls]).toEqual([url, [url]]);
  });

  const refused: [string, string, (url: string) => Promise<unknown>][] = [
    ['an unknown queue', 'QueueDoesNotExist', (url) => send(`${url}-none`, 'x')],
    [
      'an empty batch',
      'EmptyBatchRequest',
      (url) => fixture.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: [] })),
    ],
    ['eleven messages', 'InvalidParameterValue', (url) => receive(url, { MaxNumberOfMessages: 11 })],
    ['a body above 256 KiB', 'InvalidParameterValue', (url) => send(url, 'x'.repeat(262_145))],
    [
      'an operation that is not offered',
      'UnsupportedOperation',
      (url) => fixture.sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: {} })),
    ],
    ['an attribute that is not known', 'InvalidAttributeName', () => queue({ FifoQueue: 'true' })],
    ['a value out of range', 'InvalidAttributeValue', () => queue({ VisibilityTimeout: '43201' })],
  ];
  it.each(refused)('refuses %s: %s', async (_name, type, act) => {
    expect((await refusalOf(act(await queue())))[0]).toBe(type);
  });

  it('refuses another secret', async () => {
    const { aws } = fixture;
    const other = await openFixture({
      accessKeys: [{ ...aws.accessKey, secretAccessKey: 'another' }],
    });
    fixture.sqs.config.credentials = async () => other.aws.accessKey;
    expect((await refusalOf(fixture.sqs.send(new ListQueuesCommand({}))))[1]).toBe(403);
    fixture.sqs.config.credentials = async () => aws.accessKey;
    await other.close();
  });
});

it('delivers everything at least once, however it shuffles and repeats', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.boolean(), { minLength: 10, maxLength: 40 }),
      async (seed, messages, deletes) => {
        const clock = new VirtualClock({ startAt: 0, flush: breathe });
        const random = seededRandom(seed, 'queue');
        const counters = createCounters();
        const queues = new Queues(clock, counters, { duplicate: 0.2, reorder: 0.5, random });
        const one = queues.create('one', { visibilityTimeoutSeconds: 5 });
        for (let i = 0; i < messages; i++) one?.send(String(i));
        const seen = new Set<string>();
        const sweep = (mayDelete: (index: number) => boolean) => {
          for (const [index, message] of (one?.receive(10) ?? []).entries()) {
            seen.add(message.body);
            if (mayDelete(index)) one?.delete(message.receiptHandle);
          }
        };
        for (const deleting of deletes) {
          sweep(() => deleting);
          await clock.runFor(1000);
        }
        while ((one?.counts.visible ?? 0) + (one?.counts.inFlight ?? 0) > 0) {
          sweep(() => true);
          await clock.runFor(5000);
        }
        expect(seen.size).toBe(messages);
      },
    ),
    { numRuns: 30 },
  );
});
