import { jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { upTopic } from '../../../protocol/link/topics.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { type NatsEngine, natsFound, startNats } from '../../../test/support/engines.ts';
import { batchOf, poisonBatch, TestLedger } from '../gateway.fixture.ts';
import type { Intake } from '../intake.ts';
import { startJetStreamWorker, testClock } from '../rigs.fixture.ts';
import { JetStreamIntake } from './jetstream-intake.ts';

describe.runIf(natsFound)('the intake over NATS JetStream', () => {
  let engine: NatsEngine;
  let nats: NatsConnection;
  let gateway: MqttClient;
  const workers: Intake[] = [];

  beforeAll(async () => {
    engine = await startNats({ mqttPort: 0 });
    nats = await connect({ servers: engine.url });
    gateway = await connectAsync(engine.mqttUrl ?? '', { clientId: 'dock', protocolVersion: 4 });
  });
  afterAll(async () => {
    await gateway.endAsync();
    await nats.close();
    await engine.close();
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.close();
    const manager = await jetstreamManager(nats);
    for (const name of ['TALLYPORT', 'TALLYPORT_STATE']) await manager.streams.delete(name).catch(() => {});
  });

  const start = async (ledger: TestLedger, name: string, more: { ackWaitMs?: number } = {}) => {
    const handlers = {
      onDelivery: (delivery: Parameters<TestLedger['deliver']>[1]) => ledger.deliver(name, delivery),
      onGatewayState: () => {},
    };
    const worker = await startJetStreamWorker(engine.url, handlers, more);
    workers.push(worker);
    return worker;
  };
  const publish = (payload: Buffer) => gateway.publishAsync(upTopic('dock', 'stock'), payload, { qos: 1 });
  /** Batches that the server keeps, and those of them that are in the hands of a cloud. */
  const kept = async () => {
    const manager = await jetstreamManager(nats);
    const { state } = await manager.streams.info('TALLYPORT');
    const { num_ack_pending: inHand } = await manager.consumers.info('TALLYPORT', 'cloud');
    return { messages: state.messages, inHand };
  };
  const until = async (what: string, done: () => Promise<boolean> | boolean) => {
    await expect.poll(done, { interval: 20, message: what }).toBe(true);
  };

  it('keeps a batch in the server until it is committed, and not longer', async () => {
    const ledger = new TestLedger();
    await start(ledger, 'a');
    const release = ledger.hold();
    for (const seq of [1, 2, 3]) await publish(batchOf(seq));
    await until('three in hand', () => ledger.running === 3);
    expect(await kept()).toEqual({ messages: 3, inHand: 3 });
    release();
    await until('nothing kept', async () => (await kept()).messages === 0);
    expect(ledger.upTo('dock')).toBe(3);
  });

  it('keeps no poison', async () => {
    const ledger = new TestLedger();
    await start(ledger, 'a');
    await publish(poisonBatch());
    await until('nothing kept', async () => ledger.came.length > 0 && (await kept()).messages === 0);
    expect(ledger.came).toHaveLength(1);
  });

  it('gives no batch of a slow cloud to another, however long it takes', async () => {
    const ackWaitMs = 300;
    const ledger = new TestLedger();
    const release = ledger.hold();
    await start(ledger, 'a', { ackWaitMs });
    await start(ledger, 'b', { ackWaitMs });
    for (const seq of [1, 2, 3, 4]) await publish(batchOf(seq));
    await until('all in hand', () => ledger.running === 4);
    const since = performance.now();
    await until('many times the ack wait', () => performance.now() - since > 5 * ackWaitMs);
    release();
    await until('nothing kept', async () => (await kept()).messages === 0);
    expect(ledger.came).toHaveLength(4);
  });

  it('is set up once by clouds that start at the same moment', async () => {
    const ledger = new TestLedger();
    await Promise.all(['a', 'b', 'c'].map((name) => start(ledger, name)));
    await publish(batchOf(1));
    await until('the batch', () => ledger.upTo('dock') === 1);
  });

  it('says what is wrong with a stream of another kind, and goes on when it is gone', async () => {
    const manager = await jetstreamManager(nats);
    await manager.streams.add({
      name: 'TALLYPORT',
      subjects: ['tallyport.v1.*.up.*'],
      retention: RetentionPolicy.Limits,
    });
    const troubles: unknown[] = [];
    const intake = new JetStreamIntake({
      ...{ url: engine.url, stream: 'TALLYPORT', durable: 'cloud', maxBytes: 1024 * 1024, replicas: 1 },
      clock: testClock(),
      random: seededRandom(1, 'intake'),
      onTrouble: (_event, detail) => troubles.push(detail.reason),
    });
    workers.push(intake);
    await intake.start({ onDelivery: async () => undefined, onGatewayState: () => {} });
    await until('the trouble', () => troubles.length > 0);
    expect(troubles[0]).toBe(
      'stream TALLYPORT has retention limits, expected workqueue: delete it, or name another in intake.jetstream',
    );
    await manager.streams.delete('TALLYPORT');
    await until('connected', () => intake.state.startsWith('connected'));
  });

  it('says so when the server has no JetStream', async () => {
    const plain = await startNats({ jetstream: false });
    try {
      const intake = new JetStreamIntake({
        ...{ url: plain.url, stream: 'TALLYPORT', durable: 'cloud', maxBytes: 1024 * 1024, replicas: 1 },
        clock: testClock(),
        random: seededRandom(1, 'intake'),
      });
      workers.push(intake);
      await intake.start({ onDelivery: async () => undefined, onGatewayState: () => {} });
      await until('the reason', () => /waiting .*jetstream/i.test(intake.state));
    } finally {
      await plain.close();
    }
  });
});
