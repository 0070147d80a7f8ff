/**
 * A site as it stands in life: gateway, cloud and broker as processes of their own with their own files, devices
 * and world here. Any of them may be killed at any time and started again on what it left behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { connectToBroker } from '../../firmware-sim/app/broker-clients.ts';
import { type LedgerClient, ledgerClient, readLedger } from '../../firmware-sim/app/ledger-view.ts';
import { serveLines } from '../../firmware-sim/app/lines.ts';
import { planWorld, prepareCloud } from '../../firmware-sim/app/simulated-site.ts';
import type { RunResult } from '../../firmware-sim/app/virtual-run.ts';
import { gatewayEntryOf } from '../../firmware-sim/devices/device-plan.ts';
import type { Scenario } from '../../firmware-sim/world/scenario.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import type { GatewayStatus } from '../../gateway/app/status/gateway-status.ts';
import { type Clock, delay } from '../../protocol/ports/clock.ts';
import { answers, freePort, type RunningProcess, runCommand, startProcess, until } from './processes.ts';

/** From the start of the processes to the first truck: as often as long as one command on the database took here. */
const LEAD_FACTOR = 4;
const LEAST_LEAD_MS = 5_000;
const DRAIN_LIMIT_MS = 300_000;
/** A process that does not answer by then will not. */
const UP_LIMIT_MS = 300_000;

/** A process with a place in the site. */
interface SiteProcess {
  /** SIGKILL: no goodbye, no flush. */
  kill(): Promise<void>;
  /** On what the one before left behind; resolves when it answers. */
  start(): Promise<void>;
  /** Of all that sat here. */
  output(): string;
}

export interface SiteProcesses {
  readonly clock: Clock;
  readonly client: LedgerClient;
  readonly scenario: Scenario;
  readonly brokerUrl: string;
  readonly gateway: SiteProcess;
  readonly cloud: SiteProcess;
  readonly broker: SiteProcess;
  /** Waits for a moment of the script, simulated milliseconds after its start. */
  at(offsetMs: number): Promise<void>;
  gatewayStatus(): Promise<GatewayStatus>;
  finished(): Promise<RunResult>;
  close(): Promise<void>;
}

interface SiteOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly speed: number;
  /** Simulated, after the script: sessions close and windows of shipments pass. */
  readonly settleMs: number;
  /** Undefined: the cloud's embedded broker. Else a process that brings one up on the port. */
  readonly broker?: (port: number) => RunningProcess;
}

export async function startSiteProcesses(options: SiteOptions): Promise<SiteProcesses> {
  const undo: (() => Promise<unknown> | unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await start(options, undo)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: SiteOptions,
  undo: (() => Promise<unknown> | unknown)[],
): Promise<Omit<SiteProcesses, 'close'>> {
  const { scenario } = options;
  const startAt = Date.parse(scenario.start);
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-e2e-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const [http, mqtt, page, devices] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const cloudUrl = `http://127.0.0.1:${http}`;
  const gatewayUrl = `http://127.0.0.1:${page}`;
  const uplinkUrl = `mqtt://127.0.0.1:${mqtt}`;
  const cloudYaml = join(folder, 'cloud.yaml');
  const gatewayYaml = join(folder, 'gateway.yaml');
  const cloudConfig = {
    http: { port: http },
    database: { dataDir: join(folder, 'cloud') },
    intake: options.broker === undefined ? { embedded: { port: mqtt } } : { mqtt: { url: uplinkUrl } },
    log: 'warn',
    site: scenario.site,
  };

  writeFileSync(cloudYaml, stringify(cloudConfig));
  const began = Date.now();
  const args = ['cloud/app/main.ts', '--config', cloudYaml, 'user', 'add', 'tester', '--role', 'admin'];
  const added = runCommand(args);
  if (added.status !== 0) throw new Error(`user add: ${added.stderr}`);
  const client = ledgerClient(cloudUrl, added.stdout.trim().split('\n').at(-1) ?? '');

  const leadMs = LEAST_LEAD_MS + LEAD_FACTOR * (Date.now() - began);
  const simulated = {
    speed: options.speed,
    startAt: startAt - Math.round(leadMs * options.speed),
    anchor: Date.now(),
  };
  const clock = systemClock(simulated);
  writeFileSync(cloudYaml, stringify({ ...cloudConfig, clock: simulated }));

  const plan = { scenario, seed: options.seed, log: pino({ level: 'silent' }) };
  const { fleet, world, stop } = planWorld(plan, clock);
  undo.push(stop);
  const lines = await serveLines(fleet.devices, 'tcp');
  for (const line of lines.values()) undo.push(line.close);

  const { broker: makeBroker } = options;
  const broker = seat('the broker', undo, makeBroker && (() => makeBroker(mqtt)));
  await broker.start();
  const cloud = seat(
    'the cloud',
    undo,
    () => startProcess(process.execPath, ['cloud/app/main.ts', '--config', cloudYaml]),
    () => answers(`${cloudUrl}/healthz`),
  );
  await cloud.start();
  const { gatewayToken } = await prepareCloud(client, scenario.gateway.id, world);
  writeFileSync(join(folder, 'gateway-token'), gatewayToken);
  writeFileSync(
    gatewayYaml,
    stringify({
      gateway: { id: scenario.gateway.id },
      dataDir: join(folder, 'gateway'),
      broker: { port: devices },
      status: { port: page },
      uplink: { url: uplinkUrl, passwordFile: 'gateway-token' },
      devices: scenario.devices.map((plan) => gatewayEntryOf(plan, lines.get(plan.id)?.address)),
      readPoints: scenario.readPoints,
      clock: simulated,
    }),
  );
  const gateway = seat(
    'the gateway',
    undo,
    () => startProcess(process.execPath, ['gateway/app/main.ts', '--config', gatewayYaml]),
    () => answers(`${gatewayUrl}/healthz`),
  );
  await gateway.start();
  undo.push(await connectToBroker(`mqtt://127.0.0.1:${devices}`, fleet.devices));
  if (clock.now() >= startAt) throw new Error('the processes took too long to start');
  clock.setTimer(startAt - clock.now(), 'scenario starts', () => world.start());

  const gatewayStatus = async (): Promise<GatewayStatus> => {
    const response = await fetch(`${gatewayUrl}/status.json`);
    return (await response.json()) as GatewayStatus;
  };
  return {
    clock,
    client,
    scenario,
    brokerUrl: uplinkUrl,
    gateway,
    cloud,
    broker,
    at: (offsetMs) => delay(clock, startAt + offsetMs - clock.now(), 'moment of the script'),
    gatewayStatus,
    async finished() {
      await delay(clock, startAt + scenario.duration + options.settleMs - clock.now(), 'end of the scenario');
      const drained = async () => {
        // What is acked is pruned some seconds later, and the probes go on: the journal is seldom empty.
        const { forwarder } = await gatewayStatus();
        return Object.values(forwarder?.lanes ?? {}).every((lane) => lane.backlog === 0);
      };
      await until('the gateway to have sent everything', drained, DRAIN_LIMIT_MS);
      return { truth: world.truth, ledger: await readLedger(client) };
    },
  };
}

function seat(
  name: string,
  undo: (() => Promise<unknown> | unknown)[],
  begin: (() => RunningProcess) | undefined,
  isUp: () => Promise<boolean> = async () => true,
): SiteProcess {
  const all: RunningProcess[] = [];
  undo.push(() => all.at(-1)?.kill());
  const output = () => all.map((one) => one.output()).join('\n---\n');
  return {
    output,
    kill: async () => all.at(-1)?.kill(),
    async start() {
      if (begin === undefined) return;
      all.push(begin());
      await until(name, isUp, UP_LIMIT_MS).catch((error: Error) => {
        throw new Error(`${error.message}\n${output()}`, { cause: error });
      });
    },
  };
}
