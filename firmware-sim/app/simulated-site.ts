/**
 * A whole site in one process: world, simulated devices, gateway and cloud, wired as the scenario says. Two ways:
 * under virtual time everything is in process and repeats byte for byte; otherwise a scaled clock runs over real
 * lines (TCP or ptys), the gateway's real broker, a real uplink and a real HTTP API.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type CloudConfig, cloudConfigSchema } from '../../cloud/app/config.ts';
import type { RunningCloud } from '../../cloud/app/start-cloud.ts';
import { type GatewayConfig, gatewayConfigSchema } from '../../gateway/app/config/config.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { gatewayEntryOf } from '../devices/device-plan.ts';
import type { Scenario } from '../world/scenario.ts';
import { createWorld, type World } from '../world/world.ts';
import { createDevices, type DeviceFleet } from './device-fleet.ts';
import { type LedgerClient, ledgerClient } from './ledger-view.ts';
import { punctual } from './punctual-clock.ts';
import { stoppable } from './stoppable-clock.ts';

/** Simulated time between the start of the processes and that of the scenario, in real seconds. */
export const LEAD_REAL_SECONDS = 6;

export interface SitePlan {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly log: Logger;
  readonly narrate?: (line: string) => void;
}

/** What of gateway.yaml follows from the scenario; `addressOf` says where each byte device hangs. */
export function gatewayConfigOf(
  scenario: Scenario,
  addressOf: (device: string) => string | undefined,
  rest: { gatewayId: string } & Record<string, unknown>,
): GatewayConfig {
  const { gatewayId, ...sections } = rest;
  return gatewayConfigSchema.parse({
    gateway: { id: gatewayId },
    devices: scenario.devices.map((plan) => gatewayEntryOf(plan, addressOf(plan.id))),
    readPoints: scenario.readPoints,
    ...sections,
  });
}

export function cloudConfigOf(scenario: Scenario, sections: Record<string, unknown>): CloudConfig {
  return cloudConfigSchema.parse({ site: scenario.site, ...sections });
}

/** A folder that goes with the run. */
export function scratchFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'tallyport-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

interface PlannedWorld {
  readonly fleet: DeviceFleet;
  readonly world: World;
  /** Ends world and devices: nothing of theirs happens any more. */
  stop(): void;
}

/** `scriptTime`: what time it is in the script when it is `now` for the devices. */
export function planWorld(
  plan: SitePlan,
  realClock: Clock,
  scriptTime: (now: number) => number = (now) => now,
): PlannedWorld {
  const clock = stoppable(punctual(realClock));
  const fleet = createDevices(plan.scenario, plan.seed, clock);
  const world = createWorld({
    scenario: plan.scenario,
    seed: plan.seed,
    clock: { ...clock, now: () => scriptTime(clock.now()) },
    handles: fleet.handles,
    ...(plan.narrate === undefined ? {} : { narrate: plan.narrate }),
  });
  return { fleet, world, stop: clock.stop };
}

/** Enrols the gateway and loads the paperwork, over the API as an administrator would. */
export async function prepareCloud(
  client: LedgerClient,
  gatewayId: string,
  world: World,
): Promise<{ gatewayToken: string }> {
  const { token } = await client.post<{ token: string }>('/api/v1/gateways', { id: gatewayId });
  const shipments = world.shipments.map(({ actualEpcs: _truth, ...paper }) => ({
    ...paper,
    expectedFrom: new Date(paper.expectedFrom).toISOString(),
    expectedTo: new Date(paper.expectedTo).toISOString(),
  }));
  if (shipments.length > 0) await client.post('/api/v1/shipments', { shipments });
  return { gatewayToken: token };
}

export const backoffRandom = (seed: number) => seededRandom(seed, 'backoff');

export function clientOf(cloud: RunningCloud): LedgerClient {
  if (cloud.adminToken === undefined) throw new Error('the simulated cloud made no admin token');
  return ledgerClient(cloud.httpUrl, cloud.adminToken);
}
