/**
 * The program on a gateway, wired as the real one is: journal, clock watch, steady clock, outbox and forwarder. In
 * place of drivers and sensing stands the workload.
 */
import { join } from 'node:path';
import { createClockWatch } from '../../../gateway/app/clock/clock-state.ts';
import { createSteadyClock, onWallScale, takeScale } from '../../../gateway/app/clock/steady-clock.ts';
import { createDurableOutbox } from '../../../gateway/app/devices/durable-outbox.ts';
import type { Journal } from '../../../gateway/journal/journal.ts';
import { openJournal } from '../../../gateway/journal/worker/open-journal.ts';
import { createForwarder } from '../../../gateway/uplink/forwarder/forwarder.ts';
import type { ForwarderStatus } from '../../../gateway/uplink/forwarder/forwarder-status.ts';
import type { Uplink } from '../../../gateway/uplink/uplink.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import type { FaultBox } from '../faults/fault-kinds.ts';
import type { Workload } from '../workload/workload.ts';
import type { Incarnation } from './incarnation.ts';
import type { Link } from './link.ts';
import type { WallClock } from './wall-clock.ts';

/** Wrong parts in place of the right ones: to see a checker go red. */
export interface GatewaySabotage {
  journal?(journal: Journal): Journal;
  uplink?(uplink: Uplink, journal: Journal): Uplink;
}

interface ProcessParts {
  readonly gateway: string;
  readonly seed: number;
  /** Counts the starts on this machine. */
  readonly boot: number;
  readonly folder: string;
  readonly life: Incarnation;
  /** Of the world. */
  readonly clock: Clock;
  readonly wall: WallClock;
  readonly link: Link;
  readonly faults: FaultBox;
  readonly workload: Workload;
  readonly createEpoch: () => string;
  /** The journal's file is open now. */
  readonly onOpened: () => void;
  readonly sabotage: GatewaySabotage | undefined;
}

export interface GatewayProcess {
  forwarding(): ForwarderStatus;
  /** Entries that the journal would not take so far. */
  held(): number;
  stop(): Promise<void>;
}

const CLOCK_CHECK_MS = 5000;
/** Some forty events more than an empty journal takes. */
const SMALL_JOURNAL_BYTES = 24 * 1024;
const LARGE_JOURNAL_BYTES = 64 * 1024 * 1024;

export async function startProcess(parts: ProcessParts): Promise<GatewayProcess> {
  const { gateway, seed, boot, folder, life, clock, wall, link, faults, workload, sabotage } = parts;
  const bootId = `boot-${seed}-${gateway}-${boot}`;
  const systemTime = { lastSync: () => wall.lastSync() };
  const clockWatch = createClockWatch({ clock: life.clock, bootId, systemTime });
  const small = faults.strength('small-journal') > 0;
  const shortQueue = faults.strength('small-queue') > 0;
  if (small) faults.count('small-journal');
  if (shortQueue) faults.count('small-queue');
  const opened = await openJournal({
    file: join(folder, 'journal.db'),
    clock: life.clock,
    stamp: () => clockWatch.stamp(),
    inThread: true,
    createEpoch: parts.createEpoch,
    createBootId: () => bootId,
    // Not by what is free on the disk of this machine.
    maxBytes: small ? SMALL_JOURNAL_BYTES : LARGE_JOURNAL_BYTES,
    ...(shortQueue && { maxQueuedRows: 6, groupCommitRows: 3 }),
  });
  parts.onOpened();
  const guarded = life.guardPort('journal', opened);
  const journal = sabotage?.journal?.(guarded) ?? guarded;
  const { rows, wallAheadMs } = takeScale(await journal.checkpoints());
  const steady = createSteadyClock(life.clock, wallAheadMs);
  const outbox = createDurableOutbox(onWallScale(journal, steady), steady);
  // One that is refused is reported as a gap, and its boot is then as good as its other clock events.
  clockWatch.onEvent((event) => void outbox.append({ events: [event], put: [], drop: [] }).catch(() => {}));
  const line = link.createUplink(life);
  const forwarder = createForwarder({
    gateway,
    journal,
    uplink: sabotage?.uplink?.(line, journal) ?? line,
    clock: life.clock,
    random: seededRandom(seed, `forwarder ${gateway} ${boot}`),
    onAckAt: (at, sentMonotonicMs) => clockWatch.onAckAt(at, sentMonotonicMs),
  });
  workload.start({ gateway, now: () => steady.now(), outbox, setTimer: life.clock.setTimer }, rows);
  forwarder.start();
  // Not a point to die at: there are so many of them that few deaths would be left for the others.
  const checkClock = () => {
    if (!life.alive) return;
    clockWatch.check();
    clock.setTimer(CLOCK_CHECK_MS, 'clock check', checkClock);
  };
  checkClock();
  return {
    forwarding: () => forwarder.status(),
    held: () => outbox.status().held,
    async stop() {
      outbox.close();
      await forwarder.close();
      await opened.close();
    },
  };
}
