import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import { upTopic } from '../../protocol/link/topics.ts';
import { createClock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { Delivery } from './intake.ts';
import { listen } from './listen.ts';
import { MqttIntake } from './mqtt-intake.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function startBroker(port = 0) {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  const bound = await listen(server, { host: '127.0.0.1', port }, 'the test');
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => broker.close(resolve));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port: bound, stop };
}

function startIntake(port: number, options: { shareGroup?: string } = {}) {
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
  const first = await startBroker();
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

  const second = await startBroker(first.port);
  await reached;
  expect(intake.state).toBe(`connected to mqtt://127.0.0.1:${first.port} (MQTT 3.1.1)`);

  const lost = trouble();
  const back = connected();
  await second.stop();
  await lost;
  const third = await startBroker(first.port);
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
  const broker = await startBroker();
  closers.push(broker.stop);
  const { intake, troubles, trouble } = startIntake(broker.port, { shareGroup: 'clouds' });
  await intake.start({ onDelivery: async () => undefined, onGatewayState: () => {} });
  await trouble();
  await trouble();
  expect(troubles.map((one) => one.reason)).toContain(
    'the broker speaks no MQTT 5, which intake.mqtt.shareGroup needs',
  );
});
