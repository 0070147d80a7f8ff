/**
 * Two carriers as one uplink: the first as long as it works, the second while it does not. Both carry the same batches,
 * so what went out on one and again on the other counts once; acks are taken from either at any time.
 *
 * - Switches after `afterFailures` attempts of the first in vain, or once it has been down for `afterMs`.
 * - The first keeps trying; when it has stood for a while, it is used again. Each return that came to nothing doubles
 *   that while, so that a firewall which lets connections up and nothing through does not make the uplink swing.
 */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { Uplink, UplinkHandlers } from './uplink.ts';

interface FallbackUplinkOptions {
  readonly first: Uplink;
  readonly second: Uplink;
  readonly clock: Clock;
  /** Default 5. */
  readonly afterFailures?: number;
  /** Default 60,000. */
  readonly afterMs?: number;
  /** How long the first must have stood before it is used again, default 10,000. */
  readonly settleMs?: number;
}

interface FallbackUplink extends Uplink {
  /** How often the second was switched to. */
  readonly fallbacks: number;
}

const LONGEST_SETTLE_MS = 600_000;
const LOOK_EVERY_MS = 1000;

export function createFallbackUplink(options: FallbackUplinkOptions): FallbackUplink {
  return new Fallback(options);
}

class Fallback implements FallbackUplink {
  readonly #options: FallbackUplinkOptions;
  #handlers: UplinkHandlers | undefined;
  #active: 'first' | 'second' = 'first';
  #secondStarted = false;
  /** Since when the first is down, or up; monotonic ms. */
  #firstSinceMs = 0;
  /** Has the first carried anything since it was last returned to? */
  #fruitful = true;
  #settleMs: number;
  #timer: Timer | undefined;
  #closed = false;
  fallbacks = 0;

  constructor(options: FallbackUplinkOptions) {
    this.#options = options;
    this.#settleMs = options.settleMs ?? 10_000;
  }

  get connected(): boolean {
    return this.#current.connected;
  }

  get state(): string {
    const { first, second } = this.#options;
    return this.#active === 'first'
      ? first.state
      : `fallback: ${second.state} (first choice: ${first.state})`;
  }

  get maxBatchBytes(): number | undefined {
    return this.#current.maxBatchBytes;
  }

  get failures(): number {
    return this.#current.failures ?? 0;
  }

  get malformedAcks(): number {
    const { first, second } = this.#options;
    return (first.malformedAcks ?? 0) + (second.malformedAcks ?? 0);
  }

  get #current(): Uplink {
    return this.#options[this.#active];
  }

  start(handlers: UplinkHandlers): void {
    this.#handlers = handlers;
    this.#firstSinceMs = this.#now();
    this.#options.first.start(this.#handlersFor('first'));
    this.#look();
  }

  async publish(lane: Lane, payload: Uint8Array): Promise<void> {
    const by = this.#active;
    await this.#current.publish(lane, payload);
    if (by === 'first') this.#fruitful = true;
  }

  restart(reason: string): void {
    this.#current.restart(reason);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const { first, second } = this.#options;
    await Promise.all([first.close(), ...(this.#secondStarted ? [second.close()] : [])]);
  }

  #handlersFor(which: 'first' | 'second'): UplinkHandlers {
    const own = () => this.#handlers;
    return {
      onConnected: () => {
        if (which === 'first') this.#firstSinceMs = this.#now();
        if (this.#active === which) own()?.onConnected();
      },
      onDisconnected: (reason) => {
        if (which === 'first') this.#firstSinceMs = this.#now();
        if (this.#active === which) own()?.onDisconnected(reason);
      },
      onAck: (ack: Ack) => own()?.onAck(ack),
      awaitsAck: () => own()?.awaitsAck?.() ?? true,
    };
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }

  #look(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.setTimer(LOOK_EVERY_MS, 'fallback', () => this.#look());
    const { first, afterFailures, afterMs } = this.#options;
    const forMs = this.#now() - this.#firstSinceMs;
    if (this.#active === 'first') {
      const isHopeless = forMs >= (afterMs ?? 60_000) || (first.failures ?? 0) >= (afterFailures ?? 5);
      if (!first.connected && isHopeless) this.#fallBack();
    } else if (first.connected && forMs >= this.#settleMs) this.#comeBack();
  }

  #fallBack(): void {
    const { second, settleMs } = this.#options;
    this.#settleMs = this.#fruitful ? (settleMs ?? 10_000) : Math.min(LONGEST_SETTLE_MS, this.#settleMs * 2);
    this.#active = 'second';
    this.fallbacks++;
    if (!this.#secondStarted) {
      this.#secondStarted = true;
      second.start(this.#handlersFor('second'));
    } else if (second.connected) this.#handlers?.onConnected();
  }

  #comeBack(): void {
    // What is under way on the second may still be answered; the forwarder sends it again on the first.
    if (this.#options.second.connected) this.#handlers?.onDisconnected('the first choice is back');
    this.#active = 'first';
    this.#fruitful = false;
    this.#handlers?.onConnected();
  }
}
