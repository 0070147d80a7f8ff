/**
 * A site as it stands in life: gateway, cloud and broker as processes of their own with their own files, devices
 * and world here. Any of them may be killed at any time and started again on what it left behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { type LedgerClient, ledgerClient, readLedger } from '../../firmware-sim/app/ledger-view.ts';
import { publishTo, serveLines } from '../../firmware-sim/app/live-run.ts';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import { planWorld, prepareCloud } from '../../firmware-sim/app/simulated-site.ts';
import type { RunResult } from '../../firmware-sim/app/virtual-run.ts';
import { systemClock } from '../../gateway/app/system-clock.ts';
import { type Clock, delay } from '../../protocol/ports/clock.ts';
import { answers, freePort, type RunningProcess, runCommand, startProcess, until } from './processes.ts';

const SETTLE_MS = 60_000;

export interface SiteProcesses {
  readonly clock: Clock;
  readonly startAt: number;
  readonly scenario: ReturnType<typeof loadScenario>;
  /** Waits for a moment of the script. */
  at(offsetMs: number): Promise<void>;
  restartGateway(): Promise<void>;
  restartCloud(): Promise<void>;
  restartBroker(): Promise<void>;
  finished(): Promise<RunResult>;
  close(): Promise<void>;
}

export async function startSiteProcesses(options: {
  scenario: string;
  seed: number;
  speed: number;
  /** Undefined: the cloud's embedded broker. Else a process that brings one up on the port. */
  broker?: (port: number) => RunningProcess;
}): Promise<SiteProcesses> {
  const scenario = loadScenario(options.scenario);
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-e2e-'));
  const startAt = Date.parse(scenario.start);
  // Three processes of TypeScript and a database start before the first truck.
  const simulated = { speed: options.speed, startAt: startAt - 20_000 * options.speed, anchor: Date.now() };
  const clock = systemClock(simulated);
  const [httpPort, mqttPort, statusPort, devicePort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const uplinkUrl = `mqtt://127.0.0.1:${mqttPort}`;
  const cloudYaml = join(folder, 'cloud.yaml');
  const gatewayYaml = join(folder, 'gateway.yaml');
  writeFileSync(
    cloudYaml,
    stringify({
      http: { port: httpPort },
      database: { dataDir: join(folder, 'cloud') },
      intake: options.broker === undefined ? { embedded: { port: mqttPort } } : { mqtt: { url: uplinkUrl } },
      log: 'warn',
      site: scenario.site,
      clock: simulated,
    }),
  );
  const added = runCommand([
    'cloud/app/main.ts',
    '--config',
    cloudYaml,
    'user',
    'add',
    'tester',
    '--role',
    'admin',
  ]);
  if (added.status !== 0) throw new Error(`user add: ${added.stderr}`);
  const client: LedgerClient = ledgerClient(
    `http://127.0.0.1:${httpPort}`,
    added.stdout.trim().split('\n').at(-1) ?? '',
  );

  const { fleet, world, stop } = planWorld(
    { scenario, seed: options.seed, log: pino({ level: 'silent' }) },
    clock,
  );
  const lines = await serveLines(fleet, 'tcp', clock);

  const startBroker = () => options.broker?.(mqttPort);
  const startCloud = async () => {
    const cloud = startProcess(process.execPath, ['cloud/app/main.ts', '--config', cloudYaml]);
    await until(`the cloud: ${cloud.output()}`, () => answers(`http://127.0.0.1:${httpPort}/healthz`));
    return cloud;
  };
  const startGateway = async () => {
    const gateway = startProcess(process.execPath, ['gateway/app/main.ts', '--config', gatewayYaml]);
    await until('the gateway', () => answers(`http://127.0.0.1:${statusPort}/healthz`)).catch(
      (error: Error) => {
        throw new Error(`${error.message}\n${gateway.output()}`);
      },
    );
    return gateway;
  };

  let broker = startBroker();
  let cloud = await startCloud();
  const { gatewayToken } = await prepareCloud(client, scenario.gateway.id, world);
  writeFileSync(join(folder, 'gateway-token'), gatewayToken);
  writeFileSync(
    gatewayYaml,
    stringify({
      gateway: { id: scenario.gateway.id },
      dataDir: join(folder, 'gateway'),
      broker: { port: devicePort },
      status: { port: statusPort },
      uplink: { url: uplinkUrl, passwordFile: 'gateway-token' },
      devices: scenario.devices.map((plan) => ({
        id: plan.id,
        driver: fleet.devices.find((device) => device.id === plan.id)?.driver,
        ...(lines.has(plan.id) ? { address: lines.get(plan.id)?.address } : {}),
        options: plan.driver,
      })),
      readPoints: scenario.readPoints,
      clock: simulated,
    }),
  );
  let gateway = await startGateway();
  const stopPublishing = await publishTo(`mqtt://127.0.0.1:${devicePort}`, fleet);
  if (clock.now() >= startAt) throw new Error('the processes took too long to start');
  clock.setTimer(startAt - clock.now(), 'scenario starts', () => world.start());

  return {
    clock,
    startAt,
    scenario,
    at: (offsetMs) => delay(clock, startAt + offsetMs - clock.now(), 'moment of the script'),
    async restartGateway() {
      await gateway.kill();
      gateway = await startGateway();
    },
    async restartCloud() {
      await cloud.kill();
      cloud = await startCloud();
    },
    async restartBroker() {
      await broker?.kill();
      broker = startBroker();
    },
    async finished() {
      await delay(clock, startAt + scenario.duration + SETTLE_MS - clock.now(), 'end of the scenario');
      await until(
        'the gateway to have sent everything',
        async () => {
          const response = await fetch(`http://127.0.0.1:${statusPort}/status.json`);
          const { journal } = (await response.json()) as {
            journal: { lanes: Record<string, { waiting: number }> };
          };
          return Object.values(journal.lanes).every((lane) => lane.waiting === 0);
        },
        90_000,
      );
      return { truth: world.truth, ledger: await readLedger(client) };
    },
    async close() {
      stop();
      await stopPublishing();
      await gateway.kill();
      await cloud.kill();
      await broker?.kill();
      for (const line of lines.values()) await line.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
