/**
 * Between a broker and the ingest: a bounded queue. The deliveries of one (gateway, lane) enter the handler in the
 * order they came; lanes take turns, so that one gateway with a long backlog does not stand before the others. A
 * full queue makes `offer` wait, which holds back the PUBACK and with it the sender: the link's durability is our
 * own ack, so nothing here needs to survive a crash.
 */
import type { Ack } from '../../protocol/link/ack.ts';
import type { Delivery, DeliveryHandler } from './intake.ts';

/** Deliveries waiting or in the handler; at MAX_BATCH_BYTES each this bounds the memory to 30 MB. */
export const MAX_QUEUED_DELIVERIES = 256;
/** Handlers running at once: the ingest commits together what waits at the same time. */
export const MAX_HANDLERS = 32;

export interface DeliveryCounters {
  /** Handed to the ingest and answered. */
  delivered: number;
  /** Not taken by the ingest: no ack, the gateway sends again. */
  failed: number;
  /** Times an offer had to wait for room. */
  held: number;
}

export interface DeliveryQueueOptions {
  readonly handler: DeliveryHandler;
  readonly onAck: (delivery: Delivery, ack: Ack) => void;
  readonly onFailure: (delivery: Delivery, error: unknown) => void;
  readonly limit?: number;
  readonly handlers?: number;
}

export class DeliveryQueue {
  readonly counters: DeliveryCounters = { delivered: 0, failed: 0, held: 0 };
  readonly #options: DeliveryQueueOptions;
  readonly #limit: number;
  readonly #handlers: number;
  /** Insertion order is the turn order: a key that was served goes to the back. */
  readonly #waiting = new Map<string, Delivery[]>();
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
    this.#size += 1;
    const key = `${delivery.gateway}/${delivery.lane}`;
    const line = this.#waiting.get(key);
    if (line) line.push(delivery);
    else this.#waiting.set(key, [delivery]);
    this.#dispatch();
    return true;
  }

  /** Takes nothing more, forgets what waits (it was not acked), resolves when the running handlers are done. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const line of this.#waiting.values()) this.#size -= line.length;
    this.#waiting.clear();
    this.#wakeForRoom();
    if (this.#running > 0) await new Promise<void>((resolve) => this.#forIdle.push(resolve));
  }

  #dispatch(): void {
    while (this.#running < this.#handlers) {
      const next = this.#nextInTurn();
      if (next === undefined) return;
      this.#running += 1;
      void this.#handle(next);
    }
  }

  #nextInTurn(): Delivery | undefined {
    for (const [key, line] of this.#waiting) {
      const delivery = line.shift();
      this.#waiting.delete(key);
      if (line.length > 0) this.#waiting.set(key, line);
      if (delivery !== undefined) return delivery;
    }
    return undefined;
  }

  async #handle(delivery: Delivery): Promise<void> {
    try {
      const ack = await this.#options.handler(delivery);
      this.counters.delivered += 1;
      if (ack !== undefined) this.#options.onAck(delivery, ack);
    } catch (error) {
      this.counters.failed += 1;
      this.#options.onFailure(delivery, error);
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
