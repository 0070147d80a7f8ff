/**
 * What every intake adapter must do, whatever carries the batches: deliver them whole to the ingest, bring each ack
 * to the gateway that sent, acknowledge nothing early, and lose nothing that its gateway goes on sending, through
 * duplicates, disorder, holes, poison, workers that come and go, a slow database and restarts.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_BATCH_BYTES } from '../../protocol/link/batch.ts';
import { MAX_HANDLERS, MAX_QUEUED_DELIVERIES } from './delivery-queue.ts';
import { batchOf, EPOCH, poisonBatch, TestGateway, TestLedger } from './gateway.fixture.ts';
import type { Intake } from './intake.ts';
import { ADAPTERS, type IntakeRig } from './rigs.fixture.ts';

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe.each(ADAPTERS.filter(({ found }) => found))(
  'an intake over $name',
  ({ shares, brokerApart, open }) => {
    let rig: IntakeRig;
    let ledger: TestLedger;
    let states: string[];
    let workers: Intake[];
    let gateways: TestGateway[];
    let names = 0;

    beforeAll(async () => {
      rig = await open();
    });
    afterAll(() => rig.close());
    beforeEach(() => {
      ledger = new TestLedger();
      states = [];
      workers = [];
      gateways = [];
    });
    afterEach(async () => {
      for (const gateway of gateways) await gateway.close();
      for (const worker of workers) await worker.close();
    });

    const startWorker = async (name = 'a') => {
      const worker = await rig.worker({
        onDelivery: (delivery) => ledger.deliver(name, delivery),
        onGatewayState: (gateway, state) => states.push(`${gateway} ${state}`),
      });
      workers.push(worker);
      return worker;
    };
    const connectGateway = async () => {
      const id = `gw-${process.pid}-${++names}`;
      const gateway = new TestGateway(id, await rig.wire(id));
      gateways.push(gateway);
      return gateway;
    };

    it('hands over each payload byte for byte under the gateway and lane it came from, and brings its ack back', async () => {
      await startWorker();
      const dock = await connectGateway();
      const payload = batchOf(1, MAX_BATCH_BYTES);
      for (let at = 5; at < payload.length; at++) payload[at] = (at * 7) % 256;
      dock.sendBytes(1, payload, 'condition');
      await dock.until(() => dock.acks.length > 0, 'the ack');
      expect(dock.acks[0]).toEqual({ v: 1, gateway: dock.id, epoch: EPOCH, lane: 'condition', upTo: 1 });
      expect(ledger.came).toContain(`${dock.id}/condition 1`);
      expect(payload.equals(ledger.lastPayload.get(dock.id) ?? Buffer.alloc(0))).toBe(true);
    });

    it('brings an ack only to the gateway that sent', async () => {
      await startWorker();
      const dock = await connectGateway();
      const yard = await connectGateway();
      dock.send(1, 2);
      await dock.settled();
      yard.send(1);
      await yard.settled();
      for (const gateway of [dock, yard]) {
        expect(new Set(gateway.acks.map((ack) => ack.gateway))).toEqual(new Set([gateway.id]));
      }
    });

    it('delivers what comes twice, disordered and with holes, and acks up to the hole', async () => {
      await startWorker();
      const dock = await connectGateway();
      dock.send(1, 4, 3, 3, 1, 4);
      await dock.until(() => ledger.came.length >= 6 && dock.acks.length > 0, 'six deliveries');
      expect(Math.max(...dock.acks.map((ack) => ack.upTo))).toBe(1);
      dock.send(2);
      await dock.settled();
      expect(dock.acks.at(-1)?.upTo).toBe(4);
    });

    it('sends no ack for what is refused for good, and goes on with the next', async () => {
      await startWorker();
      const dock = await connectGateway();
      dock.sendHopeless(poisonBatch());
      await dock.until(() => ledger.came.length > 0, 'the poison');
      expect(dock.acks).toEqual([]);
      dock.send(1);
      await dock.settled();
      expect(ledger.came.filter((one) => one.endsWith(' 999'))).toHaveLength(1);
    });

    it('survives what is larger than a batch may be', async () => {
      await startWorker();
      const reckless = await connectGateway();
      const dock = await connectGateway();
      reckless.sendHopeless(batchOf(7, MAX_BATCH_BYTES + 6 * 1024));
      dock.send(1, 2);
      await dock.settled();
      expect(ledger.came).not.toContain(`${reckless.id}/stock 7`);
    });

    it('sends no ack for what was not taken, and takes it when it comes again', async () => {
      await startWorker();
      const dock = await connectGateway();
      ledger.away = true;
      dock.send(1, 2, 3);
      await tick();
      expect(dock.acks).toEqual([]);
      ledger.away = false;
      await dock.settled();
      expect(ledger.upTo(dock.id)).toBe(3);
    });

    it('holds a bounded number while the database is slow, acks nothing of it early, and loses nothing', async () => {
      await startWorker();
      const dock = await connectGateway();
      const yard = await connectGateway();
      const release = ledger.hold();
      const many = MAX_QUEUED_DELIVERIES + 60;
      dock.send(...range(1, many));
      yard.send(1);
      await dock.until(() => ledger.running > 0, 'a delivery');
      for (let turn = 0; turn < 50; turn++) await tick();
      expect(ledger.came).toEqual([]);
      expect([...dock.acks, ...yard.acks]).toEqual([]);
      release();
      await dock.settled();
      await yard.settled();
      // The port in this process hands over at once: its caller is what bounds it.
      if (workers[0]?.state !== 'open in this process') {
        expect(ledger.mostRunning).toBeLessThanOrEqual(MAX_HANDLERS);
      }
      expect([ledger.upTo(dock.id), ledger.upTo(yard.id)]).toEqual([many, 1]);
    });

    it('goes on where it was after it was closed in the middle of the work and started again', async () => {
      const first = await startWorker();
      const dock = await connectGateway();
      dock.send(...range(1, 20));
      await dock.settled();
      const release = ledger.hold();
      dock.send(...range(21, 120));
      await dock.until(() => ledger.running > 0, 'a delivery');
      const closing = first.close();
      release();
      await closing;
      expect(first.state).toBe('closed');
      await startWorker();
      await dock.settled();
      expect(ledger.upTo(dock.id)).toBe(120);
    });

    it('says who comes and who goes', async () => {
      await startWorker();
      const dock = await connectGateway();
      dock.say('online');
      await dock.until(() => states.includes(`${dock.id} online`), 'online');
      dock.say('offline');
      await dock.until(() => states.at(-1) === `${dock.id} offline`, 'offline');
    });

    it.runIf(shares)(
      'shares the load with a worker that joins, and goes on without one that leaves',
      async () => {
        const a = await startWorker('a');
        const docks = [await connectGateway(), await connectGateway(), await connectGateway()];
        for (const dock of docks) dock.send(...range(1, 20));
        for (const dock of docks) await dock.settled();
        await startWorker('b');
        const release = ledger.hold();
        for (const dock of docks) dock.send(...range(21, 120));
        await docks[0]?.until(() => ledger.running > 0, 'a delivery');
        const leaving = a.close();
        release();
        await leaving;
        for (const dock of docks) await dock.settled();
        expect(docks.map((dock) => ledger.upTo(dock.id))).toEqual([120, 120, 120]);
        expect(ledger.takenBy('b')).toBeGreaterThan(0);
        await startWorker('c');
        for (let seq = 121; ledger.takenBy('c') === 0 && seq < 1000; seq++) {
          docks[0]?.send(seq);
          await docks[0]?.settled();
        }
        expect(ledger.takenBy('c')).toBeGreaterThan(0);
      },
    );

    it.runIf(brokerApart)(
      'comes back after its broker was killed in the middle of the work, and loses nothing',
      async () => {
        await startWorker();
        const dock = await connectGateway();
        const release = ledger.hold();
        dock.send(...range(1, 40));
        await dock.until(() => ledger.running > 0, 'a delivery');
        await rig.restartBroker?.();
        release();
        dock.send(...range(41, 80));
        await dock.settled();
        expect(ledger.upTo(dock.id)).toBe(80);
        // States are reported again, too.
        await dock.until(() => {
          dock.say('online');
          return states.includes(`${dock.id} online`);
        }, 'online');
      },
    );
  },
);
