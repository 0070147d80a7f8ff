/**
 * The whole way through AWS IoT Core, its stand-in between: a device, a gateway with the certificate of its thing, a
 * rule, a queue, the cloud, and the ack back; over MQTT with Basic Ingest, and over HTTPS alone. No quota is touched.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { gatewayConfigCommand } from '../../cloud/app/gateway-config-command.ts';
import { type RunningCloud, startCloud } from '../../cloud/app/start-cloud.ts';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import {
  backoffRandom,
  clientOf,
  cloudConfigOf,
  scratchFolder,
} from '../../firmware-sim/app/simulated-site.ts';
import {
  type AwsIot,
  DEFAULT_ROLE_ALIAS,
  gatewayRule,
  presenceRule,
  startAwsIot,
  stateRule,
} from '../../firmware-sim/aws-iot/aws-iot.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { gatewayConfigSchema } from '../../gateway/app/config/config.ts';
import { type RunningGateway, startGateway } from '../../gateway/app/start-gateway.ts';
import { until } from '../support/processes.ts';
import { GATEWAY, IMPINJ_DOOR } from '../support/small-site.ts';

/** A hang, not a slow machine. */
const clock = systemClock();
const log = pino({ level: 'silent' });
const undo: (() => unknown)[] = [];
let aws: AwsIot;

const awsSection = () => ({
  region: aws.region,
  queueUrl: aws.queueUrl('batches'),
  endpoints: { iot: aws.endpoint, sqs: aws.endpoint },
});
/** Credentials for the SDK from the certificate; the data plane in plain text, for the SDK trusts no stand-in. */
const overHttps = (use: 'only' | 'fallback') => ({
  use,
  endpoint: aws.endpoint,
  credentialsEndpoint: `127.0.0.1:${aws.ports.https}`,
  roleAlias: DEFAULT_ROLE_ALIAS,
});

beforeEach(async () => {
  aws = await startAwsIot({
    clock,
    rules: [gatewayRule('up', 'batches'), stateRule('state', 'batches'), presenceRule('presence', 'batches')],
  });
  undo.push(() => aws.close());
  vi.stubEnv('AWS_ACCESS_KEY_ID', aws.accessKey.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', aws.accessKey.secretAccessKey);
});
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
  vi.unstubAllEnvs();
});

async function startAwsCloud(): Promise<RunningCloud> {
  const cloud = await startCloud({
    config: cloudConfigOf(loadScenario('firmware-sim/scenarios/smoke.yaml'), {
      http: { port: 0 },
      database: { memory: true },
      intake: { https: false, aws: awsSection() },
    }),
    clock,
    random: backoffRandom(1),
    log,
  });
  undo.push(() => cloud.close());
  return cloud;
}

async function startAwsGateway(https: object | undefined, configFile?: string): Promise<RunningGateway> {
  const folder = scratchFolder();
  undo.push(folder.remove);
  const { cert, key } = await aws.issueDevice(GATEWAY);
  const files = { caFile: aws.ca, certFile: cert, keyFile: key };
  const named = Object.entries(files).map(([name, text]) => {
    const file = join(folder.path, `${name}.pem`);
    writeFileSync(file, text);
    return [name, file] as const;
  });
  const gateway = await startGateway({
    config: gatewayConfigSchema.parse({
      gateway: { id: GATEWAY },
      dataDir: folder.path,
      broker: { port: 0 },
      status: { port: 0 },
      uplink: {
        aws: {
          endpoint: 'localhost',
          port: aws.ports.mqtts,
          region: aws.region,
          rule: 'up',
          ...Object.fromEntries(named),
          ...(https !== undefined && { https }),
        },
      },
      devices: [IMPINJ_DOOR.device],
      readPoints: [IMPINJ_DOOR.readPoint],
    }),
    clock,
    random: backoffRandom(2),
    log,
    ...(configFile !== undefined && { configFile }),
  });
  undo.push(() => gateway.close());
  return gateway;
}

it.each<[string, () => object | undefined, 'connected' | 'none']>([
  ['over MQTT', () => undefined, 'connected'],
  ['over HTTPS alone', () => overHttps('only'), 'none'],
])('a pass reaches the ledger %s, and its ack empties the journal', async (_way, https, connection) => {
  const client = clientOf(await startAwsCloud());
  await client.post('/api/v1/gateways', { id: GATEWAY });
  const gateway = await startAwsGateway(https());
  const device = await connectAsync(`mqtt://127.0.0.1:${gateway.brokerPort}`, {
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  undo.push(() => device.endAsync(true));
  const read = [{ tagInventoryEvent: { epcHex: '3056451fd461a84000000031', antennaPort: 1 } }];
  await device.publishAsync('door/events', JSON.stringify(read), { qos: 1 });

  await until('the receipt in the ledger', async () => {
    const { items } = await client.get<{ items: { readPoint: string }[] }>('/api/v1/events?type=receipt');
    return items.some(({ readPoint }) => readPoint === 'dock-2');
  });
  await until('an empty journal', async () => {
    const { journal } = await gateway.status();
    return Object.values(journal.lanes).every(({ waiting }) => waiting === 0);
  });
  await until('the gateway to be reported online', async () => {
    const { items } = await client.get<{ items: { id: string; state: string }[] }>('/api/v1/gateways');
    return items.some(({ id, state }) => id === GATEWAY && state === 'online');
  });
  expect(aws.connectionOf(GATEWAY)?.connected ? 'connected' : 'none').toBe(connection);
  expect(aws.counters).toMatchObject({
    publishesDiscardedIn: 0,
    publishesDiscardedOut: 0,
    publishesDelayedIn: 0,
    payloadsTooLarge: 0,
    policyRefusals: 0,
    connectsRefusedByRate: 0,
    unackedInboundRefused: 0,
    shadowThrottled: 0,
    ruleErrors: 0,
  });
});

it('a configuration that is wished for waits at the gateway, and is reported as running once it does', async () => {
  const folder = scratchFolder();
  undo.push(folder.remove);
  const file = join(folder.path, 'gateway.yaml');
  writeFileSync(file, `gateway: { id: ${GATEWAY} }\ndataDir: ./data\n`);
  const config = cloudConfigOf(loadScenario('firmware-sim/scenarios/smoke.yaml'), {
    database: { memory: true },
    intake: { aws: awsSection() },
  });
  const say = async (wished?: string) => {
    const written: string[] = [];
    await gatewayConfigCommand({ config, write: (text) => void written.push(text) }, GATEWAY, wished);
    return written.join('');
  };
  expect(await say()).toMatch(/No configuration is wished/);
  expect(await say(file)).toMatch(/Revision [0-9a-f]{12} is wished for gw-test \(version 1\)/);
  expect(await say()).toMatch(/has not said anything yet/);

  const outcomeIs = async (gateway: RunningGateway, outcome: string) =>
    (await gateway.status()).desiredConfig?.reported?.outcome === outcome;
  const first = await startAwsGateway(overHttps('fallback'));
  await until('the gateway to have it', () => outcomeIs(first, 'waiting'));
  await until('the cloud to know', async () => /waiting\. It lies in .*desired-config/.test(await say()));
  await first.close();

  const second = await startAwsGateway(overHttps('fallback'), file);
  await until('the gateway to run it', () => outcomeIs(second, 'applied'));
  await until('the cloud to know', async () => /: applied\./.test(await say()));

  writeFileSync(file, 'gateway: { id: gw-other }\n');
  await expect(say(file)).rejects.toThrow(/expected gw-test, got "gw-other"/);
});
