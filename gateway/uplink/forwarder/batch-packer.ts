/**
 * Reads a lane from the journal and packs its next batch. An event that fits no batch at all is given up with a gap
 * event, so that its lane goes on; one that only this carrier cannot take waits for another or a larger one.
 */
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { EventRecord } from '../../../protocol/events/record.ts';
import type { GapEvent } from '../../../protocol/events/stock-event.ts';
import { MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import { type BatchHeader, coverBatch, type FitLimits, fitBatch } from './batch-fitting.ts';
import type { LaneSender, Packed } from './lane-sender.ts';

interface BatchPackerParts {
  readonly gateway: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly maxEvents: number;
}

/** `given-up`: the packed batch only covers the seq of an event that was too large. */
type PackedBatch = Packed & { readonly givenUp: boolean };

export class BatchPacker {
  readonly #parts: BatchPackerParts;

  constructor(parts: BatchPackerParts) {
    this.#parts = parts;
  }

  /** Undefined: while reading, an ack moved the cursor or a new epoch began; look again. */
  async next(lane: Lane, sender: LaneSender, limits: FitLimits): Promise<PackedBatch | undefined> {
    const { journal, maxEvents } = this.#parts;
    const { cursor } = sender;
    const { epoch } = journal;
    const isStale = () => sender.cursor !== cursor || journal.epoch !== epoch;
    const slice = await journal.read(lane, cursor, maxEvents, sender.budgetBytes);
    if (isStale()) return undefined;
    if (slice === undefined) throw new Error(`lane ${lane} has nothing behind ${cursor}`);
    const header = this.#header(lane, sender);
    const fitted = fitBatch(header, slice, sender.budgetBytes, limits);
    if (fitted.kind === 'batch') {
      sender.budgetBytes = fitted.budgetBytes;
      return { ...fitted, givenUp: false };
    }
    if (fitted.bytes <= MAX_BATCH_BYTES) {
      throw new Error(
        `event ${fitted.record.seq} of lane ${lane} takes ${fitted.bytes} bytes, the carrier takes ${limits.hardBytes}: raise its maximum packet size to 131072`,
      );
    }
    await this.#giveUp(lane, fitted.record, fitted.bytes);
    if (isStale()) return undefined;
    const payload = coverBatch(header, slice.firstSeq, fitted.record.seq);
    return { payload, events: 0, lastSeq: fitted.record.seq, givenUp: true };
  }

  /** What lies behind `afterSeq`, as one batch of at most `maxBytes`; undefined when nothing of it fits. */
  async ahead(
    lane: Lane,
    sender: LaneSender,
    afterSeq: number,
    limits: FitLimits,
  ): Promise<Packed | undefined> {
    const { journal, maxEvents } = this.#parts;
    const { epoch } = journal;
    const slice = await journal.read(lane, afterSeq, maxEvents, sender.budgetBytes);
    if (slice === undefined || journal.epoch !== epoch) return undefined;
    const fitted = fitBatch(this.#header(lane, sender), slice, sender.budgetBytes, limits);
    return fitted.kind === 'batch' ? fitted : undefined;
  }

  #header(lane: Lane, sender: LaneSender): BatchHeader {
    const { gateway, journal } = this.#parts;
    const { n, id, base } = journal.boot;
    return {
      gateway,
      epoch: journal.epoch,
      lane,
      prunedUpTo: sender.floor,
      boot: { n, id, base: base[lane] },
    };
  }

  async #giveUp(lane: Lane, record: EventRecord, bytes: number): Promise<void> {
    const gap: GapEvent = {
      type: 'gap',
      occurredAt: this.#parts.clock.now(),
      scope: 'lane',
      lane,
      from: record.event.occurredAt,
      to: record.event.occurredAt,
      lost: 1,
      reason: `event ${record.seq} takes ${bytes} bytes, a batch holds ${MAX_BATCH_BYTES}`,
    };
    await this.#parts.journal.append({ events: [gap], put: [], drop: [] });
  }
}
