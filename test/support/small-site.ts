/**
 * A small site in this process on real sockets and real time: a cloud with an embedded broker and a database in
 * memory, and a gateway with whatever devices a test gives it.
 */

import { pino } from 'pino';
import { type RunningCloud, startCloud } from '../../cloud/app/start-cloud.ts';
import type { LedgerClient } from '../../firmware-sim/app/ledger-view.ts';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import {
  backoffRandom,
  clientOf,
  cloudConfigOf,
  scratchFolder,
} from '../../firmware-sim/app/simulated-site.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { gatewayConfigSchema } from '../../gateway/app/config/config.ts';
import { type RunningGateway, startGateway } from '../../gateway/app/start-gateway.ts';

export const GATEWAY = 'gw-test';

export interface SmallSite {
  readonly cloud: RunningCloud;
  readonly gateway: RunningGateway;
  readonly client: LedgerClient;
  readonly gatewayToken: string;
  /** The gateway's broker, for devices. */
  readonly deviceBroker: string;
  /** The cloud's broker, for gateways. */
  readonly cloudBroker: string;
  close(): Promise<void>;
}

/** A dock door with an Impinj reader that counts everything it sees as coming in. */
export const IMPINJ_DOOR = {
  device: { id: 'door-reader', driver: 'impinj-iot', options: { topic: 'door/events' } },
  readPoint: {
    id: 'dock-2',
    kind: 'portal',
    boundary: 'dock',
    antennas: [{ device: 'door-reader', antenna: '1', side: 'outer' }],
    direction: { mode: 'assigned', as: 'IN' },
    session: { openBy: 'first-sight', quietMs: 700, maxMs: 60_000 },
    stray: { minReads: 1, minPeakRssiDbm: -70 },
  },
};

export async function startSmallSite(
  devices: readonly unknown[],
  readPoints: readonly unknown[],
): Promise<SmallSite> {
  const scenario = loadScenario('firmware-sim/scenarios/smoke.yaml');
  const log = pino({ level: 'silent' });
  const clock = systemClock();
  const undo: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const folder = scratchFolder();
    undo.push(folder.remove);
    const cloud = await startCloud({
      config: cloudConfigOf(scenario, {
        http: { port: 0 },
        database: { memory: true },
        intake: { embedded: { port: 0 } },
      }),
      clock,
      random: backoffRandom(1),
      log,
    });
    undo.push(cloud.close);
    const client = clientOf(cloud);
    const { token } = await client.post<{ token: string }>('/api/v1/gateways', { id: GATEWAY });
    const cloudBroker = `mqtt://127.0.0.1:${cloud.brokerPort}`;
    const gateway = await startGateway({
      config: gatewayConfigSchema.parse({
        gateway: { id: GATEWAY },
        dataDir: folder.path,
        broker: { port: 0 },
        status: { port: 0 },
        uplink: { url: cloudBroker },
        devices,
        readPoints,
      }),
      clock,
      random: backoffRandom(2),
      log,
      uplinkPassword: token,
    });
    undo.push(gateway.close);
    const deviceBroker = `mqtt://127.0.0.1:${gateway.brokerPort}`;
    return { cloud, gateway, client, gatewayToken: token, deviceBroker, cloudBroker, close };
  } catch (error) {
    await close();
    throw error;
  }
}
