/**
 * The AWS intake against the stand-in: real SDK clients, real sockets, messages that come twice and out of order.
 */
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { DELIVERY_SHADOW } from '../../cloud/intake/aws/aws-acks.ts';
import { openIot, openQueue } from '../../cloud/intake/aws/aws-clients.ts';
import { SqsIntake, type SqsIntakeOptions } from '../../cloud/intake/aws/sqs-intake.ts';
import type { Delivery } from '../../cloud/intake/intake.ts';
import {
  type AwsIot,
  type AwsIotOptions,
  gatewayRule,
  presenceRule,
  startAwsIot,
  stateRule,
} from '../../firmware-sim/aws-iot/aws-iot.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { type Ack, ackSchema } from '../../protocol/link/ack.ts';
import { ackTopic, stateTopic, upTopic } from '../../protocol/link/topics.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { mailbox } from '../support/mailbox.ts';

const clock = systemClock();
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface AwsRig {
  readonly aws: AwsIot;
  readonly intake: SqsIntake;
  readonly deliveries: ReturnType<typeof mailbox<Delivery>>;
  readonly states: ReturnType<typeof mailbox<string>>;
  readonly troubles: [string, Record<string, unknown>][];
}

type Answer = (delivery: Delivery) => Promise<Ack | undefined>;
const ackFirstByte: Answer = async ({ gateway, lane, payload }) => ({
  v: 1,
  gateway,
  epoch: 'epoch-01',
  lane,
  upTo: payload[0] ?? 0,
});

async function rig(
  answer: Answer = ackFirstByte,
  options: Partial<SqsIntakeOptions> = {},
  standIn: Partial<AwsIotOptions> = {},
): Promise<AwsRig> {
  const aws = await startAwsIot({
    clock,
    rules: [gatewayRule('up', 'batches'), presenceRule('presence', 'batches'), stateRule('state', 'batches')],
    queues: {
      letters: {},
      batches: { redrive: { queue: 'letters', maxReceiveCount: 3 }, visibilityTimeoutSeconds: 30 },
    },
    ...standIn,
  });
  closers.push(() => aws.close());
  const deliveries = mailbox<Delivery>();
  const states = mailbox<string>();
  const troubles: AwsRig['troubles'] = [];
  const access = {
    region: aws.region,
    endpoints: { iot: aws.endpoint, sqs: aws.endpoint },
    credentials: aws.accessKey,
  };
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const intake = new SqsIntake({
    queueUrl: aws.queueUrl('batches'),
    receivers: 3,
    visibilitySeconds: 30,
    deliveryShadow: 'over-https',
    directAcks: false,
    connect: async () => ({
      queue: await openQueue(access, aws.queueUrl('batches')),
      iot: await openIot(access),
    }),
    clock,
    random: seededRandom(1, 'intake'),
    onConnected: resolve,
    onTrouble: (event, detail) => troubles.push([event, detail]),
    ...options,
  });
  closers.push(() => intake.close());
  await intake.start({
    onDelivery: async (delivery) => {
      const ack = await answer(delivery);
      deliveries.put(delivery);
      return ack;
    },
    onGatewayState: (gateway, state) => states.put(`${gateway} ${state}`),
  });
  await connected;
  return { aws, intake, deliveries, states, troubles };
}

async function device(
  aws: AwsIot,
  gateway: string,
): Promise<{ client: MqttClient; acks: ReturnType<typeof mailbox<Ack>> }> {
  const { cert, key } = await aws.issueDevice(gateway);
  const client = await connectAsync(aws.mqttsUrl, {
    clientId: gateway,
    protocolVersion: 4,
    reconnectPeriod: 0,
    ca: aws.ca,
    cert,
    key,
  });
  closers.push(() => client.endAsync(true));
  const acks = mailbox<Ack>();
  client.on('message', (_topic, payload) => acks.put(ackSchema.parse(JSON.parse(payload.toString('utf8')))));
  await client.subscribeAsync(ackTopic(gateway), { qos: 1 });
  return { client, acks };
}

const publish = (client: MqttClient, gateway: string, ...bytes: number[]) =>
  client.publishAsync(`$aws/rules/up/${upTopic(gateway, 'stock')}`, Buffer.from(bytes), { qos: 1 });

const counts = (aws: AwsIot, queue: string) => aws.queueCounts(queue);

describe('the AWS intake', () => {
  it('takes what Basic Ingest carries, byte for byte, acks it over MQTT and deletes it', async () => {
    const { aws, deliveries, intake } = await rig();
    const { client, acks } = await device(aws, 'dock-north');
    const payload = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + 1) % 256);
    await client.publishAsync(`$aws/rules/up/${upTopic('dock-north', 'condition')}`, Buffer.from(payload), {
      qos: 1,
    });
    const delivery = await deliveries.take();
    expect(delivery).toMatchObject({ gateway: 'dock-north', lane: 'condition' });
    expect(Buffer.compare(Buffer.from(delivery.payload), payload)).toBe(0);
    expect(await acks.take()).toMatchObject({ gateway: 'dock-north', lane: 'condition', upTo: 1 });
    await expect.poll(() => intake.counters.messagesDeleted).toBeGreaterThanOrEqual(2);
    expect(counts(aws, 'batches')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('keeps a message in the queue until the commit, and lets it come again when there was none', async () => {
    let failures = 0;
    const { aws, deliveries, intake } = await rig(async (delivery) => {
      if (delivery.payload[0] === 7 && failures++ < 1) throw new Error('the database is away');
      return ackFirstByte(delivery);
    });
    const { client, acks } = await device(aws, 'dock-north');
    await publish(client, 'dock-north', 7);
    expect((await acks.take()).upTo).toBe(7);
    expect((await deliveries.take()).payload[0]).toBe(7);
    expect(failures).toBe(2);
    expect(intake.counters).toMatchObject({ failed: 1, messagesReleased: 1 });
  });

  it('writes the delivery shadow for a gateway that publishes over HTTPS', async () => {
    const { aws, states } = await rig();
    const iot = await openIot({
      region: aws.region,
      endpoints: { iot: aws.endpoint },
      credentials: aws.accessKey,
    });
    await iot.publish(upTopic('dock-south', 'stock'), '\u0009');
    expect(await states.take()).toBe('dock-south online');
    await expect
      .poll(() => iot.getShadow('dock-south', DELIVERY_SHADOW))
      .toMatchObject({ state: { desired: { acks: { stock: { epoch: 'epoch-01', upTo: 9 } } } } });
    iot.close();
  });

  it('sends acks directly to the client where asked to', async () => {
    const { aws } = await rig(ackFirstByte, { directAcks: true });
    const { client, acks } = await device(aws, 'dock-north');
    await client.unsubscribeAsync(ackTopic('dock-north'));
    await publish(client, 'dock-north', 5);
    expect((await acks.take()).upTo).toBe(5);
  });

  it('reports a gateway that comes and goes, and believes no old farewell', async () => {
    const { aws, states } = await rig();
    const { client } = await device(aws, 'dock-north');
    expect(await states.take()).toBe('dock-north online');
    await client.publishAsync(stateTopic('dock-north'), 'online', { qos: 1, retain: true });
    expect(await states.take()).toBe('dock-north online');
    await client.endAsync();
    expect(await states.take()).toBe('dock-north offline');
  });

  it('sets aside what is no message of ours, with the reason, and goes on with the next', async () => {
    const first = await rig();
    const letters = first.aws.queueUrl('letters');
    await first.intake.close();
    const { aws, intake, troubles } = await rig(ackFirstByte, { deadLetterQueueUrl: letters });
    closers.push(() => intake.close());
    const queue = await openQueue(
      { region: aws.region, endpoints: { sqs: aws.endpoint }, credentials: aws.accessKey },
      aws.queueUrl('batches'),
    );
    await queue.send(aws.queueUrl('batches'), 'not JSON');
    await queue.send(
      aws.queueUrl('batches'),
      JSON.stringify({ topic: upTopic('dock', 'stock'), payload: '%' }),
    );
    await queue.send(aws.queueUrl('batches'), JSON.stringify({ topic: 'some/where', payload: '' }));
    const { client, acks } = await device(aws, 'dock-north');
    await publish(client, 'dock-north', 3);
    expect((await acks.take()).upTo).toBe(3);
    await expect.poll(() => intake.counters).toMatchObject({ messagesDeadLettered: 2, foreignMessages: 1 });
    expect(counts(aws, 'letters').visible).toBe(2);
    expect(troubles.filter(([event]) => event === 'unreadable-message')).toHaveLength(2);
    queue.close();
  });

  it('leaves the unreadable to the redrive policy when it has no queue of its own for it', async () => {
    const { aws, intake } = await rig(ackFirstByte, { visibilitySeconds: 0 });
    const queue = await openQueue(
      { region: aws.region, endpoints: { sqs: aws.endpoint }, credentials: aws.accessKey },
      aws.queueUrl('batches'),
    );
    await queue.send(aws.queueUrl('batches'), 'not JSON');
    await expect.poll(() => counts(aws, 'letters').visible).toBe(1);
    expect(intake.counters.messagesUnreadable).toBe(3);
    queue.close();
  });

  it('gets everything from a queue that delivers twice and out of order', async () => {
    const seen: number[] = [];
    const { aws } = await rig(
      async (delivery) => {
        seen.push(delivery.payload[0] ?? 0);
        return ackFirstByte(delivery);
      },
      {},
      { mischief: { duplicate: 0.5, reorder: 0.5, random: seededRandom(3, 'sqs') } },
    );
    const { client } = await device(aws, 'dock-north');
    const all = Array.from({ length: 60 }, (_, i) => i);
    await Promise.all(all.map((byte) => publish(client, 'dock-north', byte)));
    await expect.poll(() => new Set(seen).size).toBe(60);
    await expect.poll(() => counts(aws, 'batches')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(aws.counters.sqsDuplicated).toBeGreaterThan(0);
    expect(seen.length).toBeGreaterThan(60);
  });

  it('waits for a queue that is not there yet, and says so', async () => {
    const { aws, intake, troubles } = await rig();
    await intake.close();
    expect(intake.state).toBe('closed');
    const access = { region: aws.region, endpoints: { sqs: aws.endpoint }, credentials: aws.accessKey };
    const { promise: trouble, resolve } = Promise.withResolvers<Record<string, unknown>>();
    const other = new SqsIntake({
      queueUrl: aws.queueUrl('nowhere'),
      receivers: 1,
      visibilitySeconds: 30,
      deliveryShadow: 'never',
      directAcks: false,
      connect: async () => ({
        queue: await openQueue(access, aws.queueUrl('nowhere')),
        iot: await openIot(access),
      }),
      clock,
      random: seededRandom(1, 'other'),
      onTrouble: (event, detail) => event === 'intake-disconnected' && resolve(detail),
    });
    closers.push(() => other.close());
    await other.start({ onDelivery: async () => undefined, onGatewayState: () => {} });
    expect(await trouble).toMatchObject({ trouble: 'refused' });
    expect(other.state).toMatch(/^waiting 1 s for .*nowhere: The specified queue does not exist/);
    expect(troubles).toEqual([]);
  });
});
