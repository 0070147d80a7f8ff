/**
 * What every intake that dials a broker says of its link: the state in words, counters, and when it dials again. Each
 * attempt is a new connection of the caller's; between attempts lies a jittered backoff.
 */
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import { backoffMs } from './backoff.ts';

export interface BrokerLinkOptions {
  /** Without credentials: it stands in the state. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onConnected?: () => void;
  readonly onTrouble?: (event: string, detail: Record<string, unknown>) => void;
}

export interface BrokerLinkCounters {
  connects: number;
  disconnects: number;
  foreignMessages: number;
  acksDropped: number;
}

export class BrokerLink {
  readonly counters: BrokerLinkCounters = { connects: 0, disconnects: 0, foreignMessages: 0, acksDropped: 0 };
  readonly #options: BrokerLinkOptions;
  readonly #attempt: () => void;
  #retry: Timer | undefined;
  #connected = false;
  #closed = false;
  #failures = 0;
  #state = 'closed';

  /** `attempt`: begins a connection. */
  constructor(options: BrokerLinkOptions, attempt: () => void) {
    this.#options = options;
    this.#attempt = attempt;
  }

  get state(): string {
    return this.#state;
  }

  get connected(): boolean {
    return this.#connected;
  }

  dial(): void {
    this.#closed = false;
    this.#state = `connecting to ${this.#options.url}`;
    this.#attempt();
  }

  /** `how`: what is connected, in words. */
  up(how: string): void {
    // A connection may be made while its intake is being closed.
    if (this.#closed) return;
    this.#connected = true;
    this.#failures = 0;
    this.counters.connects += 1;
    this.#state = `connected to ${this.#options.url} (${how})`;
    this.#options.onConnected?.();
  }

  /** The attempt or the connection has ended; another begins by itself. */
  down(reason: string): void {
    if (this.#closed) return;
    const { url, clock, random } = this.#options;
    if (this.#connected) this.counters.disconnects += 1;
    this.#connected = false;
    this.#failures += 1;
    const waitMs = backoffMs(this.#failures, random);
    this.#state = `waiting ${Math.ceil(waitMs / 1000)} s for ${url}: ${reason}`;
    this.trouble('intake-disconnected', { reason, waitMs });
    this.#retry = clock.setTimer(waitMs, 'intake reconnect', () => this.dial());
  }

  /** A message that none of ours sent: counted, and reported with where it came from. */
  foreign(topic: string): void {
    this.counters.foreignMessages += 1;
    this.trouble('foreign-message', { topic: topic.slice(0, 200) });
  }

  trouble(event: string, detail: Record<string, unknown>): void {
    this.#options.onTrouble?.(event, detail);
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#connected = false;
    this.#state = 'closed';
  }
}
