/**
 * What the forwarder does with one batch of a lane: packs it, gives it to the publisher, gives it again or takes it back
 * to be cut smaller, and learns from the ack that answers it.
 */
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { Uplink } from '../uplink.ts';
import type { BatchPacker } from './batch-packer.ts';
import type { BatchPublisher } from './batch-publisher.ts';
import type { ForwarderCounters } from './forwarder-status.ts';
import type { InFlightBatch, LaneSender } from './lane-sender.ts';
import { type AckPatience, acked, ackTimeoutMs } from './link-gauge.ts';

interface BatchSendingParts {
  readonly publisher: BatchPublisher;
  readonly packer: BatchPacker;
  readonly uplink: Uplink;
  readonly clock: Clock;
  readonly random: Random;
  readonly ackPatience: AckPatience;
  readonly counters: ForwarderCounters;
  readonly onAckAt: ((at: number, sentMonotonicMs: number) => void) | undefined;
  /** The carrier has answered; what went wrong, if anything. */
  readonly onSettled: (failure: string | undefined) => void;
}

export class BatchSending {
  readonly #parts: BatchSendingParts;

  constructor(parts: BatchSendingParts) {
    this.#parts = parts;
  }

  async pack(lane: Lane, sender: LaneSender): Promise<void> {
    const { packer, publisher, counters, clock } = this.#parts;
    const packed = await packer.next(lane, sender, publisher.fitLimits());
    if (packed === undefined) return;
    if (packed.givenUp) counters.deadLettered++;
    sender.handOut(packed, publisher.liveBytes, clock.monotonicMs());
  }

  async sendAhead(lane: Lane, sender: LaneSender): Promise<void> {
    const { packer, publisher, uplink, counters, clock } = this.#parts;
    const { aheadCursor } = sender;
    if (aheadCursor === undefined) return;
    const { hardBytes } = publisher.fitLimits();
    const limits = { maxBytes: publisher.liveBytes, hardBytes };
    const packed = await packer.ahead(lane, sender, aheadCursor, limits);
    if (sender.aheadCursor !== aheadCursor || !uplink.connected) return;
    sender.sentAhead(packed?.lastSeq ?? sender.lastSeq, clock.monotonicMs());
    if (packed === undefined) return;
    counters.eventsSentAhead += packed.events;
    // Whether it arrives or not: these events go again in their turn.
    publisher.publish(lane, packed.payload, true, () => this.#parts.onSettled(undefined));
  }

  /** Sends a batch, for the first time or again; what has become too large for the link is cut anew instead. */
  send(lane: Lane, sender: LaneSender, index: number): void {
    const { publisher, clock } = this.#parts;
    const batch = sender.inFlight[index];
    if (batch === undefined) return;
    if (batch.suspected) sender.resent(clock.monotonicMs());
    else if (!batch.mustSend) {
      sender.silences++;
      publisher.silence(batch.sentAtMs);
    }
    const { maxBytes, hardBytes } = publisher.fitLimits();
    const isTooLarge = batch.bytes > Math.min(maxBytes, hardBytes) && batch.events > 1;
    if (batch.attempts > 0 && isTooLarge) sender.recut(index, clock.monotonicMs());
    else this.#publish(lane, sender, batch);
  }

  /** An ack names this batch as the last it covers. `at`: the cloud's clock at its commit. */
  answered(batch: InFlightBatch, at: number | undefined): void {
    if (batch.attempts !== 1 || !batch.first) return;
    const { publisher, clock, onAckAt } = this.#parts;
    publisher.gauge = acked(publisher.gauge, clock.monotonicMs() - (batch.takenAtMs ?? batch.sentAtMs));
    if (at !== undefined) onAckAt?.(at, batch.sentAtMs);
  }

  #publish(lane: Lane, sender: LaneSender, batch: InFlightBatch): void {
    const { publisher, clock, counters } = this.#parts;
    const attempt = ++batch.attempts;
    batch.publishing = true;
    batch.mustSend = false;
    batch.suspected = false;
    batch.sentAtMs = clock.monotonicMs();
    batch.takenAtMs = undefined;
    batch.resendAtMs = batch.sentAtMs + this.#ackTimeoutMs(sender.silences);
    if (attempt > 1 || !batch.first) counters.batchesResent++;
    else counters.eventsSent += batch.events;
    sender.sentUpTo = Math.max(sender.sentUpTo, batch.lastSeq);
    publisher.publish(lane, batch.payload, batch.live, (failure) => {
      if (batch.attempts !== attempt) return;
      batch.publishing = false;
      if (failure === undefined) {
        // The cloud's time to answer begins now: on a thin link a batch is long on its way.
        batch.takenAtMs = clock.monotonicMs();
        batch.resendAtMs = batch.takenAtMs + this.#ackTimeoutMs(sender.silences);
      } else {
        batch.mustSend = true;
        batch.resendAtMs = clock.monotonicMs() + this.#ackTimeoutMs(attempt - 1) / 10;
      }
      this.#parts.onSettled(failure);
    });
  }

  #ackTimeoutMs(silences: number): number {
    const { publisher, ackPatience, random } = this.#parts;
    return ackTimeoutMs(publisher.gauge, silences, ackPatience, random.next());
  }
}
