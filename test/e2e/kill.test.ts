/**
 * kill -9 of each part of a running site, at the worst moment for it, and the ledger is still right: the whole
 * path as processes, with files, sockets and brokers of their own.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../firmware-sim/app/report.ts';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import { reportOf } from '../../firmware-sim/app/verify.ts';
import type { Scenario } from '../../firmware-sim/world/scenario.ts';
import { decodeBatch } from '../../protocol/link/batch.ts';
import { upTopic } from '../../protocol/link/topics.ts';
import { delay } from '../../protocol/ports/clock.ts';
import { effort } from '../support/effort.ts';
import { type RunningProcess, startProcess, until } from '../support/processes.ts';
import { type SiteProcesses, startSiteProcesses } from '../support/site-processes.ts';

const BROKER_CHILD = fileURLToPath(new URL('../support/broker-child.ts', import.meta.url));

const SEED = 5;
const TEST_LIMIT_MS = 600_000;
const PASS_LIMIT_MS = 300_000;
/** The outage itself may be reported; anything else that is reported must be true. */
const OF_THE_OUTAGE = new Set(['GATEWAY_SILENT', 'SENSOR_SILENT', 'DEVICE_FAULT', 'DATA_GAP']);
const RIGHT = { lost: 0, duplicated: 0, wrong: 0, missedExceptions: 0, falseExceptions: 0, findings: [] };

let site: SiteProcesses | undefined;
afterEach(async () => {
  await site?.close();
  site = undefined;
});

async function startSite(scenario: Scenario, speed: number, settleMs: number): Promise<SiteProcesses> {
  site = await startSiteProcesses({ scenario, seed: SEED, speed, settleMs, broker: startBroker });
  return site;
}

/** Mosquitto where it is installed, else one of our own: both forget everything when killed. */
function startBroker(port: number): RunningProcess {
  return spawnSync('mosquitto', ['-h']).error === undefined
    ? startProcess('mosquitto', ['-p', String(port)])
    : startProcess(process.execPath, [BROKER_CHILD, String(port)]);
}

const smoke = () => loadScenario('firmware-sim/scenarios/smoke.yaml');

/** One pallet through the door and nothing else, at life's pace. */
function onePallet(): Scenario {
  const scenario = smoke();
  const script = scenario.script
    .filter((action) => action.do === 'receive')
    .map((action) => ({ ...action, pallets: action.pallets.slice(0, 1) }));
  return { ...scenario, duration: 20_000, script };
}

async function reportAtTheEnd(of: SiteProcesses): Promise<VerifyReport> {
  return reportOf(of.scenario, SEED, 0, await of.finished(), OF_THE_OUTAGE);
}

describe('kill -9', () => {
  // At life's pace: a scaled clock would scale the slowness of this host too.
  const restart = { away: 'for as long as a restart takes', downMs: 0 };
  const long = {
    away: 'for longer than the quiet time of the door, the reader holding its reports',
    downMs: 6_000,
  };
  // In virtual time: test/scenario/restart-in-the-door.test.ts, at 144 moments.
  it.each(effort([restart], [restart, long]))(
    'of the gateway while a pallet is in the door loses no tag of it and counts none twice: away $away',
    async ({ downMs }) => {
      const running = await startSite(onePallet(), 1, 20_000);
      const underWay = /^pass under way, (\d+) tags$/;
      const doorState = async () => {
        const { readPoints } = await running.gatewayStatus();
        return readPoints.find((point) => point.readPoint === 'dock-1')?.state ?? '';
      };
      const tagsInTheDoor = async () => Number(underWay.exec(await doorState())?.[1] ?? 0);
      await running.at(5_000);
      await until('a pallet in the door', async () => (await tagsInTheDoor()) > 0);
      // What was seen is promised once it is on the disk, and a busy disk takes its time.
      const walBytes = async () => (await running.gatewayStatus()).journal.walBytes;
      const before = await walBytes();
      await until('its first sight on the disk', async () => (await walBytes()) !== before);
      await running.gateway.kill();
      await delay(running.clock, downMs, 'nobody listens');
      await running.gateway.start();
      // Not by the clock: a slow host takes its time to come back and to hear what the reader held.
      await until('the pass to be over', async () => (await doorState()) === 'idle', PASS_LIMIT_MS);
      const report = await reportAtTheEnd(running);
      expect(report).toMatchObject(RIGHT);
      expect(report.ledger).toMatchObject({ receipts: 1, passages: 0, objects: 9 });
    },
    TEST_LIMIT_MS,
  );

  // The kill loops do it to clouds and brokers, too, with less of a story.
  it.runIf(effort(false, true))(
    'of the cloud in the middle of a batch neither loses nor doubles it, each time',
    async () => {
      const running = await startSite(smoke(), 6, 30_000);
      const gateway = running.scenario.gateway.id;
      const ackedUpTo = async () => (await running.gatewayStatus()).forwarder?.lanes.stock.ackedUpTo ?? 0;
      // Hears a batch in the moment in which the cloud hears it.
      const listener = await connectAsync(running.brokerUrl, { protocolVersion: 4 });
      try {
        let hear: (lastSeq: number) => void = () => {};
        listener.on('message', (_topic, payload) => {
          const decoded = decodeBatch(payload);
          if (decoded.ok) hear(decoded.batch.lastSeq);
        });
        await listener.subscribeAsync(upTopic(gateway, 'stock'), { qos: 0 });
        for (const _kill of ['a receipt', 'what comes next']) {
          const { batch, dead } = await new Promise<{ batch: number; dead: Promise<void> }>((resolve) => {
            hear = (lastSeq) => resolve({ batch: lastSeq, dead: running.cloud.kill() });
          });
          hear = () => {};
          await dead;
          expect(await ackedUpTo(), 'the cloud died before its ack').toBeLessThan(batch);
          await running.cloud.start();
          await until('the batch to be acknowledged', async () => (await ackedUpTo()) >= batch);
        }
      } finally {
        await listener.endAsync(true);
      }
      expect(await reportAtTheEnd(running)).toMatchObject(RIGHT);
    },
    TEST_LIMIT_MS,
  );

  it.runIf(effort(false, true))(
    'of the broker, with all it held, leaves the receipt of a pallet waiting and nothing lost',
    async () => {
      const running = await startSite(smoke(), 6, 30_000);
      await running.at(12_000);
      await running.broker.kill();
      await until('the receipt to wait at the gateway', async () => {
        const { journal, uplink } = await running.gatewayStatus();
        return !uplink.connected && journal.lanes.stock.waiting > 0;
      });
      await running.broker.start();
      const reconnected = async () => (await running.gatewayStatus()).uplink.connected;
      await until('the gateway to be connected again', reconnected);
      await running.at(70_000);
      await running.broker.kill();
      await running.broker.start();
      expect(await reportAtTheEnd(running)).toMatchObject(RIGHT);
    },
    TEST_LIMIT_MS,
  );
});
