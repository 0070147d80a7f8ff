/**
 * A gateway as a machine: a disk that outlives everything, a wall clock that may lie, and at most one process on it,
 * made of the real journal, outbox and forwarder. It dies at a drawn await or at any time, by a kill or by a power
 * cut, and comes up on the same files after a while.
 */
import { join } from 'node:path';
import { createClockWatch } from '../../../gateway/app/clock-state.ts';
import { createDurableOutbox } from '../../../gateway/app/durable-outbox.ts';
import { createSteadyClock, onWallScale, takeScale } from '../../../gateway/app/steady-clock.ts';
import type { SystemSync } from '../../../gateway/app/system-time.ts';
import type { Journal } from '../../../gateway/journal/journal.ts';
import { JournalError } from '../../../gateway/journal/journal-error.ts';
import { openJournal } from '../../../gateway/journal/open-journal.ts';
import { createForwarder, type Forwarder } from '../../../gateway/uplink/forwarder.ts';
import type { Uplink } from '../../../gateway/uplink/uplink.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { type Random, seededRandom } from '../../../protocol/ports/random.ts';
import { checkPruned, inspectJournal } from '../checkers/journal-file.ts';
import type { FaultBox } from '../faults/fault-kinds.ts';
import type { History } from '../history.ts';
import type { Workload } from '../workload/workload.ts';
import { connectionsIn, limitPages } from './connections.ts';
import type { Disk, Image } from './disk.ts';
import { Incarnation } from './incarnation.ts';
import type { Link } from './link.ts';

export type Death = 'kill' | 'power-cut';

/** Wrong parts in place of the right ones: to see a checker go red. */
export interface GatewaySabotage {
  journal?(journal: Journal): Journal;
  uplink?(uplink: Uplink, journal: Journal): Uplink;
}

export interface GatewayParts {
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

interface Running {
  readonly journal: Journal;
  readonly forwarder: Forwarder;
  held(): number;
  stop(): Promise<void>;
}

const BOOT_RETRY_MS = 5000;
const CLOCK_CHECK_MS = 5000;
/** Some forty events more than an empty journal takes. */
const SMALL_JOURNAL_BYTES = 24 * 1024;
const LARGE_JOURNAL_BYTES = 64 * 1024 * 1024;

export class GatewayNode {
  readonly #parts: GatewayParts;
  #life: Incarnation | undefined;
  #running: Running | undefined;
  #stopping = false;
  #boots = 0;
  #epochs = 0;
  #wallOffsetMs = 0;
  /** When a time daemon last set the clock, in this boot; undefined: not yet. */
  #daemonSetAt: number | undefined;
  #pagesLeft: number | undefined;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
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
    const { epoch, lanes } = running.forwarder.status();
    const backlog = lanes.stock.backlog + lanes.condition.backlog + lanes.health.backlog;
    return (
      epoch !== '' && backlog === 0 && running.held() === 0 && this.#parts.workload.pending(this.id) === 0
    );
  }

  describe(): string {
    const status = this.#running?.forwarder.status();
    return JSON.stringify({ held: this.#running?.held(), ...status });
  }

  now(): number {
    return this.#parts.clock.now() + this.#wallOffsetMs;
  }

  /** The wall clock jumps to a time; to the right one: a time daemon set it. */
  setClock(now: number): void {
    const right = this.#parts.clock.now();
    this.#wallOffsetMs = now - right;
    if (now === right) this.#daemonSetAt = right;
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
      wallNow: () => this.now(),
      diesAtPoint: this.#drawDeath(),
      onPoint: (point) => this.#dieAtPoint(point),
      onTracked: () => disk.worked(),
      onTold: () => disk.told(),
    });
    this.#life = life;
    this.#boots++;
    this.#daemonSetAt = undefined;
    clock.setTimer(this.#parts.random.integer(5_000, 120_000), 'time daemon', () => {
      if (life.alive && this.#wallOffsetMs === 0) this.#daemonSetAt = clock.now();
    });
    history.note(`${this.id} boots`);
    this.#open(life).catch((error: unknown) => {
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

  async #open(life: Incarnation): Promise<void> {
    const { id, seed, link, workload, disk, faults, sabotage } = this.#parts;
    const bootId = `boot-${seed}-${id}-${this.#boots}`;
    const clockWatch = createClockWatch({
      clock: life.clock,
      bootId,
      systemTime: { lastSync: () => this.#lastSync() },
    });
    const small = faults.strength('small-journal') > 0;
    if (small) faults.count('small-journal');
    if (faults.strength('small-queue') > 0) faults.count('small-queue');
    const opened = await openJournal({
      file: join(disk.folder, 'journal.db'),
      clock: life.clock,
      stamp: () => clockWatch.stamp(),
      inThread: true,
      createEpoch: () => `epoch-${seed}-${id}-${++this.#epochs}`,
      createBootId: () => bootId,
      // Not by what is free on the disk of this machine.
      maxBytes: small ? SMALL_JOURNAL_BYTES : LARGE_JOURNAL_BYTES,
      ...(faults.strength('small-queue') > 0 && { maxQueuedRows: 6, groupCommitRows: 3 }),
    });
    if (this.#pagesLeft !== undefined) this.limitDisk(this.#pagesLeft);
    const guarded = life.guardPort('journal', opened);
    const journal = sabotage?.journal?.(guarded) ?? guarded;
    const { rows, wallAheadMs } = takeScale(await journal.checkpoints());
    const steady = createSteadyClock(life.clock, wallAheadMs);
    const outbox = createDurableOutbox(onWallScale(journal, steady), steady);
    // A clock event that is refused is told of as a gap; the boot is then as good as its other ones.
    clockWatch.onEvent((event) => void outbox.append({ events: [event], put: [], drop: [] }).catch(() => {}));
    const line = link.createUplink(life);
    const uplink = sabotage?.uplink?.(line, journal) ?? line;
    const forwarder = createForwarder({
      gateway: id,
      journal,
      uplink,
      clock: life.clock,
      random: seededRandom(seed, `forwarder ${id} ${this.#boots}`),
      onAckAt: (at, sentMonotonicMs) => clockWatch.onAckAt(at, sentMonotonicMs),
    });
    this.#running = {
      journal,
      forwarder,
      held: () => outbox.status().held,
      async stop() {
        outbox.close();
        await forwarder.close();
        await opened.close();
      },
    };
    const edge = { gateway: id, now: () => steady.now(), outbox, setTimer: life.clock.setTimer };
    workload.start(edge, rows);
    forwarder.start();
    // Not a point to die at: there are so many of them that few deaths would be left for the others.
    const checkClock = () => {
      if (!life.alive) return;
      clockWatch.check();
      this.#parts.clock.setTimer(CLOCK_CHECK_MS, 'clock check', checkClock);
    };
    checkClock();
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

  /** Every second gateway has a daemon that says when it set the clock. */
  #lastSync(): SystemSync {
    if (Number(this.id.at(-1)) % 2 === this.#parts.seed % 2) return 'unknown';
    return this.#daemonSetAt === undefined ? 'none' : { mark: this.#daemonSetAt };
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
