/** Rule SQL as data, and what rules do with messages. */
import { PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { PurgeQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAwsIot } from '../aws-iot.ts';
import { type Fixture, openFixture } from '../stand-in.fixture.ts';
import { parseRuleSql } from './rule-sql.ts';

const input = {
  topic: 'a/b/c',
  payload: Buffer.from('{"t":4}'),
  clientId: 'client-1',
  timestamp: 1_700_000_000_000,
};

describe('rule SQL', () => {
  it.each([
    ["SELECT * FROM 'a/#'", '{"t":4}'],
    [
      "select encode(*, 'base64') as payload, topic() as topic, clientid() as client from 'a/+/c'",
      { payload: 'eyJ0Ijo0fQ==', topic: 'a/b/c', client: 'client-1' },
    ],
    ["SELECT *, topic(2) AS part, timestamp() AS at FROM 'a/#';", { t: 4, part: 'b', at: 1_700_000_000_000 }],
    ["SELECT topic(9) AS part FROM 'a/#'", {}],
  ])('%s', (sql, result) => {
    const selected = parseRuleSql(sql).select(input).toString();
    expect(typeof result === 'string' ? selected : JSON.parse(selected)).toEqual(result);
  });

  it.each([
    ["SELECT * FROM 'a' WHERE t > 3", /not supported after FROM: WHERE t > 3/],
    ["SELECT t FROM 'a'", /expected "<function> AS <name>", got: t/],
    ["SELECT t + 1 AS u FROM 'a'", /"t \+ 1" is not supported; supported are/],
    ["SELECT aws_lambda('x') AS u FROM 'a'", /not supported/],
    ["SELECT * FROM 'a/#/b'", /no topic filter/],
    ['SELECT * FROM a', /expected SELECT … FROM/],
  ])('%s is refused', (sql, message) => {
    expect(() => parseRuleSql(sql)).toThrow(message);
  });

  it('says n/a for a message of no client, and needs JSON for * beside other items', () => {
    const { select } = parseRuleSql("SELECT clientid() AS c FROM 'a'");
    expect(JSON.parse(select({ ...input, clientId: undefined }).toString())).toEqual({ c: 'n/a' });
    const whole = parseRuleSql("SELECT *, topic() AS t FROM 'a'");
    expect(() => whole.select({ ...input, payload: Buffer.from('[1]') })).toThrow(/no JSON object/);
    expect(() => whole.select({ ...input, payload: Buffer.from([255]) })).toThrow(/not JSON/);
  });
});

describe('a rule', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture({
      rules: [
        {
          name: 'all',
          sql: "SELECT * FROM 'up/+'",
          actions: [{ sqs: { queue: 'q' } }],
          errorQueue: 'errors',
        },
        {
          name: 'copy',
          sql: "SELECT * FROM 'up/+'",
          actions: [{ republish: { topic: `copy/\${topic(2)}`, qos: 1 } }],
        },
        { name: 'circle', sql: "SELECT * FROM 'round'", actions: [{ republish: { topic: 'round' } }] },
      ],
      queues: { q: {}, errors: {} },
    });
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    for (const name of ['q', 'errors']) {
      await fixture.sqs.send(new PurgeQueueCommand({ QueueUrl: fixture.aws.queueUrl(name) }));
    }
  });

  const publish = (topic: string, payload: Buffer) =>
    fixture.iot.send(new PublishCommand({ topic, payload, qos: 1 }));
  const bodies = async (queue: string): Promise<string[]> => {
    const { Messages = [] } = await fixture.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: fixture.aws.queueUrl(queue), MaxNumberOfMessages: 10 }),
    );
    return Messages.map(({ Body }) => Body ?? '');
  };

  it('takes what its filter takes; Basic Ingest reaches the named rule alone and no subscriber', async () => {
    const heard: string[] = [];
    const client = await fixture.client('listener');
    client.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await client.subscribeAsync(['up/+', 'copy/+'], { qos: 1 });
    await publish('up/1', Buffer.from('one'));
    await publish('$aws/rules/all/up/2', Buffer.from('two'));
    await publish('$aws/rules/copy/up/3', Buffer.from('three'));
    await publish('other/4', Buffer.from('four'));
    expect(await bodies('q')).toEqual(['one', 'two']);
    await expect.poll(() => heard.toSorted()).toEqual(['copy/1 one', 'copy/3 three', 'up/1 one']);
  });

  it('puts what its action cannot take into the error queue, the payload in base64', async () => {
    await publish('up/1', Buffer.from([0xff, 0xfe]));
    expect(await bodies('q')).toEqual([]);
    const [letter = '{}'] = await bodies('errors');
    expect(JSON.parse(letter)).toMatchObject({
      ruleName: 'all',
      topic: 'up/1',
      clientId: 'N/A',
      base64OriginalPayload: '//4=',
      failures: [{ failedAction: 'SqsAction', failedResource: 'q' }],
    });
  });

  it('that republishes to itself is stopped', async () => {
    const { ruleErrors } = fixture.aws.counters;
    await publish('round', Buffer.from('x'));
    expect(fixture.aws.counters.ruleErrors).toBe(ruleErrors + 1);
  });

  it.each([
    [[{ name: 'a-b', sql: "SELECT * FROM 'a'", actions: [] }], /rule "a-b": expected letters/],
    [[{ name: 'a', sql: "SELECT x() AS y FROM 'a'", actions: [] }], /not supported/],
    [
      [{ name: 'a', sql: "SELECT * FROM 'a'", actions: [{ republish: { topic: `\${get(*)}` } }] }],
      /not supported/,
    ],
  ])('that cannot be run stops the start: %j', async (rules, message) => {
    await expect(startAwsIot({ clock: fixture.clock, rules })).rejects.toThrow(message);
  });
});
