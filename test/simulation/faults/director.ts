/** Lets the timed faults of a plan happen, and heals the world at the end. */
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { History } from '../history.ts';
import type { SimulatedBroker } from '../world/broker.ts';
import type { CloudNode } from '../world/cloud-node.ts';
import type { Database } from '../world/database.ts';
import type { GatewayNode } from '../world/gateway-node.ts';
import type { Link } from '../world/link.ts';
import { damageJournal } from './damage.ts';
import { type FaultBox, TIMED_FAULTS } from './fault-kinds.ts';

export interface FaultWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: FaultBox;
  readonly history: History;
  readonly gateways: readonly GatewayNode[];
  readonly links: readonly Link[];
  readonly broker: SimulatedBroker;
  readonly database: Database;
  readonly clouds: readonly CloudNode[];
}

type TimedFault = (typeof TIMED_FAULTS)[number];

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;
/** At full strength a timed fault happens up to so many times. */
const MOST_TIMES = 6;

/** Draws when each timed fault happens. */
export function planFaults(world: FaultWorld, durationMs: number): void {
  const { clock, random, faults } = world;
  for (const kind of TIMED_FAULTS) {
    const strength = faults.strength(kind);
    if (strength === 0) continue;
    for (let times = 1 + Math.floor(random.next() * strength * MOST_TIMES); times > 0; times--) {
      clock.setTimer(random.integer(SECOND_MS, durationMs), kind, () => {
        if (faults.over) return;
        faults.count(kind);
        happen(kind, world);
      });
    }
  }
}

/** All faults are over; what was taken away comes back. */
export function heal(world: FaultWorld): void {
  const { faults, links, broker, database, clouds, gateways, clock } = world;
  faults.end();
  world.history.note('everything heals');
  for (const link of links) link.heal();
  broker.start();
  database.start();
  for (const cloud of clouds) cloud.boot();
  for (const gateway of gateways) {
    gateway.limitDisk(undefined);
    gateway.setClock(clock.now());
    gateway.boot();
  }
}

function happen(kind: TimedFault, world: FaultWorld): void {
  const { clock, random, faults, gateways, links, broker, database, clouds, history } = world;
  const gateway = random.pick(gateways);
  const link = random.pick(links);
  const cloud = random.pick(clouds);
  const later = (lowMs: number, highMs: number, task: () => void) =>
    clock.setTimer(random.integer(lowMs, highMs), `after ${kind}`, () => {
      if (!faults.over) task();
    });
  switch (kind) {
    case 'kill':
    case 'power-cut':
      gateway.crash(kind);
      return;
    case 'clean-restart':
      gateway.restart();
      return;
    case 'journal-damage':
      gateway.restart((disk) => damageJournal(disk, random, history, gateway.id));
      return;
    case 'clock-step':
      gateway.setClock(gateway.now() + random.integer(-TEN_YEARS_MS, TEN_YEARS_MS));
      if (random.next() < 0.7) later(MINUTE_MS, 10 * MINUTE_MS, () => gateway.setClock(clock.now()));
      return;
    case 'wake-in-1970':
      gateway.crash('power-cut');
      gateway.setClock(random.integer(0, MINUTE_MS));
      if (random.next() < 0.8) later(MINUTE_MS, 20 * MINUTE_MS, () => gateway.setClock(clock.now()));
      return;
    case 'disk-full':
      gateway.limitDisk(random.integer(0, 3));
      later(10 * SECOND_MS, 5 * MINUTE_MS, () => gateway.limitDisk(undefined));
      return;
    case 'link-cut':
      link.cut(random.next() < 0.5);
      later(SECOND_MS, 15 * MINUTE_MS, () => link.heal());
      return;
    case 'half-open':
      link.silence(random.pick(['up', 'down']));
      later(5 * SECOND_MS, 5 * MINUTE_MS, () => link.heal());
      return;
    case 'broker-restart':
      broker.stop();
      if (random.next() < 0.3) broker.forget();
      later(SECOND_MS, MINUTE_MS, () => broker.start());
      return;
    case 'broker-amnesia':
      broker.forget();
      return;
    case 'cloud-crash':
      cloud.crash('any moment');
      return;
    case 'database-restart':
      database.stop();
      later(SECOND_MS, MINUTE_MS, () => database.start());
      return;
    case 'rebuild':
      // Fails where the database does; the projections then stand as they were.
      cloud.ingest?.rebuild().catch((error: Error) => history.note(`rebuild fails: ${error.message}`));
      return;
  }
}
