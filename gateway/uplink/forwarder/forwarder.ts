/**
 * The forwarder owns sending: it reads lanes from the journal, keeps a window of batches on their way, sends again on
 * silence, and prunes only what the cloud itself has acked. What to do next is decided in schedule.ts; this file
 * carries it out, one step at a time.
 *
 * - A carrier's "taken" (PUBACK) means only that the batch left; nothing is pruned for it. After a restart everything
 *   above the pruned floor is sent again: the cloud knows events by (gateway, epoch, lane, seq).
 * - Batches stay in memory until acked, unless the link breaks or has become too thin for them: then their events are
 *   read from the journal again and cut anew.
 * - Once the cloud has refused the journal (`journal-forked`) nothing of this epoch is sent or pruned any more.
 */
import { type Lane, perLane } from '../../../protocol/events/lanes.ts';
import type { Ack } from '../../../protocol/link/ack.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Uplink } from '../uplink.ts';
import { BatchPacker } from './batch-packer.ts';
import { BatchPublisher } from './batch-publisher.ts';
import { BatchSending } from './batch-sending.ts';
import { type ForwarderOptions, type ForwarderSettings, withDefaults } from './forwarder-options.ts';
import { type ForwarderStatus, noCounters } from './forwarder-status.ts';
import { JournalRefusal } from './journal-refusal.ts';
import { LaneSender } from './lane-sender.ts';
import { usualAckMs } from './link-gauge.ts';
import { describeProblem } from './problem.ts';
import { decide, LANE_ORDER } from './schedule.ts';

/** Rest of a lane, or of the whole forwarder, after the journal failed. */
const JOURNAL_RETRY_MS = 1000;
const PRUNE_RETRY_MS = 5000;

interface ForwarderParts {
  readonly gateway: string;
  readonly journal: Journal;
  readonly uplink: Uplink;
  readonly clock: Clock;
  readonly random: Random;
  readonly options?: ForwarderOptions;
  /**
   * The cloud's clock as an ack gave it, and when the batch was sent that the ack answers, in monotonic ms. Only for
   * batches sent once: the cloud's time lies between the sending and now.
   */
  readonly onAckAt?: (at: number, sentMonotonicMs: number) => void;
}

export interface Forwarder {
  start(): void;
  status(): ForwarderStatus;
  /** Stops sending and closes the uplink; the journal stays open. */
  close(): Promise<void>;
}

export function createForwarder(parts: ForwarderParts): Forwarder {
  return new SendingLoop(parts);
}

class SendingLoop implements Forwarder {
  readonly #parts: ForwarderParts;
  readonly #settings: ForwarderSettings;
  readonly #counters = noCounters();
  readonly #publisher: BatchPublisher;
  readonly #batches: BatchSending;
  readonly #refusal: JournalRefusal;
  /** Of the epoch `#epoch`; undefined until the journal has said it. */
  #lanes: Record<Lane, LaneSender> | undefined;
  #epoch = '';
  /** What the journal said last of each lane. */
  readonly #heard = new Map<Lane, { readonly epoch: string; readonly lastSeq: number }>();
  #lastAckAt: number | undefined;
  #lastError: string | undefined;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #active = false;
  #again = false;
  #closed = false;

  constructor(parts: ForwarderParts) {
    const { uplink, clock, journal, gateway } = parts;
    this.#parts = parts;
    this.#settings = withDefaults(parts.options ?? {});
    const { maxEvents, ackPatience } = this.#settings;
    const counters = this.#counters;
    this.#publisher = new BatchPublisher({ uplink, clock, settings: this.#settings, counters });
    this.#batches = new BatchSending({
      publisher: this.#publisher,
      packer: new BatchPacker({ gateway, journal, clock, maxEvents }),
      uplink,
      clock,
      random: parts.random,
      ackPatience,
      counters,
      onAckAt: parts.onAckAt,
      onSettled: (failure) => {
        this.#lastError = failure ?? this.#lastError;
        this.#wake();
      },
    });
    this.#refusal = new JournalRefusal(journal, clock, (error) => this.#journalFailed(error));
  }

  start(): void {
    const { journal, uplink } = this.#parts;
    journal.onAppended((lane, lastSeq) => {
      this.#heard.set(lane, { epoch: journal.epoch, lastSeq });
      if (journal.epoch === this.#epoch) this.#lanes?.[lane].grew(lastSeq, this.#now(), uplink.connected);
      this.#wake();
    });
    uplink.start({
      onConnected: () => {
        this.#publisher.renewed();
        this.#wake();
      },
      onDisconnected: () => this.#linkLost(),
      onAck: (ack) => this.#onAck(ack),
      awaitsAck: () => this.#senders().some((lane) => lane.inFlight.some((batch) => batch.attempts > 0)),
    });
    this.#wake();
  }

  status(): ForwarderStatus {
    const { uplink, clock } = this.#parts;
    const laneStatus = (lane: Lane) => {
      const sender = this.#lanes?.[lane];
      return {
        lastSeq: sender?.lastSeq ?? 0,
        ackedUpTo: sender?.floor ?? 0,
        backlog: sender === undefined ? 0 : sender.lastSeq - sender.floor,
        inFlightBatches: sender?.inFlight.filter((batch) => batch.attempts > 0).length ?? 0,
      };
    };
    const refused = this.#refusal.of(this.#epoch);
    return {
      connected: uplink.connected,
      uplink: uplink.state,
      epoch: this.#epoch,
      lanes: perLane(laneStatus),
      lastAckAt: this.#lastAckAt,
      lastError: this.#lastError,
      refused: refused !== undefined,
      problem: describeProblem({
        refusal: refused?.detail,
        connected: uplink.connected,
        cloudSilentMs: this.#publisher.watchdog.cloudSilentMs(clock.monotonicMs()),
        resting: this.#senders().some((lane) => lane.restUntilMs > this.#now()) ? this.#lastError : undefined,
      }),
      linkLimitBytes: this.#publisher.gauge.limitBytes,
      malformedAcks: uplink.malformedAcks ?? 0,
      counters: { ...this.#counters },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#parts.uplink.close();
    await this.#running;
  }

  #now(): number {
    return this.#parts.clock.monotonicMs();
  }

  #senders(): LaneSender[] {
    const lanes = this.#lanes;
    return lanes === undefined ? [] : LANE_ORDER.map((lane) => lanes[lane]);
  }

  #wake(): void {
    this.#again = true;
    if (this.#closed || this.#active) return;
    // Set before anything runs: an ack may come back from within the first publish.
    this.#active = true;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      this.#timer?.cancel();
      try {
        while (await this.#step());
      } catch (error) {
        this.#journalFailed(error);
        this.#wakeAt(this.#now() + JOURNAL_RETRY_MS);
      }
    }
    this.#active = false;
  }

  /** The journal could not be read or written: it is tried again, and the status says why. */
  #journalFailed(error: unknown): void {
    this.#counters.journalFailures++;
    this.#lastError = error instanceof Error ? error.message : String(error);
  }

  #wakeAt(atMs: number): void {
    this.#timer?.cancel();
    // Whole milliseconds, rounded up: a timer that fires a hair early would find nothing due and set itself again.
    const delayMs = Math.max(1, Math.ceil(atMs - this.#now()));
    this.#timer = this.#parts.clock.setTimer(delayMs, 'forwarder', () => this.#wake());
  }

  /** Does one thing; false when there is nothing to do before a timer, an ack or an append. */
  async #step(): Promise<boolean> {
    const { journal, uplink } = this.#parts;
    if (this.#closed) return false;
    const lanes = this.#lanes;
    if (lanes === undefined || this.#epoch !== journal.epoch) {
      await this.#load();
      return true;
    }
    if (!uplink.connected || this.#refusal.of(this.#epoch) !== undefined) return false;
    const silence = this.#publisher.watchdog.overdue(this.#now());
    if (silence !== undefined) {
      this.#rebuildCarrier(silence);
      return true;
    }
    // One moment for the whole decision: a real clock moves between two looks, and nothing would ever be ready.
    const now = this.#now();
    const readyAt = (bytes: number, live: boolean) => this.#publisher.readyAtMs(bytes, live, now);
    const decision = decide(lanes, this.#settings.schedule, readyAt, now);
    if (decision.do === 'wait') {
      const times = [decision.untilMs, this.#publisher.watchdog.nextAtMs()].filter((at) => at !== undefined);
      if (times.length > 0) this.#wakeAt(Math.min(...times));
      return false;
    }
    const sender = lanes[decision.lane];
    if (decision.do !== 'pack') {
      for (const other of decision.passedOver) lanes[other].passedOver++;
      sender.passedOver = 0;
    }
    if (decision.do === 'publish') {
      this.#batches.send(decision.lane, sender, decision.index);
      return true;
    }
    try {
      if (decision.do === 'pack') await this.#batches.pack(decision.lane, sender);
      else await this.#batches.sendAhead(decision.lane, sender);
    } catch (error) {
      // Only this lane rests: a page that cannot be read must not stop the others.
      this.#journalFailed(error);
      sender.restUntilMs = this.#now() + JOURNAL_RETRY_MS;
    }
    return true;
  }

  async #load(): Promise<void> {
    const { journal, uplink } = this.#parts;
    const status = await journal.status();
    const now = this.#now();
    this.#epoch = status.epoch;
    if (status.forked !== undefined) this.#refusal.known(status.epoch, status.forked.detail);
    this.#publisher.watchdog.renewed();
    this.#lanes = perLane((lane) => new LaneSender(status.lanes[lane], now));
    // What was appended while the answer was under way, it may not know of.
    for (const [lane, { epoch, lastSeq }] of this.#heard) {
      if (epoch === status.epoch) this.#lanes[lane].grew(lastSeq, now, uplink.connected);
    }
  }

  #linkLost(): void {
    this.#publisher.renewed();
    for (const lane of this.#senders()) lane.linkLost(this.#now());
  }

  #rebuildCarrier(silence: 'carrier' | 'cloud'): void {
    this.#counters.uplinkRestarts++;
    this.#publisher.watchdog.rebuilt();
    this.#linkLost();
    this.#parts.uplink.restart(
      silence === 'carrier'
        ? 'rebuilt: batches under way and no sign of life'
        : 'rebuilt: batches are taken and none is acked',
    );
  }

  #onAck(ack: Ack): void {
    const sender = this.#lanes?.[ack.lane];
    if (this.#closed || sender === undefined) return;
    if (!this.#isOurs(ack)) {
      this.#counters.foreignAcks++;
      return;
    }
    if (ack.refused !== undefined || this.#refusal.of(ack.epoch) !== undefined) {
      this.#refuse(ack);
      return;
    }
    const patience = { graceMs: this.#settings.ackGraceMs, usualMs: usualAckMs(this.#publisher.gauge) };
    const verdict = sender.acked(ack.upTo, this.#now(), patience);
    switch (verdict.kind) {
      case 'out-of-range':
        this.#counters.outOfRangeAcks++;
        return;
      case 'repeated':
        this.#counters.repeatedAcks++;
        break;
      case 'progress':
        this.#counters.acks++;
        if (verdict.answered !== undefined) this.#batches.answered(verdict.answered, ack.at);
        this.#prune(ack.lane, sender);
        break;
    }
    this.#publisher.watchdog.acked(
      this.#now(),
      this.#senders().every((lane) => lane.inFlight.length === 0),
    );
    this.#lastAckAt = this.#parts.clock.now();
    this.#wake();
  }

  #isOurs({ gateway, epoch, boot }: Ack): boolean {
    const { journal, gateway: own } = this.#parts;
    return gateway === own && epoch === this.#epoch && (boot === undefined || boot === journal.boot.id);
  }

  /** Of a refused journal nothing is pruned: what stands under these names in the cloud is another's. */
  #refuse(ack: Ack): void {
    if (ack.refused === undefined) return;
    this.#counters.refusals++;
    this.#refusal.record(ack.epoch, ack.refused.detail);
    this.#linkLost();
  }

  #prune(lane: Lane, sender: LaneSender): void {
    const upTo = sender.floor;
    this.#parts.journal.prune(this.#epoch, lane, upTo).catch((error: unknown) => {
      if (this.#closed) return;
      this.#journalFailed(error);
      this.#parts.clock.setTimer(PRUNE_RETRY_MS, 'forwarder prune', () => {
        if (!this.#closed && this.#lanes?.[lane] === sender && sender.floor === upTo)
          this.#prune(lane, sender);
      });
    });
  }
}
