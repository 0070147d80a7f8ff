/**
 * A scenario under virtual time: no sockets between device, gateway and cloud, but the same drivers, sensing,
 * journal (a real SQLite file) and SQL (PGlite). One seed, one trace.
 */
import { startCloud } from '../../cloud/app/start-cloud.ts';
import { startGateway } from '../../gateway/app/start-gateway.ts';
import { createDeviceMessageHub } from '../../gateway/transports/device-messages.ts';
import { createMemoryUplink } from '../../gateway/uplink/memory-uplink.ts';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import type { Truth } from '../world/truth.ts';
import { connectInMemory } from './broker-clients.ts';
import type { LedgerView } from './ledger-view.ts';
import { readLedger } from './ledger-view.ts';
import { memoryLine } from './lines.ts';
import {
  backoffRandom,
  clientOf,
  cloudConfigOf,
  gatewayConfigOf,
  planWorld,
  prepareCloud,
  type SitePlan,
  scratchFolder,
} from './simulated-site.ts';
import { createTrace, type TraceEntry } from './trace.ts';

/** After the script: sessions close, windows of shipments pass, what waits is sent. */
const SETTLE_MS = 120_000;
const BOOT_MS = 5_000;

export interface RunResult {
  readonly truth: Truth;
  readonly ledger: LedgerView;
  readonly traceHash?: string;
}

export async function runVirtually(
  plan: SitePlan,
  onTrace?: (entry: TraceEntry) => void,
): Promise<RunResult> {
  const { scenario, seed } = plan;
  const startAt = Date.parse(scenario.start);
  const clock = new VirtualClock({
    startAt: startAt - BOOT_MS,
    flush: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const trace = createTrace(onTrace);
  await using running = new AsyncDisposableStack();
  const folder = scratchFolder();
  running.defer(folder.remove);
  const { fleet, world, stop } = planWorld(plan, clock);
  const cloud = await startCloud({
    config: cloudConfigOf(scenario, {
      http: { port: 0 },
      database: { memory: true },
      intake: { memory: {} },
      log: 'silent',
    }),
    clock,
    random: backoffRandom(seed),
    log: plan.log,
  });
  running.defer(() => clock.runUntilSettled(cloud.close()));
  const client = clientOf(cloud);
  await prepareCloud(client, scenario.gateway.id, world);

  const messages = createDeviceMessageHub('memory:broker');
  const uplink = createMemoryUplink({
    gateway: scenario.gateway.id,
    async deliver(lane, payload) {
      // The carrier takes it at once; the ack comes when the cloud has committed.
      clock
        .track(cloud.deliver(scenario.gateway.id, lane, payload))
        .then((ack) => {
          if (ack !== undefined) uplink.ack(ack);
        })
        .catch((error: Error) => plan.log.warn({ event: 'deliver.failed', err: error }, 'not taken'));
    },
  });
  const lines = new Map(
    fleet.devices
      .filter(({ host }) => host.transport === 'bytes')
      .map((device) => [device.id, memoryLine(device.id, device.host, clock, trace)]),
  );
  const gateway = await startGateway({
    config: gatewayConfigOf(scenario, (id) => lines.get(id)?.address, {
      gatewayId: scenario.gateway.id,
      dataDir: folder.path,
      broker: {},
    }),
    clock,
    random: backoffRandom(seed),
    log: plan.log,
    openLine(device) {
      const line = lines.get(device);
      if (line === undefined) throw new Error(`${device} has no line`);
      return line;
    },
    messages,
    uplink,
    virtual: { epoch: `epoch-${seed}-0000`, bootId: `boot-${seed}` },
  });
  running.defer(() => clock.runUntilSettled(gateway.close()));
  running.defer(stop);
  connectInMemory(messages, fleet.devices, clock, trace);
  await clock.runUntil(startAt);
  world.start();
  await clock.runUntil(startAt + scenario.duration + SETTLE_MS);
  const ledger = await readLedger(client);
  for (const event of ledger.events) trace.note(JSON.stringify(event));
  return { truth: world.truth, ledger, traceHash: trace.digest() };
}
