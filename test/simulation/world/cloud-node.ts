/**
 * The cloud's ingest as a process: the real queue and the real ingest over the simulated database. It dies at a drawn
 * await or at any time, and comes back with nothing in memory.
 */
import { createIngest, type Ingest } from '../../../cloud/ingest/ingest.ts';
import { DeliveryQueue } from '../../../cloud/intake/delivery-queue.ts';
import { decodeEpc } from '../../../protocol/epc/epc.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { checkAck } from '../checkers/early-acks.ts';
import type { FaultBox } from '../faults/fault-kinds.ts';
import type { History } from '../history.ts';
import { SITE } from '../workload/site.ts';
import type { Consumer, SimulatedBroker } from './broker.ts';
import type { Database, DatabaseClient } from './database.ts';
import { Incarnation } from './incarnation.ts';
import type { LinkMessage } from './link.ts';

interface CloudParts {
  readonly name: string;
  readonly engine: 'pglite' | 'postgres';
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: FaultBox;
  readonly history: History;
  readonly database: Database;
  readonly broker: SimulatedBroker;
  /** A wrong ingest in place of the right one: to see a checker go red. */
  readonly sabotage?: ((ingest: Ingest) => Ingest) | undefined;
}

const CLOCK_WATCH_MS = 5 * 60_000;

interface CloudLife {
  readonly life: Incarnation;
  readonly client: DatabaseClient;
  readonly ingest: Ingest;
  readonly queue: DeliveryQueue;
}

export class CloudNode implements Consumer {
  readonly #parts: CloudParts;
  #running: CloudLife | undefined;

  constructor(parts: CloudParts) {
    this.#parts = parts;
  }

  get up(): boolean {
    return this.#running !== undefined;
  }

  /** Deliveries in its hands. */
  get busy(): number {
    return this.#running?.queue.size ?? 0;
  }

  get ingest(): Ingest | undefined {
    return this.#running?.ingest;
  }

  boot(): void {
    if (this.#running !== undefined) return;
    const { name, clock, engine, database, broker, history, sabotage } = this.#parts;
    const life = new Incarnation({
      clock,
      wallNow: () => clock.now(),
      diesAtPoint: this.#drawDeath(),
      onPoint: (point) => {
        if (this.#parts.faults.over) return;
        this.#parts.faults.count('cloud-crash-at-await');
        this.crash(point);
      },
      // A transaction may wait for virtual time; its statements are tracked one by one.
      tracks: false,
    });
    const client = database.connect(life);
    const store = { db: client.db, engine, powerLossSafe: true, close: () => Promise.resolve() };
    const real = createIngest({
      store,
      site: SITE,
      clock: life.clock,
      decode: decodeEpc,
    });
    const ingest = sabotage?.(real) ?? real;
    const queue = new DeliveryQueue({
      handler: (delivery) => ingest.deliver(delivery),
      onAck: (_delivery, ack) =>
        life.run('ack', () => {
          checkAck(history, database.committed, ack);
          history.ackLeft(ack);
          broker.returnAck(ack);
        }),
      onFailure: (delivery, error) =>
        life.run('not taken', () => {
          history.note(`${name} does not take a delivery: ${error instanceof Error ? error.message : error}`);
          // Some brokers deliver again what was not taken, some do not.
          if (this.#parts.random.next() < 0.5)
            broker.again(delivery, this.#parts.random.integer(1000, 30_000));
        }),
    });
    this.#running = { life, client, ingest, queue };
    history.note(`${name} starts`);
    this.#watchClocks(life, ingest);
    broker.flush();
  }

  /** Dies; what it had open in the database is rolled back. */
  crash(where: string): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const { clock, random, history, name, faults } = this.#parts;
    running.life.end();
    history.crashes.cloud++;
    history.note(`${name} dies at: ${where}`);
    void running.client.abort();
    if (!faults.over) clock.setTimer(random.integer(1, 90_000), 'cloud restart', () => this.boot());
  }

  consume(message: LinkMessage): void {
    void this.#running?.queue.offer(message);
  }

  /** As the cloud does by its own clock: settles what waits for a gateway's clock. */
  #watchClocks(life: Incarnation, ingest: Ingest): void {
    life.clock.setTimer(CLOCK_WATCH_MS, 'waiting clocks', () => {
      ingest
        .checkClocks()
        .catch((error: Error) => this.#parts.history.note(`clocks not checked: ${error.message}`))
        .finally(() => this.#watchClocks(life, ingest));
    });
  }

  #drawDeath(): number | undefined {
    const { faults, random } = this.#parts;
    const strength = faults.strength('cloud-crash-at-await');
    if (faults.over || strength === 0) return undefined;
    return random.integer(1, Math.ceil(400 / strength));
  }
}
