/** The REST side with the real SDK as judge: each operation, and each typed exception. */
import { request } from 'node:https';
import {
  DeleteConnectionCommand,
  DeleteThingShadowCommand,
  GetConnectionCommand,
  GetRetainedMessageCommand,
  GetThingShadowCommand,
  IoTDataPlaneClient,
  ListNamedShadowsForThingCommand,
  ListRetainedMessagesCommand,
  ListSubscriptionsCommand,
  PublishCommand,
  paginateListRetainedMessages,
  SendDirectMessageCommand,
  UpdateThingShadowCommand,
} from '@aws-sdk/client-iot-data-plane';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_ROLE_ALIAS } from './aws-iot.ts';
import { type Fixture, openFixture, refusalOf } from './stand-in.fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const parsed = (payload: Uint8Array | undefined): unknown =>
  JSON.parse(Buffer.from(payload ?? []).toString('utf8'));
const shadow = (thingName: string, document: unknown, shadowName?: string) =>
  new UpdateThingShadowCommand({
    thingName,
    payload: bytes(document),
    ...(shadowName !== undefined && { shadowName }),
  });

describe('Publish and retained messages', () => {
  it('reaches a subscriber with topic and payload as they were', async () => {
    const client = await fixture.client('listener-1');
    await client.subscribeAsync('a b/+/ü', { qos: 1 });
    const arrived = new Promise<[string, Buffer]>((resolve) =>
      client.once('message', (topic, payload) => resolve([topic, payload])),
    );
    const payload = Buffer.from([0, 1, 2, 255, 254]);
    await fixture.iot.send(new PublishCommand({ topic: 'a b/c+d/ü'.replace('+', '-'), qos: 1, payload }));
    expect(await arrived).toEqual(['a b/c-d/ü', payload]);
  });

  it('keeps, lists page by page and returns retained messages with their properties', async () => {
    const { iot } = fixture;
    for (const name of ['one', 'two', 'three']) {
      await iot.send(
        new PublishCommand({
          topic: `kept/${name}`,
          qos: 1,
          retain: true,
          payload: bytes(name),
          userProperties: JSON.stringify([{ who: name }]),
        }),
      );
    }
    const { payload, qos, userProperties } = await iot.send(
      new GetRetainedMessageCommand({ topic: 'kept/two' }),
    );
    expect([Buffer.from(payload ?? []).toString(), qos]).toEqual(['two', 1]);
    expect(parsed(userProperties)).toEqual([{ who: 'two' }]);
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListRetainedMessages({ client: iot, pageSize: 2 }, {})) {
      pages.push((page.retainedTopics ?? []).map(({ topic }) => topic));
    }
    expect(pages).toEqual([['kept/one', 'kept/three'], ['kept/two']]);
    await fixture.clock.runFor(1000);
    await iot.send(new PublishCommand({ topic: 'kept/two', retain: true, payload: Buffer.alloc(0) }));
    const { retainedTopics } = await iot.send(new ListRetainedMessagesCommand({}));
    expect(retainedTopics?.map(({ topic }) => topic)).toEqual(['kept/one', 'kept/three']);
  });

  it('allows one retained publish per second and topic', async () => {
    const again = () =>
      fixture.iot.send(new PublishCommand({ topic: 'kept/fast', retain: true, payload: bytes('x') }));
    await again();
    expect((await refusalOf(again()))[0]).toBe('ThrottlingException');
    await fixture.clock.runFor(1000);
    await again();
  });
});

describe('shadows', () => {
  it('versions, merges, publishes the delta, lists and deletes', async () => {
    const { iot } = fixture;
    await iot.send(shadow('pump', { state: { desired: { speed: 3, mode: { a: 1, b: 2 } } } }, 'config'));
    await iot.send(shadow('pump', { state: { reported: { speed: 3, mode: { a: 1 } } } }, 'config'));
    const { payload } = await iot.send(
      new GetThingShadowCommand({ thingName: 'pump', shadowName: 'config' }),
    );
    expect(parsed(payload)).toMatchObject({
      version: 2,
      state: { desired: { speed: 3, mode: { a: 1, b: 2 } }, delta: { mode: { b: 2 } } },
    });
    await iot.send(shadow('pump', { state: { desired: { on: true } } }));
    const { results } = await iot.send(new ListNamedShadowsForThingCommand({ thingName: 'pump' }));
    expect(results).toEqual(['config']);
    await iot.send(new DeleteThingShadowCommand({ thingName: 'pump', shadowName: 'config' }));
    const after = await iot.send(shadow('pump', { state: { desired: { speed: 1 } } }, 'config'));
    expect(parsed(after.payload)).toMatchObject({ version: 3 });
  });

  it('publishes the delta to listeners, whoever wrote', async () => {
    const client = await fixture.client('listener-2');
    await client.subscribeAsync('$aws/things/fan/shadow/name/config/update/delta', { qos: 1 });
    const arrived = new Promise<unknown>((resolve) =>
      client.once('message', (_topic, payload) => resolve(parsed(payload))),
    );
    await fixture.iot.send(shadow('fan', { state: { desired: { rpm: 900 } }, clientToken: 't-1' }, 'config'));
    expect(await arrived).toMatchObject({ version: 1, state: { rpm: 900 }, clientToken: 't-1' });
  });

  it('answers over MQTT, and says why it refuses', async () => {
    const client = await fixture.client('listener-3');
    const base = '$aws/things/valve/shadow/name/config';
    await client.subscribeAsync(`${base}/+/+`, { qos: 1 });
    const heard: [string, unknown][] = [];
    client.on('message', (topic, payload) => heard.push([topic.slice(base.length), parsed(payload)]));
    await client.publishAsync(`${base}/get`, '', { qos: 1 });
    await client.publishAsync(`${base}/update`, bytes({ state: { reported: { v: 1 } } }), { qos: 1 });
    await client.publishAsync(`${base}/update`, bytes({ state: { reported: { v: 2 } }, version: 9 }), {
      qos: 1,
    });
    await client.publishAsync(`${base}/get`, bytes({ clientToken: 'x' }), { qos: 1 });
    await expect.poll(() => heard.length).toBe(5);
    expect(heard).toMatchObject([
      ['/get/rejected', { code: 404 }],
      ['/update/accepted', { version: 1 }],
      ['/update/documents', { current: { version: 1 } }],
      ['/update/rejected', { code: 409, message: 'Version conflict' }],
      ['/get/accepted', { state: { reported: { v: 1 } }, clientToken: 'x' }],
    ]);
  });
});

describe('connections', () => {
  it('shows who is connected, what it subscribed, and ends it', async () => {
    const client = await fixture.device('dock-1', { keepalive: 60 });
    await client.subscribeAsync('tallyport/v1/dock-1/ack', { qos: 1 });
    const shown = await fixture.iot.send(
      new GetConnectionCommand({ clientId: 'dock-1', includeSocketInformation: true }),
    );
    expect(shown).toMatchObject({
      connected: true,
      thingName: 'dock-1',
      cleanSession: true,
      keepAliveDuration: 60,
      sourceIp: '127.0.0.1',
    });
    const { subscriptions } = await fixture.iot.send(new ListSubscriptionsCommand({ clientId: 'dock-1' }));
    expect(subscriptions).toEqual([{ topicFilter: 'tallyport/v1/dock-1/ack', qos: 1 }]);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    await fixture.iot.send(new DeleteConnectionCommand({ clientId: 'dock-1' }));
    await closed;
    expect(await fixture.iot.send(new GetConnectionCommand({ clientId: 'dock-1' }))).toMatchObject({
      connected: false,
      disconnectReason: 'API_INITIATED_DISCONNECT',
    });
  });

  it('sends directly to a client that did not subscribe, and waits for its PUBACK', async () => {
    const client = await fixture.client('listener-4');
    const arrived = new Promise<string>((resolve) =>
      client.once('message', (topic, payload) => resolve(`${topic} ${payload}`)),
    );
    await fixture.iot.send(
      new SendDirectMessageCommand({
        clientId: 'listener-4',
        topic: 'a/topic',
        payload: bytes('now'),
        confirmation: true,
      }),
    );
    expect(await arrived).toBe('a/topic now');
  });

  it('gives up on a client that does not confirm in time', async () => {
    // Takes the packet and never answers: what it is to handle is not done.
    const client = await fixture.client('listener-5');
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    client.handleMessage = () => resolve();
    const sending = refusalOf(
      fixture.iot.send(
        new SendDirectMessageCommand({
          clientId: 'listener-5',
          topic: 'a/topic',
          confirmation: true,
          timeout: 2,
          payload: bytes(''),
        }),
      ),
    );
    await arrived;
    await fixture.clock.runFor(2000);
    expect(await sending).toEqual([
      'GatewayTimeoutException',
      504,
      'Client listener-5 did not confirm in 2 s',
    ]);
  });
});

const publish = (topic: string, payload: Uint8Array = bytes('x')) => new PublishCommand({ topic, payload });

describe('what AWS refuses is refused with its typed exception', () => {
  const cases: [string, string, number, (iot: IoTDataPlaneClient) => Promise<unknown>][] = [
    [
      'a topic with eight slashes',
      'InvalidRequestException',
      400,
      (iot) => iot.send(publish('1/2/3/4/5/6/7/8/9')),
    ],
    ['a wildcard in a topic', 'InvalidRequestException', 400, (iot) => iot.send(publish('a/+'))],
    [
      'a payload above 128 KB',
      'RequestEntityTooLargeException',
      413,
      (iot) => iot.send(publish('a', Buffer.alloc(131_073))),
    ],
    [
      'no retained message',
      'ResourceNotFoundException',
      404,
      (iot) => iot.send(new GetRetainedMessageCommand({ topic: 'none' })),
    ],
    [
      'no such client',
      'ResourceNotFoundException',
      404,
      (iot) => iot.send(new GetConnectionCommand({ clientId: 'nobody' })),
    ],
    [
      'a direct message to nobody',
      'ResourceNotFoundException',
      404,
      (iot) => iot.send(new SendDirectMessageCommand({ clientId: 'nobody', topic: 'a' })),
    ],
    [
      'no such shadow',
      'ResourceNotFoundException',
      404,
      (iot) => iot.send(new GetThingShadowCommand({ thingName: 'thing-1' })),
    ],
    [
      'a thing name with a slash',
      'InvalidRequestException',
      400,
      (iot) => iot.send(new GetThingShadowCommand({ thingName: 'a/b' })),
    ],
    [
      'another version',
      'ConflictException',
      409,
      (iot) => iot.send(shadow('thing-2', { state: {}, version: 4 })),
    ],
    ['a document that is no JSON', 'InvalidRequestException', 400, (iot) => iot.send(shadow('thing-3', '{'))],
    [
      'a document that is no UTF-8',
      'UnsupportedDocumentEncodingException',
      415,
      (iot) =>
        iot.send(
          new UpdateThingShadowCommand({ thingName: 'thing-3', payload: Buffer.from([0x22, 0xff, 0x22]) }),
        ),
    ],
    ['no state', 'InvalidRequestException', 400, (iot) => iot.send(shadow('thing-4', {}))],
    [
      'another section',
      'InvalidRequestException',
      400,
      (iot) => iot.send(shadow('thing-4', { state: { wished: {} } })),
    ],
    [
      'nine levels',
      'InvalidRequestException',
      400,
      (iot) =>
        iot.send(
          shadow('thing-5', { state: { desired: { 1: { 2: { 3: { 4: { 5: { 6: { 7: 1 } } } } } } } } }),
        ),
    ],
    [
      'more than 8 KB',
      'RequestEntityTooLargeException',
      413,
      (iot) => iot.send(shadow('thing-6', { state: { desired: { x: 'x'.repeat(8200) } } })),
    ],
  ];
  it.each(cases)('%s: %s %i', async (_name, type, status, send) => {
    expect((await refusalOf(send(fixture.iot))).slice(0, 2)).toEqual([type, status]);
  });

  it('takes eight levels and 8 KB', async () => {
    const deep = { state: { desired: { 1: { 2: { 3: { 4: { 5: { 6: 1 } } } } } } } };
    await fixture.iot.send(shadow('thing-7', deep));
    await fixture.iot.send(shadow('thing-7', { state: { desired: { x: 'x'.repeat(8000) } } }));
    expect(
      (
        await refusalOf(fixture.iot.send(shadow('thing-7', { state: { desired: { y: 'y'.repeat(200) } } })))
      )[1],
    ).toBe(413);
  });

  it('throttles the twenty-first shadow request of a thing in a second', async () => {
    const get = () => refusalOf(fixture.iot.send(new GetThingShadowCommand({ thingName: 'busy' })));
    const answers = await Promise.all(Array.from({ length: 21 }, get));
    expect(answers.filter(([name]) => name === 'ThrottlingException')).toHaveLength(1);
    await fixture.clock.runFor(1000);
    expect((await get())[0]).toBe('ResourceNotFoundException');
  });
});

describe('the credentials provider', () => {
  const ask = async (thing: string | undefined, alias = DEFAULT_ROLE_ALIAS) => {
    const { aws } = fixture;
    const identity = thing === undefined ? {} : await aws.issueDevice(thing);
    return await new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
      request(
        `${aws.httpsUrl}/role-aliases/${alias}/credentials`,
        { ca: aws.ca, ...identity, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode, body: parsed(Buffer.concat(chunks)) }),
          );
        },
      )
        .on('error', reject)
        .end();
    });
  };

  it('gives nothing without a certificate, and nothing for another alias', async () => {
    expect((await ask(undefined)).status).toBe(403);
    expect((await ask('dock-2', 'other')).status).toBe(404);
  });

  it('gives keys that may do what the policy says for the thing, until they expire', async () => {
    const { aws, clock } = fixture;
    const { body } = await ask('dock-2');
    const { credentials } = body as {
      credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string; expiration: string };
    };
    expect(Date.parse(credentials.expiration)).toBe(clock.now() + 3_600_000);
    const iot = new IoTDataPlaneClient({
      region: aws.region,
      endpoint: aws.endpoint,
      credentials: { ...credentials, expiration: new Date(credentials.expiration) },
      maxAttempts: 1,
    });
    await iot.send(publish('$aws/rules/up/tallyport/v1/dock-2/up/stock'));
    await iot.send(shadow('dock-2', { state: { reported: { v: 1 } } }, 'config'));
    expect((await refusalOf(iot.send(publish('tallyport/v1/dock-3/up/stock'))))[0]).toBe(
      'ForbiddenException',
    );
    expect(
      (await refusalOf(iot.send(shadow('dock-3', { state: { reported: { v: 1 } } }, 'config'))))[1],
    ).toBe(403);
    await clock.runFor(3_600_000);
    const [name, , message] = await refusalOf(iot.send(publish('tallyport/v1/dock-2/up/stock')));
    expect([name, message]).toEqual([
      'ForbiddenException',
      'The security token included in the request is expired',
    ]);
    iot.destroy();
  });
});

it('shows its counters', async () => {
  const answer = await fetch(`${fixture.aws.endpoint}/_stand-in/counters`);
  expect(await answer.json()).toMatchObject({ restRequests: expect.any(Number), shadowThrottled: 1 });
});
