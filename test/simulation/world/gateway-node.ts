/**
 * A gateway as a machine: a disk that outlives everything, a wall clock that may lie, and at most one process on it,
 * made of the real journal, outbox and forwarder. It dies at a drawn await or at any time, by a kill or by a power
 * cut, and comes up on the same files after a while.
 */
import { JournalError } from '../../../gateway/journal/journal-error.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { checkPruned, inspectJournal } from '../checkers/journal-file.ts';
import type { FaultBox } from '../faults/fault-kinds.ts';
import type { History } from '../history.ts';
import type { Workload } from '../workload/workload.ts';
import { connectionsIn, limitPages } from './connections.ts';
import type { Disk, Image } from './disk.ts';
import { type GatewayProcess, type GatewaySabotage, startProcess } from './gateway-process.ts';
import { Incarnation } from './incarnation.ts';
import type { Link } from './link.ts';
import { WallClock } from './wall-clock.ts';

type Death = 'kill' | 'power-cut';

interface GatewayNodeParts {
  readonly id: string;
  readonly seed: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: FaultBox;
  readonly history: History;
  readonly disk: Disk;
  readonly link: Link;
  readonly workload: Workload;
  readonly sabotage?: GatewaySabotage | undefined;
}

const BOOT_RETRY_MS = 5000;

export class GatewayNode {
  readonly #parts: GatewayNodeParts;
  #life: Incarnation | undefined;
  #running: GatewayProcess | undefined;
  #stopping = false;
  #boots = 0;
  #epochs = 0;
  readonly #wall: WallClock;
  #pagesLeft: number | undefined;

  constructor(parts: GatewayNodeParts) {
    this.#parts = parts;
    this.#wall = new WallClock(parts.clock, Number(parts.id.at(-1)) % 2 !== parts.seed % 2);
  }

  get id(): string {
    return this.#parts.id;
  }

  get running(): boolean {
    return this.#running !== undefined && !this.#stopping;
  }

  /** Nothing waits here for the journal or the cloud. */
  get drained(): boolean {
    const running = this.#running;
    if (running === undefined || this.#stopping) return false;
    const { epoch, lanes } = running.forwarding();
    const backlog = lanes.stock.backlog + lanes.condition.backlog + lanes.health.backlog;
    return (
      epoch !== '' && backlog === 0 && running.held() === 0 && this.#parts.workload.pending(this.id) === 0
    );
  }

  describe(): string {
    const status = this.#running?.forwarding();
    return JSON.stringify({ held: this.#running?.held(), ...status });
  }

  now(): number {
    return this.#wall.now();
  }

  /** The wall clock jumps to a time. */
  setClock(now: number): void {
    this.#wall.set(now);
    this.#parts.history.note(`${this.id} clock says ${new Date(now).toISOString()}`);
  }

  /** Lets the disk take so many more pages; undefined: no limit. */
  limitDisk(pages: number | undefined): void {
    this.#pagesLeft = pages;
    for (const connection of connectionsIn(this.#parts.disk.folder)) limitPages(connection, pages);
  }

  boot(): void {
    if (this.#life !== undefined) return;
    const { clock, disk, history } = this.#parts;
    const life = new Incarnation({
      clock,
      wallNow: () => this.#wall.now(),
      diesAtPoint: this.#drawDeath(),
      onPoint: (point) => this.#dieAtPoint(point),
      onTracked: () => disk.worked(),
      onNotify: () => disk.notified(),
    });
    this.#life = life;
    this.#boots++;
    this.#wall.booted();
    clock.setTimer(this.#parts.random.integer(5_000, 120_000), 'time daemon', () => {
      if (life.alive) this.#wall.confirm();
    });
    history.note(`${this.id} boots`);
    this.#start(life).catch((error: unknown) => {
      if (!life.alive) return;
      if (!(error instanceof JournalError)) {
        history.violate(
          'broken',
          `${this.id} does not start: ${error instanceof Error ? error.stack : error}`,
        );
      } else history.note(`${this.id} does not start: ${error.code}`);
      this.#end(life, disk.written());
      clock.setTimer(BOOT_RETRY_MS, 'boot again', () => this.boot());
    });
  }

  async #start(life: Incarnation): Promise<void> {
    const { id, seed, clock, link, workload, disk, faults, sabotage } = this.#parts;
    const started = await startProcess({
      gateway: id,
      seed,
      boot: this.#boots,
      folder: disk.folder,
      life,
      clock,
      wall: this.#wall,
      link,
      faults,
      workload,
      createEpoch: () => `epoch-${seed}-${id}-${++this.#epochs}`,
      onOpened: () => {
        if (this.#pagesLeft !== undefined) this.limitDisk(this.#pagesLeft);
      },
      sabotage,
    });
    // It may have died while it said so.
    if (life.alive) this.#running = started;
  }

  /** Dies now. */
  crash(death: Death, where = 'any moment'): void {
    const life = this.#life;
    if (life === undefined) return;
    const { disk, history, clock, random, faults } = this.#parts;
    const image = death === 'kill' ? disk.written() : disk.afterPowerCut(where.startsWith('tracked'));
    history.note(`${this.id} dies (${death}) at: ${where}`);
    history.crashes.gateway++;
    this.#end(life, image);
    inspectJournal(history, this.id, image);
    if (!faults.over) clock.setTimer(random.integer(1, 180_000), 'gateway restart', () => this.boot());
  }

  /** Stops in order and, when `change` is done with the files, starts again. */
  restart(change: (disk: Disk) => void = () => {}): void {
    const { clock, history, random, faults, disk } = this.#parts;
    const life = this.#life;
    this.stop(() => {
      change(disk);
      if (!faults.over) clock.setTimer(random.integer(1, 60_000), 'gateway restart', () => this.boot());
    });
    if (life !== undefined) history.note(`${this.id} restarts`);
  }

  /** Stops in order. */
  stop(onStopped: () => void): void {
    const life = this.#life;
    const running = this.#running;
    if (life === undefined || running === undefined || this.#stopping) return;
    const { clock, disk, history, workload } = this.#parts;
    this.#stopping = true;
    workload.stop(this.id);
    running.stop().then(
      () => {
        if (!life.alive) return;
        clock.setTimer(0, 'stopped', () => {
          if (!life.alive) return;
          this.#end(life, disk.written());
          inspectJournal(history, this.id, disk.written());
          onStopped();
        });
      },
      (error: unknown) => {
        if (!life.alive) return;
        history.note(`${this.id} does not stop in order: ${error instanceof Error ? error.message : error}`);
        this.crash('kill', 'stopping');
      },
    );
  }

  /** Looks into the journal of the running gateway. */
  inspect(): void {
    if (!this.running) return;
    for (const db of connectionsIn(this.#parts.disk.folder)) checkPruned(this.#parts.history, this.id, db);
  }

  /** The machine is gone, with its disk. */
  remove(): void {
    this.#life?.end();
    for (const connection of connectionsIn(this.#parts.disk.folder)) connection.close();
    this.#parts.disk.remove();
  }

  #end(life: Incarnation, image: Image): void {
    const { disk, link, workload } = this.#parts;
    life.end();
    this.#life = undefined;
    this.#running = undefined;
    this.#stopping = false;
    workload.stop(this.id);
    // Closing would write; what the process left behind is put back afterwards.
    for (const connection of connectionsIn(disk.folder)) connection.close();
    disk.restore(image);
    link.drop('gateway gone');
  }

  #dieAtPoint(point: string): void {
    const { faults } = this.#parts;
    if (faults.over) return;
    const power = faults.strength('power-cut-at-await');
    const kill = faults.strength('kill-at-await');
    const death = this.#parts.random.next() * (power + kill) < power ? 'power-cut' : 'kill';
    faults.count(`${death}-at-await`);
    this.crash(death, point);
  }

  /** The await at which the next life ends: early ones often, so that starts and recoveries are cut short too. */
  #drawDeath(): number | undefined {
    const { faults, random } = this.#parts;
    const strength = Math.max(faults.strength('kill-at-await'), faults.strength('power-cut-at-await'));
    if (faults.over || strength === 0) return undefined;
    if (random.next() < 0.25) return random.integer(1, 12);
    return random.integer(1, Math.ceil(600 / strength));
  }
}
