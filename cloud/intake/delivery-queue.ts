/**
 * Between a broker and the ingest: a bounded queue. The deliveries of one (gateway, lane) enter the handler in the
 * order they came; lanes take turns, so that one gateway with a long backlog does not stand before the others. A
 * full queue makes `offer` wait, which holds back the PUBACK and with it the sender; `submit` refuses instead, for
 * transports that can ask the sender to come again. The link's durability is our own ack, so nothing here needs
 * to survive a crash.
 */
import type { Ack } from '../../protocol/link/ack.ts';
import type { Delivery, DeliveryHandler } from './intake.ts';

/** Deliveries waiting or in the handler; at MAX_BATCH_BYTES each this bounds the memory to 30 MB. */
export const MAX_QUEUED_DELIVERIES = 256;
/** Handlers running at once: the ingest commits together what waits of a lane at the same time. */
export const MAX_HANDLERS = 32;

export interface DeliveryCounters {
  /** Handed to the ingest and answered. */
  delivered: number;
  /** Not taken by the ingest: no ack, the gateway sends again. */
  failed: number;
  /** Times an offer had to wait for room. */
  held: number;
}

/** How a delivery ended: in the ledger, refused for good (no ack will ever come), or not taken: to be sent again. */
export type DeliveryOutcome =
  | { readonly kind: 'taken'; readonly ack: Ack }
  | { readonly kind: 'refused' }
  | { readonly kind: 'not-taken'; readonly reason: string };

interface DeliveryQueueOptions {
  readonly handler: DeliveryHandler;
  readonly onAck?: (delivery: Delivery, ack: Ack) => void;
  readonly onFailure: (delivery: Delivery, error: unknown) => void;
  readonly limit?: number;
  readonly handlers?: number;
}

interface QueuedDelivery {
  readonly delivery: Delivery;
  readonly settle: (outcome: DeliveryOutcome) => void;
}

const CLOSING: DeliveryOutcome = { kind: 'not-taken', reason: 'the intake is closing' };
const ignore = () => {};

export class DeliveryQueue {
  readonly counters: DeliveryCounters = { delivered: 0, failed: 0, held: 0 };
  readonly #options: DeliveryQueueOptions;
  readonly #limit: number;
  readonly #handlers: number;
  /** Insertion order is the turn order: a key that was served goes to the back. */
  readonly #waiting = new Map<string, QueuedDelivery[]>();
  #running = 0;
  #size = 0;
  #closed = false;
  #forRoom: (() => void)[] = [];
  #forIdle: (() => void)[] = [];

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    this.#limit = options.limit ?? MAX_QUEUED_DELIVERIES;
    this.#handlers = options.handlers ?? MAX_HANDLERS;
  }

  /** Deliveries waiting or in the handler. */
  get size(): number {
    return this.#size;
  }

  /** Resolves true once the delivery has a place, false when the queue was closed instead. */
  async offer(delivery: Delivery): Promise<boolean> {
    while (!this.#closed && this.#size >= this.#limit) {
      this.counters.held += 1;
      await new Promise<void>((resolve) => this.#forRoom.push(resolve));
    }
    if (this.#closed) return false;
    this.#enter({ delivery, settle: ignore });
    return true;
  }

  /** How the delivery ended; undefined when there is no place for it now. Never rejects. */
  submit(delivery: Delivery): Promise<DeliveryOutcome> | undefined {
    if (this.#closed) return Promise.resolve(CLOSING);
    if (this.#size >= this.#limit) {
      this.counters.held += 1;
      return undefined;
    }
    return new Promise((settle) => this.#enter({ delivery, settle }));
  }

  /** Resolves once there is a place, or the queue was closed. */
  async room(): Promise<void> {
    while (!this.#closed && this.#size >= this.#limit) {
      await new Promise<void>((resolve) => this.#forRoom.push(resolve));
    }
  }

  /** Takes nothing more, forgets what waits (it was not acked), resolves when the running handlers are done. */
  async close(): Promise<void> {
    this.#closed = true;
    const forgotten = [...this.#waiting.values()].flat();
    this.#size -= forgotten.length;
    this.#waiting.clear();
    for (const { settle } of forgotten) settle(CLOSING);
    this.#wakeForRoom();
    if (this.#running > 0) await new Promise<void>((resolve) => this.#forIdle.push(resolve));
  }

  #enter(entry: QueuedDelivery): void {
    this.#size += 1;
    const { gateway, lane } = entry.delivery;
    const key = `${gateway}/${lane}`;
    const line = this.#waiting.get(key);
    if (line) line.push(entry);
    else this.#waiting.set(key, [entry]);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#running < this.#handlers) {
      const next = this.#nextInTurn();
      if (next === undefined) return;
      this.#running += 1;
      void this.#handle(next);
    }
  }

  #nextInTurn(): QueuedDelivery | undefined {
    for (const [key, line] of this.#waiting) {
      const entry = line.shift();
      this.#waiting.delete(key);
      if (line.length > 0) this.#waiting.set(key, line);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  async #handle({ delivery, settle }: QueuedDelivery): Promise<void> {
    try {
      const ack = await this.#options.handler(delivery);
      this.counters.delivered += 1;
      if (ack !== undefined) this.#options.onAck?.(delivery, ack);
      settle(ack === undefined ? { kind: 'refused' } : { kind: 'taken', ack });
    } catch (error) {
      this.counters.failed += 1;
      this.#options.onFailure(delivery, error);
      settle({ kind: 'not-taken', reason: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#running -= 1;
      this.#size -= 1;
      this.#wakeForRoom();
      this.#dispatch();
      if (this.#running === 0) for (const resolve of this.#forIdle.splice(0)) resolve();
    }
  }

  #wakeForRoom(): void {
    const woken = this.#forRoom;
    this.#forRoom = [];
    for (const resolve of woken) resolve();
  }
}
