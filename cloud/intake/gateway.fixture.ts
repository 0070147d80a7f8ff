/**
 * For tests: a gateway's end of the link, on whatever transport, and a ledger to deliver to. The gateway numbers its
 * batches and sends what is not acked again, as the real one does; the ledger counts what took effect, can be slow,
 * and can be away. A batch of the test is its number, a word about its fate, and padding.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { MAX_BATCH_BYTES } from '../../protocol/link/batch.ts';
import { cover, START, type Watermark } from '../ingest/delivery/watermark.ts';
import type { Delivery } from './intake.ts';

export const EPOCH = 'epoch-of-test';
const HEADER_BYTES = 5;
const SOUND = 0;
const POISON = 1;

export function batchOf(seq: number, bytes = HEADER_BYTES): Buffer {
  const payload = Buffer.alloc(bytes, seq % 251);
  payload.writeUInt32BE(seq);
  payload[4] = SOUND;
  return payload;
}

export function poisonBatch(): Buffer {
  const payload = batchOf(999);
  payload[4] = POISON;
  return payload;
}

/** One transport's way up and down. */
export interface GatewayWire {
  /** Hands a payload over if it can; what is lost on the way is sent again by whoever wants it there. */
  send(lane: Lane, payload: Buffer): void;
  say(state: 'online' | 'offline'): void;
  onAck(listener: (ack: Ack) => void): void;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 20;
const RESEND_EVERY_MS = 300;
const PATIENCE_MS = 300_000;

export class TestGateway {
  readonly id: string;
  readonly acks: Ack[] = [];
  readonly #wire: GatewayWire;
  readonly #unacked = new Map<number, { readonly lane: Lane; readonly payload: Buffer }>();
  #heard: () => void = () => {};

  constructor(id: string, wire: GatewayWire) {
    this.id = id;
    this.#wire = wire;
    wire.onAck((ack) => {
      this.acks.push(ack);
      for (const seq of this.#unacked.keys()) if (seq <= ack.upTo) this.#unacked.delete(seq);
      this.#heard();
    });
  }

  /** In this order, on the lane `stock`. */
  send(...seqs: number[]): void {
    for (const seq of seqs) this.sendBytes(seq, batchOf(seq));
  }

  sendBytes(seq: number, payload: Buffer, lane: Lane = 'stock'): void {
    this.#unacked.set(seq, { lane, payload });
    this.#wire.send(lane, payload);
  }

  /** Something that will never be acked. */
  sendHopeless(payload: Buffer): void {
    this.#wire.send('stock', payload);
  }

  say(state: 'online' | 'offline'): void {
    this.#wire.say(state);
  }

  /** Until all that was sent is acked; sends again meanwhile. */
  async settled(): Promise<void> {
    await this.until(() => this.#unacked.size === 0, 'acks of all batches');
  }

  async until(done: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    let resendAt = performance.now() + RESEND_EVERY_MS;
    while (!done()) {
      if (performance.now() > deadline) throw new Error(`${this.id} waited in vain for ${what}`);
      if (performance.now() > resendAt) {
        for (const { lane, payload } of this.#unacked.values()) this.#wire.send(lane, payload);
        resendAt = performance.now() + RESEND_EVERY_MS;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#heard = resolve;
      const patience = setTimeout(resolve, LOOK_EVERY_MS);
      await promise;
      clearTimeout(patience);
    }
  }

  async close(): Promise<void> {
    await this.#wire.close();
  }
}

/** What a database does with the batches of a test. */
export class TestLedger {
  /** In the order of arrival: `gateway/lane seq`. */
  readonly came: string[] = [];
  readonly lastPayload = new Map<string, Uint8Array>();
  running = 0;
  mostRunning = 0;
  away = false;
  readonly #lanes = new Map<string, Watermark>();
  readonly #took = new Map<string, number>();
  #gate: Promise<void> = Promise.resolve();

  /** From now on nothing is committed until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  upTo(gateway: string, lane: Lane = 'stock'): number {
    return this.#lanes.get(`${gateway}/${lane}`)?.upTo ?? 0;
  }

  /** Batches of the gateways committed by this worker. */
  takenBy(worker: string): number {
    return this.#took.get(worker) ?? 0;
  }

  async deliver(worker: string, delivery: Delivery): Promise<Ack | undefined> {
    const { gateway, lane } = delivery;
    const payload = Buffer.from(delivery.payload);
    if (payload.length < HEADER_BYTES || payload.length > MAX_BATCH_BYTES) return undefined;
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    await this.#gate;
    this.running -= 1;
    if (this.away) throw new Error('the database is away');
    const seq = payload.readUInt32BE();
    this.came.push(`${gateway}/${lane} ${seq}`);
    this.lastPayload.set(gateway, payload);
    if (payload[4] === POISON) return undefined;
    const key = `${gateway}/${lane}`;
    const watermark = cover(this.#lanes.get(key) ?? START, seq, seq);
    this.#lanes.set(key, watermark);
    this.#took.set(worker, this.takenBy(worker) + 1);
    return { v: 1, gateway, epoch: EPOCH, lane, upTo: watermark.upTo };
  }
}
