/**
 * The live stream: what changed, published to every open page. A subscriber that does not read as fast as messages come
 * has a bounded queue; when that is full it is dropped and counted, and the page fetches anew when it reconnects.
 * Nothing here is durable: the ledger is.
 */
import type { LiveMessage } from '../../contract/live.ts';

/** Streams open at once. */
export const MAX_SUBSCRIBERS = 200;
/** Messages waiting for one slow subscriber. */
export const MAX_QUEUED_MESSAGES = 256;

/** One subscriber's connection; `write` says false when it would rather be asked again after `drained()`. */
interface LiveSink {
  write(text: string): boolean;
  /** The connection is of no more use. */
  destroy(): void;
}

interface LiveSubscription {
  /** The sink takes more. */
  drained(): void;
  /** A line that keeps proxies from closing the connection. */
  heartbeat(): void;
  close(): void;
}

export class LiveBus {
  readonly counters = { liveMessages: 0, liveSlowClientsDropped: 0 };
  readonly #subscribers = new Set<Subscriber>();

  get size(): number {
    return this.#subscribers.size;
  }

  publish(messages: readonly LiveMessage[]): void {
    this.counters.liveMessages += messages.length;
    for (const message of messages) {
      const text = `data: ${JSON.stringify(message)}\n\n`;
      for (const subscriber of this.#subscribers) {
        if (subscriber.send(text)) continue;
        this.counters.liveSlowClientsDropped += 1;
        this.#subscribers.delete(subscriber);
      }
    }
  }

  /** Undefined when MAX_SUBSCRIBERS are here already. */
  subscribe(sink: LiveSink): LiveSubscription | undefined {
    if (this.#subscribers.size >= MAX_SUBSCRIBERS) return undefined;
    const subscriber = new Subscriber(sink);
    this.#subscribers.add(subscriber);
    return {
      drained: () => subscriber.drained(),
      heartbeat: () => subscriber.heartbeat(),
      close: () => this.#subscribers.delete(subscriber),
    };
  }

  /** Ends every stream. */
  close(): void {
    for (const subscriber of this.#subscribers) subscriber.end();
    this.#subscribers.clear();
  }
}

class Subscriber {
  readonly #sink: LiveSink;
  readonly #queue: string[] = [];
  #writable = true;

  constructor(sink: LiveSink) {
    this.#sink = sink;
  }

  /** False when the queue is full and the connection was given up. */
  send(text: string): boolean {
    if (this.#writable) {
      this.#writable = this.#sink.write(text);
      return true;
    }
    if (this.#queue.length >= MAX_QUEUED_MESSAGES) {
      this.end();
      return false;
    }
    this.#queue.push(text);
    return true;
  }

  drained(): void {
    this.#writable = true;
    while (this.#writable && this.#queue.length > 0) {
      this.#writable = this.#sink.write(this.#queue.splice(0).join(''));
    }
  }

  heartbeat(): void {
    if (this.#writable) this.#writable = this.#sink.write(': beat\n\n');
  }

  end(): void {
    this.#queue.length = 0;
    this.#sink.destroy();
  }
}
