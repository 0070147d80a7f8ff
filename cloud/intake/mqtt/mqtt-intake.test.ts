import { createServer, type Socket } from 'node:net';
import { connectAsync } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import { upTopic } from '../../../protocol/link/topics.ts';
import { createClock } from '../../../protocol/ports/clock.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import type { Delivery } from '../intake.ts';
import { listen } from '../listen.ts';
import { startAedes } from '../rigs.fixture.ts';
import { MqttIntake } from './mqtt-intake.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function startIntake(port: number, options: { shareGroup?: string; clientId?: string } = {}) {
  const connects: (() => void)[] = [];
  const troubles: Record<string, unknown>[] = [];
  const onTrouble: (() => void)[] = [];
  const intake = new MqttIntake({
    url: `mqtt://127.0.0.1:${port}`,
    clientId: 'cloud',
    clock: createClock(
      {
        now: Date.now,
        monotonicMs: () => performance.now(),
        setTimeout,
        clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
      },
      { speed: 10 },
    ),
    random: seededRandom(1, 'intake'),
    onConnected: () => connects.shift()?.(),
    onTrouble: (event, detail) => {
      troubles.push({ event, ...detail });
      onTrouble.shift()?.();
    },
    ...options,
  });
  closers.push(() => intake.close());
  return {
    intake,
    troubles,
    connected: () => new Promise<void>((resolve) => connects.push(resolve)),
    trouble: () => new Promise<void>((resolve) => onTrouble.push(resolve)),
  };
}

it('starts without its broker, connects when it comes, and again after it was restarted', async () => {
  const first = await startAedes();
  await first.stop();
  const { intake, connected, trouble } = startIntake(first.port);
  const deliveries: Delivery[] = [];
  const refused = trouble();
  const reached = connected();
  await intake.start({
    onDelivery: async (delivery) => {
      deliveries.push(delivery);
      return undefined;
    },
    onGatewayState: () => {},
  });
  await refused;
  expect(intake.state).toMatch(/waiting \d s for mqtt:.*ECONNREFUSED/);

  const second = await startAedes({ port: first.port });
  await reached;
  expect(intake.state).toBe(`connected to mqtt://127.0.0.1:${first.port} (MQTT 3.1.1)`);

  const lost = trouble();
  const back = connected();
  await second.stop();
  await lost;
  const third = await startAedes({ port: first.port });
  closers.push(third.stop);
  await back;
  const gateway = await connectAsync(`mqtt://127.0.0.1:${third.port}`, {
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  await gateway.publishAsync('tallyport/v1/dock/up/unknown-lane', 'foreign', { qos: 1 });
  await gateway.publishAsync(upTopic('dock', 'stock'), 'good', { qos: 1 });
  await gateway.endAsync();
  while (deliveries.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(intake.counters).toMatchObject({ connects: 2, disconnects: 1, foreignMessages: 1, delivered: 1 });
});

it('says that sharing the load needs MQTT 5 when the broker speaks only 3.1.1', async () => {
  const broker = await startAedes();
  closers.push(broker.stop);
  const { intake, troubles, trouble } = startIntake(broker.port, { shareGroup: 'clouds' });
  await intake.start({ onDelivery: async () => undefined, onGatewayState: () => {} });
  await trouble();
  await trouble();
  expect(troubles.map((one) => one.reason)).toContain(
    'the broker speaks no MQTT 5, which intake.mqtt.shareGroup needs',
  );
});

/** A broker of a few bytes: it says this whatever it hears. */
async function startTerseBroker(...answers: number[][]): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Buffer.from(answers.flat())));
  });
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return await listen(server, { host: '127.0.0.1', port: 0 }, 'the test');
}

/** MQTT 5 §3.2: success, without properties and with "shared subscription available: 0". */
const CONNACK = [0x20, 3, 0, 0, 0];
const CONNACK_WITHOUT_SHARING = [0x20, 5, 0, 0, 2, 0x2a, 0];
/** MQTT 5 §3.14: session taken over. */
const DISCONNECT_TAKEN_OVER = [0xe0, 2, 0x8e, 0];

it.each([
  [
    'that has no shared subscriptions',
    [CONNACK_WITHOUT_SHARING],
    'the broker has no shared subscriptions: enable them, or run one cloud without intake.mqtt.shareGroup',
  ],
  [
    'whose other client has our id',
    [CONNACK, DISCONNECT_TAKEN_OVER],
    'another client took the id cloud: give each cloud its own intake.mqtt.clientId',
  ],
])('says what to do about a broker %s', async (_case, answers, reason) => {
  const port = await startTerseBroker(...answers);
  const { intake, troubles, trouble } = startIntake(port, { shareGroup: 'clouds' });
  const said = trouble();
  await intake.start({ onDelivery: async () => undefined, onGatewayState: () => {} });
  await said;
  expect(troubles[0]?.reason).toBe(reason);
});

it('says what must be allowed when the broker refuses the subscription', async () => {
  const broker = await startAedes({ refuseSubscriptions: true });
  closers.push(broker.stop);
  const { intake, troubles, trouble } = startIntake(broker.port);
  await intake.start({ onDelivery: async () => undefined, onGatewayState: () => {} });
  // The first attempt finds out that the broker speaks 3.1.1.
  await trouble();
  await trouble();
  expect(troubles.map(({ reason }) => reason)).toContain(
    'the broker refuses the subscription: allow this client to read tallyport/v1/+/up/+ and tallyport/v1/+/state',
  );
});
