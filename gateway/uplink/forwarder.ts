/**
 * The forwarder owns sending: it reads lanes from the journal, keeps a window of batches on their way, sends again on
 * silence, and prunes only what the cloud itself has acked. What to do next is decided in schedule.ts; this file
 * carries it out, one step at a time. Batches stay in memory until acked, so a resend is byte for byte the same.
 *
 * A carrier's "taken" (PUBACK) means only that the batch left; nothing is pruned for it. After a restart everything
 * above the pruned floor is sent again: the cloud knows events by (gateway, epoch, lane, seq).
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { EventRecord } from '../../protocol/events/record.ts';
import type { GapEvent } from '../../protocol/events/stock-event.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { MAX_BATCH_BYTES } from '../../protocol/link/batch.ts';
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import type { Journal } from '../journal/journal.ts';
import { type BatchHeader, coverBatch, fitBatch } from './batch-fitting.ts';
import { type ForwarderOptions, type ForwarderSettings, withDefaults } from './forwarder-options.ts';
import { type ForwarderStatus, noCounters } from './forwarder-status.ts';
import { type InFlightBatch, LaneSender } from './lane-sender.ts';
import { ackTimeoutMs, decide, LANE_ORDER, passedOver } from './schedule.ts';
import { type Bucket, fullBucket, readyAtMs, spend } from './token-bucket.ts';
import type { Uplink } from './uplink.ts';

/** Rest of a lane, or of the whole forwarder, after the journal failed. */
const JOURNAL_RETRY_MS = 1000;
const PRUNE_RETRY_MS = 5000;

export interface ForwarderParts {
  readonly gateway: string;
  readonly journal: Journal;
  readonly uplink: Uplink;
  readonly clock: Clock;
  readonly random: Random;
  readonly options?: ForwarderOptions;
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
  /** Of the epoch `#epoch`; undefined until the journal has told. */
  #lanes: Record<Lane, LaneSender> | undefined;
  #epoch = '';
  #publishes: Bucket;
  #bytes: Bucket;
  #lastAckAt: number | undefined;
  #lastError: string | undefined;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #active = false;
  #again = false;
  #closed = false;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    this.#settings = withDefaults(parts.options ?? {});
    const now = parts.clock.monotonicMs();
    this.#publishes = fullBucket(this.#settings.publishes, now);
    this.#bytes = fullBucket(this.#settings.bytes, now);
  }

  start(): void {
    const { journal, uplink } = this.#parts;
    journal.onAppended((lane, lastSeq) => {
      this.#lanes?.[lane].grew(lastSeq, this.#now());
      this.#wake();
    });
    uplink.start({
      onConnected: () => this.#wake(),
      onDisconnected: () => {
        for (const lane of this.#senders()) lane.linkLost(this.#now());
      },
      onAck: (ack) => this.#onAck(ack),
    });
    this.#wake();
  }

  status(): ForwarderStatus {
    const { uplink } = this.#parts;
    const laneStatus = (lane: Lane) => {
      const sender = this.#lanes?.[lane];
      return {
        lastSeq: sender?.lastSeq ?? 0,
        ackedUpTo: sender?.floor ?? 0,
        backlog: sender === undefined ? 0 : sender.lastSeq - sender.floor,
        inFlightBatches: sender?.inFlight.length ?? 0,
      };
    };
    return {
      connected: uplink.connected,
      uplink: uplink.state,
      epoch: this.#epoch,
      lanes: { stock: laneStatus('stock'), condition: laneStatus('condition'), health: laneStatus('health') },
      lastAckAt: this.#lastAckAt,
      lastError: this.#lastError,
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
    if (!uplink.connected) return false;
    const now = this.#now();
    const decision = decide(lanes, this.#settings.schedule, this.#paceReadyAtMs(now), now);
    if (decision.do === 'wait') {
      if (decision.untilMs !== undefined) this.#wakeAt(decision.untilMs);
      return false;
    }
    for (const other of passedOver(lanes, this.#settings.schedule, decision.lane, now))
      lanes[other].passedOver++;
    const sender = lanes[decision.lane];
    sender.passedOver = 0;
    if (decision.do === 'send') {
      try {
        await this.#sendNext(decision.lane, sender);
      } catch (error) {
        // Only this lane rests: a page that cannot be read must not stop the others.
        this.#journalFailed(error);
        sender.restUntilMs = this.#now() + JOURNAL_RETRY_MS;
      }
    } else {
      const batch = sender.inFlight[decision.index];
      if (batch !== undefined) this.#publish(decision.lane, batch);
    }
    return true;
  }

  async #load(): Promise<void> {
    const status = await this.#parts.journal.status();
    const now = this.#now();
    this.#epoch = status.epoch;
    this.#lanes = {
      stock: new LaneSender(status.lanes.stock, now),
      condition: new LaneSender(status.lanes.condition, now),
      health: new LaneSender(status.lanes.health, now),
    };
  }

  #paceReadyAtMs(now: number): number {
    const { publishes, bytes } = this.#settings;
    return Math.max(
      readyAtMs(this.#publishes, publishes, 1, now),
      // A batch may overdraw the byte bucket once; the debt is waited off.
      readyAtMs(this.#bytes, bytes, bytes.burst, now),
    );
  }

  async #sendNext(lane: Lane, sender: LaneSender): Promise<void> {
    const { journal, uplink } = this.#parts;
    const { cursor } = sender;
    const slice = await journal.read(lane, cursor, this.#settings.maxEvents, sender.budgetBytes);
    // While reading, an ack may have moved the cursor, the link may have gone, or a new epoch begun.
    if (sender.cursor !== cursor || !uplink.connected || journal.epoch !== this.#epoch) return;
    if (slice === undefined) throw new Error(`lane ${lane} has nothing behind ${cursor}`);
    const header = { gateway: this.#parts.gateway, epoch: this.#epoch, lane, prunedUpTo: sender.floor };
    const fitted = fitBatch(header, slice, sender.budgetBytes);
    if (fitted.kind === 'oversize') {
      await this.#deadLetter(header, sender, slice.firstSeq, fitted.record, fitted.bytes);
      return;
    }
    sender.budgetBytes = fitted.budgetBytes;
    this.#publish(lane, sender.handOut(fitted.payload, fitted.events, fitted.lastSeq, this.#now()));
  }

  /** An event that fits no batch is given up with a gap event; its lane goes on. */
  async #deadLetter(
    header: BatchHeader,
    sender: LaneSender,
    firstSeq: number,
    record: EventRecord,
    bytes: number,
  ): Promise<void> {
    const gap: GapEvent = {
      type: 'gap',
      occurredAt: this.#parts.clock.now(),
      scope: 'lane',
      lane: header.lane,
      from: record.event.occurredAt,
      to: record.event.occurredAt,
      lost: 1,
      reason: `event ${record.seq} takes ${bytes} bytes, a batch holds ${MAX_BATCH_BYTES}`,
    };
    await this.#parts.journal.append({ events: [gap], put: [], drop: [] });
    this.#counters.deadLettered++;
    if (sender.cursor !== firstSeq - 1 || this.#parts.journal.epoch !== this.#epoch) return;
    const payload = coverBatch(header, firstSeq, record.seq);
    const batch = sender.handOut(payload, 0, record.seq, this.#now());
    if (this.#parts.uplink.connected) this.#publish(header.lane, batch);
    else batch.mustResend = true;
  }

  #publish(lane: Lane, batch: InFlightBatch): void {
    const now = this.#now();
    const { publishes, bytes } = this.#settings;
    this.#publishes = spend(this.#publishes, publishes, 1, now);
    this.#bytes = spend(this.#bytes, bytes, batch.payload.length, now);
    const attempt = ++batch.attempts;
    batch.publishing = true;
    batch.mustResend = false;
    batch.resendAtMs = now + this.#ackTimeoutMs(attempt);
    this.#counters.batchesSent++;
    this.#counters.bytesSent += batch.payload.length;
    if (attempt > 1) this.#counters.batchesResent++;
    else this.#counters.eventsSent += batch.events;
    const settle = (failure: string | undefined) => {
      // A later attempt, or a broken link, has taken over.
      if (batch.attempts !== attempt || !batch.publishing) return;
      batch.publishing = false;
      if (failure !== undefined) {
        this.#counters.publishFailures++;
        this.#lastError = failure;
        batch.mustResend = true;
        batch.resendAtMs = this.#now() + this.#ackTimeoutMs(attempt) / 10;
      }
      this.#wake();
    };
    this.#parts.uplink.publish(lane, batch.payload).then(
      () => settle(undefined),
      (error: unknown) => settle(error instanceof Error ? error.message : String(error)),
    );
  }

  #ackTimeoutMs(attempt: number): number {
    return ackTimeoutMs(attempt, this.#settings.ackTimeout, this.#parts.random.next());
  }

  #onAck(ack: Ack): void {
    const sender = this.#lanes?.[ack.lane];
    if (this.#closed || sender === undefined) return;
    if (ack.gateway !== this.#parts.gateway || ack.epoch !== this.#epoch) {
      this.#counters.foreignAcks++;
      return;
    }
    switch (sender.acked(ack.upTo, this.#now(), this.#settings.ackTimeout.graceMs)) {
      case 'out-of-range':
        this.#counters.outOfRangeAcks++;
        return;
      case 'repeated':
        this.#counters.repeatedAcks++;
        break;
      case 'progress':
        this.#counters.acks++;
        this.#prune(ack.lane, sender);
        break;
    }
    this.#lastAckAt = this.#parts.clock.now();
    this.#wake();
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
