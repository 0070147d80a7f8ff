/**
 * `sim serve`: the devices of a scenario on TCP ports or ptys, for a gateway that runs elsewhere. Writes the
 * gateway.yaml that fits, then lets the scenario run. Devices stay when the script is over, until the person leaves.
 */
import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { type Clock, delay } from '../../protocol/ports/clock.ts';
import { gatewayEntryOf } from '../devices/device-plan.ts';
import type { Scenario } from '../world/scenario.ts';
import { connectToBroker } from './broker-clients.ts';
import { serveLines } from './lines.ts';
import { planWorld } from './simulated-site.ts';
import { stoppable } from './stoppable-clock.ts';

interface ServeOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly speed: number;
  readonly lines: 'tcp' | 'pty';
  /** The gateway's broker, for the devices that publish. */
  readonly broker: { readonly host: string; readonly port: number };
  /** Where to write a gateway.yaml for these devices. */
  readonly configOut?: string;
  readonly leadSeconds: number;
  readonly write: (text: string) => void;
  readonly interrupted: Promise<void>;
}

export async function serve(options: ServeOptions): Promise<void> {
  const { scenario, seed, speed, write, broker } = options;
  // Devices live now, as the gateway and the cloud do; the script begins when the gateway is there.
  const now = Date.now();
  const simulated = { speed, startAt: now, anchor: now };
  const clock = stoppable(systemClock(simulated));
  const lead = options.leadSeconds * 1000 * speed;
  let begin = clock.now() + lead;
  const { fleet, world, stop } = planWorld(
    {
      scenario,
      seed,
      log: pino({ level: 'silent' }),
      narrate: (line) => write(`  ${new Date(clock.now()).toISOString().slice(11, 19)}  ${line}\n`),
    },
    clock,
    (now) => Date.parse(scenario.start) + now - begin,
  );
  const lines = await serveLines(fleet.devices, options.lines);
  for (const [id, line] of lines) write(`${id.padEnd(20)} ${line.address}\n`);
  if (options.configOut !== undefined) {
    writeFileSync(options.configOut, gatewayYaml(scenario, lines, broker, simulated));
    write(`${'gateway.yaml'.padEnd(20)} ${options.configOut}\n`);
  }
  let stopPublishing: (() => Promise<void>) | undefined;
  const left = options.interrupted.then(() => 'left' as const);
  try {
    if (fleet.devices.some(({ host }) => host.transport === 'messages')) {
      const url = `mqtt://${broker.host}:${broker.port}`;
      write(`waiting for the gateway's broker at ${url}\n`);
      const publishing = untilConnected(() => connectToBroker(url, fleet.devices), clock, speed);
      const outcome = await Promise.race([publishing, left]);
      if (outcome === 'left') {
        publishing.then(
          (stopLate) => stopLate(),
          () => {},
        );
        return;
      }
      stopPublishing = outcome;
    }
    begin = clock.now() + lead;
    const soon = await Promise.race([delay(clock, lead, 'scenario starts'), left]);
    if (soon === 'left') return;
    world.start();
    write(`${scenario.title}: running, ${speed} times as fast as life\n`);
    const end = await Promise.race([delay(clock, scenario.duration, 'scenario ends'), left]);
    if (end === 'left') return;
    write('The script is over; the devices stay. Ctrl-C ends them.\n');
    await left;
  } finally {
    stop();
    clock.stop();
    await stopPublishing?.();
    for (const line of lines.values()) await line.close();
  }
}

function gatewayYaml(
  scenario: Scenario,
  lines: ReadonlyMap<string, { address: string }>,
  broker: { host: string; port: number },
  clock: { speed: number; startAt: number; anchor: number },
): string {
  return stringify({
    gateway: { id: scenario.gateway.id },
    broker,
    uplink: { url: 'mqtt://127.0.0.1:1883', passwordFile: 'gateway-token' },
    devices: scenario.devices.map((plan) => gatewayEntryOf(plan, lines.get(plan.id)?.address)),
    readPoints: scenario.readPoints,
    ...(clock.speed === 1 ? {} : { clock }),
  });
}

const RETRY_MS = 500;

async function untilConnected<T>(connect: () => Promise<T>, clock: Clock, speed: number): Promise<T> {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
      await delay(clock, RETRY_MS * speed, 'look for the broker again');
    }
  }
}
