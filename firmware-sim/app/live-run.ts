/**
 * A scenario on a scaled clock over real transports: devices on TCP ports or ptys and an MQTT client each, the
 * gateway's own broker, the uplink over MQTT (embedded broker of the cloud, or any by URL), PGlite or PostgreSQL.
 */
import { type RunningCloud, startCloud } from '../../cloud/app/start-cloud.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { type RunningGateway, startGateway } from '../../gateway/app/start-gateway.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import { delay } from '../../protocol/ports/clock.ts';
import type { World } from '../world/world.ts';
import { connectToBroker } from './broker-clients.ts';
import { type LedgerClient, readLedger } from './ledger-view.ts';
import { serveLines } from './lines.ts';
import { createScratchDatabase, type ScratchDatabase } from './scratch-database.ts';
import {
  backoffRandom,
  clientOf,
  cloudConfigOf,
  gatewayConfigOf,
  LEAD_REAL_SECONDS,
  planWorld,
  prepareCloud,
  type SitePlan,
  scratchFolder,
} from './simulated-site.ts';
import { stoppable } from './stoppable-clock.ts';
import type { RunResult } from './virtual-run.ts';

/** After the script, in simulated time: sessions close and windows of shipments pass. */
const SETTLE_MS = 90_000;
/** Real time that draining the last events may take. */
const DRAIN_LIMIT_MS = 60_000;
const DRAIN_POLL_MS = 50;
/** Of the lead, for the sessions that begin once devices are connected. */
const SESSIONS_SHARE = 1 / 6;

export interface LiveRunOptions {
  readonly speed: number;
  readonly lines: 'tcp' | 'pty';
  /** An MQTT broker between gateway and cloud; none: the cloud's embedded one. */
  readonly brokerUrl?: string;
  /** A PostgreSQL server; the run makes a database of its own on it. None: PGlite in memory. */
  readonly databaseUrl?: string;
  readonly httpPort?: number;
  readonly statusPort?: number;
  /** Real time between the start of the parts and that of the script; grows on machines that need more. */
  readonly leadSeconds?: number;
}

export interface LiveSite {
  readonly clock: Clock;
  readonly world: World;
  readonly client: LedgerClient;
  readonly cloud: RunningCloud;
  readonly gateway: RunningGateway;
  /** Resolves when the script is over and everything is in the ledger; never once the site is closed. */
  finished(): Promise<RunResult>;
  close(): Promise<void>;
}

/** A machine that needs longer for the start than it was given gets another one, with more time. */
export async function startLiveSite(plan: SitePlan, options: LiveRunOptions): Promise<LiveSite> {
  for (let leadSeconds = options.leadSeconds ?? LEAD_REAL_SECONDS; ; leadSeconds *= 2) {
    const site = await startWithin(leadSeconds, plan, options);
    if (site !== undefined) return site;
    plan.log.warn({ event: 'start.late', leadSeconds }, 'the parts took too long to start; once more');
  }
}

/** Undefined: the script would have begun before all parts were there. */
async function startWithin(
  leadSeconds: number,
  plan: SitePlan,
  options: LiveRunOptions,
): Promise<LiveSite | undefined> {
  const { scenario } = plan;
  const startAt = Date.parse(scenario.start);
  const simulated = {
    speed: options.speed,
    startAt: startAt - leadSeconds * 1000 * options.speed,
    anchor: Date.now(),
  };
  const clock = systemClock(simulated);
  const closers: (() => Promise<void> | void)[] = [];
  const closeAll = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const folder = scratchFolder();
    closers.push(folder.remove);
    let database: ScratchDatabase | undefined;
    if (options.databaseUrl !== undefined) {
      database = await createScratchDatabase(options.databaseUrl);
      closers.push(database.drop);
    }
    const { fleet, world, stop } = planWorld(plan, clock);
    // On a broker that others use too, the gateway needs a name of its own.
    const gatewayId =
      options.brokerUrl === undefined
        ? scenario.gateway.id
        : `${scenario.gateway.id}-${process.pid}-${Date.now().toString(36)}`;
    const cloud = await startCloud({
      config: cloudConfigOf(scenario, {
        http: { port: options.httpPort ?? 0 },
        database: database === undefined ? { memory: true } : { url: database.url },
        intake:
          options.brokerUrl === undefined
            ? { embedded: { port: 0 } }
            : { mqtt: { url: options.brokerUrl, clientId: `cloud-${gatewayId}` } },
      }),
      clock,
      random: backoffRandom(plan.seed),
      log: plan.log,
    });
    closers.push(cloud.close);
    const client = clientOf(cloud);
    const { gatewayToken } = await prepareCloud(client, gatewayId, world);

    const lines = await serveLines(fleet.devices, options.lines);
    for (const line of lines.values()) closers.push(line.close);
    const gateway = await startGateway({
      config: gatewayConfigOf(scenario, (id) => lines.get(id)?.address, {
        gatewayId,
        dataDir: folder.path,
        broker: { port: 0 },
        status: { port: options.statusPort ?? 0 },
        uplink: { url: options.brokerUrl ?? `mqtt://127.0.0.1:${cloud.brokerPort}` },
      }),
      clock,
      random: backoffRandom(plan.seed),
      log: plan.log,
      uplinkPassword: gatewayToken,
      systemTime: 'trusted',
    });
    closers.push(gateway.close);
    closers.push(await connectToBroker(`mqtt://127.0.0.1:${gateway.brokerPort}`, fleet.devices));
    closers.push(stop);
    const inTime = startAt - leadSeconds * 1000 * options.speed * SESSIONS_SHARE;
    while (!(await allConnected(gateway)) && clock.now() < inTime) {
      await delay(clock, DRAIN_POLL_MS * options.speed, 'devices to be connected');
    }
    if (clock.now() >= inTime) {
      await closeAll();
      return undefined;
    }
    // What waits for the script must not outlive the site: a timer of minutes would hold the process.
    const waits = stoppable(clock);
    closers.push(waits.stop);
    waits.setTimer(startAt - clock.now(), 'scenario starts', () => world.start());

    return {
      clock,
      world,
      client,
      cloud,
      gateway,
      async finished() {
        await delay(waits, startAt + scenario.duration + SETTLE_MS - clock.now(), 'end of the scenario');
        await drained(gateway, () =>
          delay(waits, DRAIN_POLL_MS * options.speed, 'look at the backlog again'),
        );
        return { truth: world.truth, ledger: await readLedger(client) };
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function allConnected(gateway: RunningGateway): Promise<boolean> {
  const { devices } = await gateway.status();
  return devices.every((device) => device.state === 'connected');
}

async function drained(gateway: RunningGateway, pause: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + DRAIN_LIMIT_MS;
  for (;;) {
    // What is acked is pruned some seconds later, and the probes go on: the journal is seldom empty.
    const { forwarder } = await gateway.status();
    const waiting = Object.values(forwarder?.lanes ?? {}).reduce((sum, lane) => sum + lane.backlog, 0);
    if (waiting === 0) return;
    if (Date.now() > deadline)
      throw new Error(`${waiting} events still wait at the gateway after ${DRAIN_LIMIT_MS} ms`);
    await pause();
  }
}
