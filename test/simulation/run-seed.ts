/**
 * One seed: a site works and suffers for a while, then everything heals, what waits is delivered, and the checkers
 * compare what the edge was promised with what the ledger says.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createIngest, type Ingest } from '../../cloud/ingest/ingest.ts';
import { decodeEpc } from '../../protocol/epc/epc.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../support/clock-at.ts';
import { checkAlarms } from './checkers/alarms.ts';
import { checkExactlyOnce } from './checkers/exactly-once.ts';
import { readLedgerRows } from './checkers/ledger-rows.ts';
import { checkOrder } from './checkers/order.ts';
import { checkModel, checkRebuild } from './checkers/projections.ts';
import { checkTimes } from './checkers/times.ts';
import { type FaultWorld, heal, planFaults } from './faults/director.ts';
import { FaultBox, type FaultKind } from './faults/fault-kinds.ts';
import { History } from './history.ts';
import { drawPlan, type Plan } from './plan.ts';
import type { Violation } from './violations.ts';
import { SITE } from './workload/site.ts';
import { Workload } from './workload/workload.ts';
import { SimulatedBroker } from './world/broker.ts';
import { CloudNode } from './world/cloud-node.ts';
import { watchConnections } from './world/connections.ts';
import { Database } from './world/database.ts';
import { Disk } from './world/disk.ts';
import type { SimulationEngine } from './world/engine.ts';
import { GatewayNode } from './world/gateway-node.ts';
import type { GatewaySabotage } from './world/gateway-process.ts';
import { Link } from './world/link.ts';
import { SCRATCH } from './world/scratch.ts';

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly faults: Partial<Record<FaultKind, number>>;
  readonly crashes: number;
  /** Events that the edge made, and batches that left it. */
  readonly events: number;
  readonly batches: number;
  readonly virtualMs: number;
  /** The same for each run of one seed, on the embedded engine. */
  readonly traceHash: string;
}

export interface SeedOptions {
  readonly engine: SimulationEngine;
  readonly onTrace?: ((line: string) => void) | undefined;
  /** Changes what the seed draws. */
  readonly adapt?: (plan: Plan) => Plan;
  readonly sabotage?: {
    readonly gateway?: GatewaySabotage;
    readonly ingest?: (ingest: Ingest, engine: SimulationEngine) => Ingest;
  };
}

const START = Date.UTC(2026, 8, 1, 6);
const STEP_MS = 10_000;
/** Resends back off up to two minutes: by then what can come has come. */
const HEALING_MS = 60 * 60_000;
const QUIET_MS = 30_000;
/** A quiet gateway asks for the time every ten minutes; where the answers are lost, the cloud settles after a day. */
const CLOCK_STEP_MS = 5 * 60_000;
const CLOCK_ASKED_MS = 30 * 60_000;
const CLOCK_GIVEN_UP_MS = 25 * 3_600_000;
const INSPECT_MS = 15_000;

export async function runSeed(seed: number, options: SeedOptions): Promise<SeedResult> {
  const { engine, sabotage } = options;
  const drawn = drawPlan(seed, engine);
  const plan = options.adapt?.(drawn) ?? drawn;
  const clock = clockAt(START);
  const history = new History(() => clock.now(), options.onTrace);
  const folder = mkdtempSync(join(SCRATCH, 'tallyport-simulation-'));
  watchConnections();
  const site = buildSite(plan, clock, history, folder, options);
  try {
    await engine.clear();
    for (const id of plan.gateways) {
      await engine.admin.insertInto('gateways').values({ id, created_at: START }).execute();
    }
    for (const cloud of site.world.clouds) cloud.boot();
    for (const gateway of site.world.gateways) gateway.boot();
    site.workload.plan(plan.gateways, plan.acts);
    planFaults(site.world, plan.durationMs);
    inspectNowAndThen(site.world);
    await clock.runFor(plan.durationMs);
    await comeToRest(site.world, site.workload, clock, engine);
    await check(site.world, engine, clock, history, sabotage?.ingest === undefined);
  } catch (error) {
    history.violate('broken', error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    for (const gateway of site.world.gateways) gateway.remove();
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    seed,
    violations: history.violations,
    faults: site.world.faults.counts,
    crashes: history.crashes.gateway + history.crashes.cloud,
    events: history.edge.size,
    batches: history.batches,
    virtualMs: clock.now() - START,
    traceHash: history.digest(),
  };
}

function buildSite(plan: Plan, clock: VirtualClock, history: History, folder: string, options: SeedOptions) {
  const { engine, sabotage } = options;
  const { seed, durationMs } = plan;
  const random = (stream: string) => seededRandom(seed, stream);
  const faults = new FaultBox(plan.faults, random('single faults'));
  const broker = new SimulatedBroker({ clock, random: random('broker'), faults, history });
  const database = new Database({ engine, clock, random: random('database'), faults, history });
  const workload = new Workload({ clock, random: random('workload'), faults, history, durationMs });
  const shared = { clock, faults, history };
  const links = plan.gateways.map((gateway) => {
    const link = new Link({ ...shared, gateway, random: random(`link ${gateway}`), carrier: broker });
    broker.connect(gateway, link);
    return link;
  });
  const powerCuts = ['power-cut', 'power-cut-at-await', 'wake-in-1970'] as const;
  const gateways = plan.gateways.map((id, index) => {
    const cuts = powerCuts.some((kind) => faults.strength(kind) > 0);
    const disk = new Disk(join(folder, id), random(`disk ${id}`), cuts);
    const link = links[index] as Link;
    const own = { id, seed, disk, link, workload, random: random(`gateway ${id}`) };
    return new GatewayNode({ ...shared, ...own, sabotage: sabotage?.gateway });
  });
  const clouds = Array.from({ length: plan.cloudWorkers }, (_, index) => {
    const name = `cloud-${index + 1}`;
    const own = { name, engine: engine.kind, database, broker, random: random(name) };
    const wrong = sabotage?.ingest;
    return new CloudNode({ ...shared, ...own, sabotage: wrong && ((ingest) => wrong(ingest, engine)) });
  });
  broker.serve(clouds);
  const world: FaultWorld = {
    ...shared,
    random: random('director'),
    gateways,
    links,
    broker,
    database,
    clouds,
  };
  return { world, workload };
}

function inspectNowAndThen(world: FaultWorld): void {
  world.clock.setTimer(INSPECT_MS, 'inspection', () => {
    for (const gateway of world.gateways) gateway.inspect();
    inspectNowAndThen(world);
  });
}

/** Heals, and waits until nothing waits any more; then every gateway stops in order. */
async function comeToRest(
  world: FaultWorld,
  workload: Workload,
  clock: VirtualClock,
  engine: SimulationEngine,
): Promise<void> {
  const { gateways, clouds, history } = world;
  workload.end();
  heal(world);
  const limit = clock.now() + HEALING_MS;
  await clock.runFor(QUIET_MS);
  while (!gateways.every((gateway) => gateway.drained) && clock.now() < limit) await clock.runFor(STEP_MS);
  for (const gateway of gateways) {
    if (!gateway.drained) history.violate('stuck', `${gateway.id} still waits: ${gateway.describe()}`);
  }
  const asked = clock.now() + CLOCK_ASKED_MS;
  while ((await hasWaiting(engine)) && clock.now() < asked) await clock.runFor(CLOCK_STEP_MS);
  for (const gateway of gateways) gateway.stop(() => {});
  await clock.runFor(QUIET_MS);
  while (clouds.some((cloud) => cloud.busy > 0) && clock.now() < limit) await clock.runFor(STEP_MS);
  if (await hasWaiting(engine)) await clock.runFor(CLOCK_GIVEN_UP_MS);
}

async function hasWaiting({ admin }: SimulationEngine): Promise<boolean> {
  const waiting = sql<{ one: number }>`select 1 as one from events where time_quality = 'waiting' limit 1`;
  return (await waiting.execute(admin)).rows.length > 0;
}

async function check(
  world: FaultWorld,
  engine: SimulationEngine,
  clock: VirtualClock,
  history: History,
  honest: boolean,
): Promise<void> {
  const { admin } = engine;
  const rows = await readLedgerRows(admin, history);
  history.note(`ledger ${JSON.stringify(rows.map(({ edge: _edge, ...row }) => row))}`);
  checkExactlyOnce(history, rows, world.faults.counts);
  checkOrder(history, rows);
  checkTimes(history, rows);
  await checkModel(history, admin, rows);
  if (honest || history.violations.length === 0) {
    const store = { db: admin, engine: engine.kind, powerLossSafe: true, close: () => Promise.resolve() };
    const parts = { store, site: SITE, clock, decode: decodeEpc };
    await checkRebuild(history, admin, () => createIngest(parts).rebuild());
  }
  await checkAlarms(history, admin);
  const { rows: marks } =
    await sql`select gateway, epoch, lane, up_to from watermarks order by 1, 2, 3`.execute(admin);
  history.note(`watermarks ${JSON.stringify(marks)}`);
}
