import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { connectAsync } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import {
  type AwsIot,
  DEFAULT_ROLE_ALIAS,
  gatewayRule,
  startAwsIot,
} from '../../firmware-sim/aws-iot/aws-iot.ts';
import { deviceCredentials } from '../../gateway/uplink/aws/aws-device-credentials.ts';
import { createAwsHttpsUplink } from '../../gateway/uplink/aws/aws-https-uplink.ts';
import { createAwsMqttUplink } from '../../gateway/uplink/aws/aws-mqtt-uplink.ts';
import { createFallbackUplink } from '../../gateway/uplink/fallback-uplink.ts';
import { MadeUpJournal } from '../../gateway/uplink/forwarder/forwarder.fixture.ts';
import { createForwarder } from '../../gateway/uplink/forwarder/forwarder.ts';
import { AWS_IOT_OPTIONS } from '../../gateway/uplink/forwarder/forwarder-options.ts';
import { LANES, type Lane } from '../../protocol/events/lanes.ts';
import { decodeBatch } from '../../protocol/link/batch.ts';
import { ackTopic } from '../../protocol/link/topics.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { until } from '../support/processes.ts';
import { handClock } from './uplink/hand-clock.ts';
import { shadowClient } from './uplink/shadow-client.ts';
import { openWire } from './uplink/wire.ts';

const GATEWAY = 'gw-aws';
const RULE = 'tallyport_up';
/** The shadow takes 20 requests a second. */
const SHADOW_EVERY_MS = 200;
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A cloud as small as can be: takes batches from the rule's queue, knows what it has, acks over MQTT and shadow. */
async function startCloud(iot: AwsIot, clock: Clock) {
  const { endpoint, region, accessKey } = iot;
  const sqs = new SQSClient({ endpoint, region, credentials: accessKey });
  const QueueUrl = iot.queueUrl('batches');
  const mqtt = await connectAsync(iot.mqttUrl, { clientId: 'cloud' });
  const shadow = shadowClient(iot, GATEWAY);
  const have: Record<Lane, Set<number>> = { stock: new Set(), condition: new Set(), health: new Set() };
  const upTo: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
  const clients = new Set<string>();
  let running = true;
  let written = Number.NEGATIVE_INFINITY;
  const take = async (body: string) => {
    const { payload, client } = JSON.parse(body);
    clients.add(String(client));
    const decoded = decodeBatch(Buffer.from(payload, 'base64'));
    if (!decoded.ok) throw new Error(decoded.reason);
    const { epoch, lane, firstSeq, lastSeq } = decoded.batch;
    for (let seq = firstSeq; seq <= lastSeq; seq++) have[lane].add(seq);
    while (have[lane].has(upTo[lane] + 1)) upTo[lane]++;
    const ack = { v: 1, gateway: GATEWAY, epoch, lane, upTo: upTo[lane], at: Date.now() };
    mqtt.publish(ackTopic(GATEWAY), JSON.stringify(ack), { qos: 1 });
    if (clock.monotonicMs() - written < SHADOW_EVERY_MS) return;
    written = clock.monotonicMs();
    await shadow.write(lane, { epoch, upTo: upTo[lane] });
  };
  const loop = (async () => {
    while (running) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      );
      for (const { Body, ReceiptHandle } of Messages) {
        await take(Body ?? '');
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
      if (Messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  closers.push(async () => {
    running = false;
    await loop.catch(() => undefined);
    await mqtt.endAsync(true);
    shadow.close();
    sqs.destroy();
  });
  return { upTo, clients };
}

async function startSite(speed: number) {
  const clock = handClock(speed);
  const iot = await startAwsIot({ clock, rules: [gatewayRule(RULE, 'batches')] });
  closers.push(() => iot.close());
  const device = await iot.issueDevice(GATEWAY);
  const tls = { ca: Buffer.from(iot.ca), cert: Buffer.from(device.cert), key: Buffer.from(device.key) };
  return { clock, iot, tls, cloud: await startCloud(iot, clock) };
}

it('a long drain by Basic Ingest with live events beside it stays under every quota: nothing discarded, nothing delayed', async () => {
  const { clock, iot, tls, cloud } = await startSite(1);
  const journal = new MadeUpJournal();
  for (const lane of LANES) journal.grow(lane, 20_000);
  const random = seededRandom(1, 'aws');
  const uplink = createAwsMqttUplink({
    gateway: GATEWAY,
    endpoint: 'localhost',
    // As port 443 of the account.
    port: iot.ports.https,
    alpn: true,
    tls,
    rule: RULE,
    protocolVersion: 4,
    clock,
    random,
  });
  const forwarder = createForwarder({
    gateway: GATEWAY,
    journal,
    uplink,
    clock,
    random,
    options: AWS_IOT_OPTIONS,
  });
  forwarder.start();
  const ticker = setInterval(() => LANES.map((lane) => journal.grow(lane, 1)), 15);
  closers.push(() => clearInterval(ticker));
  await until('the backlog to be acked', () => LANES.every((lane) => journal.prunedUpTo[lane] >= 20_000));
  clearInterval(ticker);
  await until('the live events', () =>
    LANES.every((lane) => journal.prunedUpTo[lane] === journal.lastSeq[lane]),
  );
  await forwarder.close();
  for (const lane of LANES) expect(cloud.upTo[lane]).toBe(journal.lastSeq[lane]);
  expect([...cloud.clients]).toEqual([GATEWAY]);
  const { counters } = iot;
  for (const kept of [
    'publishesDiscardedIn',
    'publishesDiscardedOut',
    'publishesDelayedIn',
    'payloadsTooLarge',
    'connectsRefusedByRate',
    'unackedInboundRefused',
    'retainedThrottled',
    'policyRefusals',
    'topicsTooDeep',
    'keepAliveTimeouts',
    'basicIngestWithoutRule',
  ] as const) {
    expect({ [kept]: counters[kept] }).toEqual({ [kept]: 0 });
  }
  expect(counters.mqttPublishesIn).toBeGreaterThan(100);
});

it('where MQTT is blocked batches go over HTTPS with credentials from the certificate, and by MQTT again when it is back', async () => {
  const { clock, iot, tls, cloud } = await startSite(10);
  const wire = await openWire(iot.ports.mqtts);
  closers.push(() => wire.close());
  const random = seededRandom(2, 'aws');
  const around = { gateway: GATEWAY, clock, random, rule: RULE };
  const uplink = createFallbackUplink({
    first: createAwsMqttUplink({
      ...around,
      endpoint: 'localhost',
      port: wire.port,
      tls,
      protocolVersion: 4,
    }),
    second: createAwsHttpsUplink({
      ...around,
      endpoint: iot.endpoint,
      region: iot.region,
      credentials: deviceCredentials({
        endpoint: new URL(iot.httpsUrl).host,
        roleAlias: DEFAULT_ROLE_ALIAS,
        thing: GATEWAY,
        tls,
        clock,
      }),
    }),
    clock,
    afterFailures: 2,
  });
  const journal = new MadeUpJournal();
  journal.grow('stock', 2000);
  const forwarder = createForwarder({
    gateway: GATEWAY,
    journal,
    uplink,
    clock,
    random,
    options: AWS_IOT_OPTIONS,
  });
  wire.cut();
  forwarder.start();
  closers.push(() => forwarder.close());
  await until('the backlog, by HTTPS', () => journal.prunedUpTo.stock === 2000);
  expect(uplink.state).toMatch(/^fallback: connected to http/);
  expect(uplink.fallbacks).toBe(1);
  const overMqtt = iot.counters.mqttConnects;
  wire.restore();
  await until('MQTT to be used again', () => uplink.state.startsWith('connected to mqtts:'));
  expect(iot.counters.mqttConnects).toBeGreaterThan(overMqtt);
  journal.grow('stock', 500);
  await until('the rest, by MQTT', () => journal.prunedUpTo.stock === 2500);
  expect(cloud.upTo.stock).toBe(2500);
  expect(iot.counters.shadowThrottled).toBe(0);
  expect(iot.counters.restRefused).toBe(0);
});
