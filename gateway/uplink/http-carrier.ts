/**
 * What every uplink by HTTP request does the same way. HTTP has no connection to lose, so "connected" means: the last
 * attempt was answered, or its pause is over and the next batch may try. One exchange per batch, never repeated here.
 *
 * - A few requests at a time; after a failure one alone, until it succeeds.
 * - A failure that is not the batch's own (network, 401, 429, 503 …) pauses the whole carrier, with jittered backoff, or
 *   as long as the server asks (Retry-After).
 * - 413 and the like make batches smaller.
 * - Where the server can be greeted, it is, at the start, after each pause and every minute without a batch: so the state
 *   is true on a quiet site, too.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { describeError } from '../../protocol/link/carrier-words.ts';
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import { DEFAULT_PAUSES, type PauseLimits, pauseMs } from './carrier-pause.ts';
import type { Uplink, UplinkHandlers } from './uplink.ts';

/** What came of one request. Network trouble is an error thrown by `send`. */
export type SendOutcome =
  | { readonly kind: 'taken'; readonly acks: readonly Ack[]; readonly malformed: boolean }
  /** This batch will not be taken as it is. */
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'too-large'; readonly words: string }
  /** Nothing is taken now. `afterMs`: as the server asks. */
  | { readonly kind: 'not-now'; readonly words: string; readonly afterMs: number | undefined };

export interface HttpExchange {
  /** For the status page, without secrets. */
  readonly address: string;
  send(lane: Lane, payload: Uint8Array, signal: AbortSignal): Promise<SendOutcome>;
  /** Says that the gateway is there; `taken` when the server knows it. */
  greet?(signal: AbortSignal): Promise<SendOutcome>;
  /** Says goodbye; what comes of it changes nothing. */
  leave?(signal: AbortSignal): Promise<unknown>;
  /** Drops idle connections: the next request makes a new one. */
  reset(): void;
}

interface HttpCarrierOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly backoffMs?: PauseLimits;
  /** Requests at a time, default 4. */
  readonly concurrency?: number;
  /** Longest wait for an answer, default 30,000, and one more per byte: a thin link is not a dead one. */
  readonly answerTimeoutMs?: number;
}

const DEFAULT_CONCURRENCY = 4;
const ANSWER_TIMEOUT_MS = 30_000;
const SLOWEST_MS_PER_BYTE = 1;
const MIN_BATCH_BYTES = 2048;
const GREET_EVERY_MS = 60_000;
const GOODBYE_MS = 2000;
/** A server may not silence a gateway for longer by Retry-After. */
const MAX_ASKED_PAUSE_MS = 300_000;

interface WaitingRequest {
  readonly bytes: number;
  send(signal: AbortSignal): Promise<SendOutcome>;
  resolve(): void;
  reject(error: Error): void;
}

export class HttpCarrier implements Uplink {
  readonly #exchange: HttpExchange;
  readonly #options: HttpCarrierOptions;
  readonly #waiting: WaitingRequest[] = [];
  readonly #running = new Set<AbortController>();
  #handlers: UplinkHandlers | undefined;
  #open = false;
  #proven = false;
  #retry: Timer | undefined;
  #greeting: Timer | undefined;
  #heardAtMs = 0;
  #state = 'not started';
  #complaint: string | undefined;
  #closed = false;
  failures = 0;
  malformedAcks = 0;
  maxBatchBytes: number | undefined;

  constructor(exchange: HttpExchange, options: HttpCarrierOptions) {
    this.#exchange = exchange;
    this.#options = options;
  }

  get connected(): boolean {
    return this.#open;
  }

  get state(): string {
    return this.#open && this.#complaint !== undefined ? `${this.#state}; ${this.#complaint}` : this.#state;
  }

  start(handlers: UplinkHandlers): void {
    this.#handlers = handlers;
    this.#reopen();
  }

  publish(lane: Lane, payload: Uint8Array): Promise<void> {
    if (!this.#open) return Promise.reject(new Error('not connected'));
    return this.#enqueue(payload.length, (signal) => this.#exchange.send(lane, payload, signal));
  }

  restart(reason: string): void {
    if (this.#open) this.#pause(reason, undefined);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry?.cancel();
    this.#greeting?.cancel();
    this.#open = false;
    this.#state = 'closed';
    this.#dropAll('closed');
    if (this.#proven) await this.#leave();
    this.#exchange.reset();
  }

  async #leave(): Promise<void> {
    const abort = new AbortController();
    const timer = this.#options.clock.setTimer(GOODBYE_MS, 'http goodbye', () => abort.abort());
    // Whether it is heard or not: the server notices the silence.
    await this.#exchange.leave?.(abort.signal).catch(() => undefined);
    timer.cancel();
  }

  #enqueue(bytes: number, send: (signal: AbortSignal) => Promise<SendOutcome>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, send, resolve, reject });
      this.#pump();
    });
  }

  #reopen(): void {
    if (this.#closed) return;
    this.#open = true;
    this.#proven = false;
    this.#complaint = undefined;
    this.#state = `ready for ${this.#exchange.address}`;
    this.#greet();
    this.#handlers?.onConnected();
  }

  #greet(): void {
    const { clock } = this.#options;
    const { greet } = this.#exchange;
    if (greet === undefined) return;
    // What goes wrong pauses the carrier like any other request.
    this.#enqueue(0, (signal) => greet.call(this.#exchange, signal)).catch(() => undefined);
    const again = (delayMs: number) => {
      this.#greeting?.cancel();
      this.#greeting = clock.setTimer(delayMs, 'http greeting', () => {
        if (!this.#open) return;
        const quietMs = clock.monotonicMs() - this.#heardAtMs;
        if (quietMs >= GREET_EVERY_MS) this.#greet();
        else again(GREET_EVERY_MS - quietMs);
      });
    };
    again(GREET_EVERY_MS);
  }

  #pump(): void {
    const limit = this.#proven ? (this.#options.concurrency ?? DEFAULT_CONCURRENCY) : 1;
    while (this.#open && this.#running.size < limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#request(next).then(
        () => this.#pump(),
        () => this.#pump(),
      );
    }
  }

  async #request(one: WaitingRequest): Promise<void> {
    const abort = new AbortController();
    this.#running.add(abort);
    const { clock, answerTimeoutMs } = this.#options;
    const limitMs = (answerTimeoutMs ?? ANSWER_TIMEOUT_MS) + one.bytes * SLOWEST_MS_PER_BYTE;
    const timer = clock.setTimer(limitMs, 'http answer', () =>
      abort.abort(new Error(`no answer within ${limitMs} ms`)),
    );
    try {
      const outcome = await one.send(abort.signal);
      if (abort.signal.aborted) throw abort.signal.reason;
      this.#settle(one, outcome);
    } catch (error) {
      const reason: unknown = abort.signal.aborted ? abort.signal.reason : error;
      const words = describeError(reason);
      one.reject(new Error(`link lost: ${words}`));
      if (this.#running.has(abort)) this.#pause(words, undefined);
    } finally {
      timer.cancel();
      this.#running.delete(abort);
    }
  }

  #settle(one: WaitingRequest, outcome: SendOutcome): void {
    switch (outcome.kind) {
      case 'taken':
        this.#proven = true;
        this.#heardAtMs = this.#options.clock.monotonicMs();
        this.failures = 0;
        this.#complaint = undefined;
        this.#state = `connected to ${this.#exchange.address}`;
        if (outcome.malformed) this.malformedAcks++;
        for (const ack of outcome.acks) this.#handlers?.onAck(ack);
        one.resolve();
        return;
      case 'refused':
        this.#complaint = outcome.words;
        one.reject(new Error(outcome.words));
        return;
      case 'too-large':
        this.#complaint = outcome.words;
        this.maxBatchBytes = Math.max(MIN_BATCH_BYTES, Math.floor(one.bytes / 2));
        one.reject(new Error(outcome.words));
        return;
      case 'not-now':
        one.reject(new Error(outcome.words));
        this.#pause(outcome.words, outcome.afterMs);
    }
  }

  #pause(reason: string, askedMs: number | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#dropAll(reason);
    this.#exchange.reset();
    const { clock, random, backoffMs } = this.#options;
    const own = pauseMs(backoffMs ?? DEFAULT_PAUSES, this.failures++, random);
    const delayMs = Math.max(own, Math.min(askedMs ?? 0, MAX_ASKED_PAUSE_MS));
    this.#state = `waiting ${Math.ceil(delayMs / 1000)} s: ${reason}`;
    this.#retry = clock.setTimer(delayMs, 'http retry', () => this.#reopen());
    this.#handlers?.onDisconnected(reason);
  }

  #dropAll(reason: string): void {
    const gone = new Error(`link lost: ${reason}`);
    for (const one of this.#waiting.splice(0)) one.reject(gone);
    for (const abort of [...this.#running]) {
      this.#running.delete(abort);
      abort.abort(gone);
    }
  }
}
