/**
 * How fresh a message from a broker of the site is, as far as MQTT can say. One judge per connection.
 *
 * - RETAIN is set only on what the broker had kept when the gateway subscribed (3.1.1, 3.3.1.3; 5, 3.3.1.3 with
 *   retain-as-published off): retained.
 * - DUP is set only on what was sent before (3.3.1.1): replayed.
 * - In a session that did not exist before, nothing can have been held back: live.
 * - In a session taken up again the queue comes first. MQTT 5: each connection subscribes with a new subscription
 *   identifier (3.8.2.1.2), and what was queued bears an older one. Without identifiers, messages before the SUBACK
 *   are replayed and those after it of unknown age, until a ping proves that the queue is empty.
 *
 * The ping: a broker sends the next of its queue as soon as an answer makes room. So when fewer messages wait for our
 * answer than the broker has had under way before, and none arrives between PINGREQ and PINGRESP, nothing is queued. A
 * broker that hands its queue over at a pace of its own (AWS IoT: 10/s) defeats this; the manual says so.
 */
import type { MessageOrigin } from '../../drivers/driver.ts';

interface ReceivedFlags {
  readonly retain: boolean;
  readonly dup: boolean;
  readonly subscriptionIds: readonly number[];
}

export class OriginJudge {
  /** Undefined when the broker takes no identifiers. */
  readonly #subscriptionId: number | undefined;
  #mayBeQueued: boolean;
  #subscribed = false;
  #arrivals = 0;
  #unanswered = 0;
  #mostUnanswered = 0;
  /** Pings without answer yet, in order. */
  readonly #pings: { readonly arrivals: number; readonly hadRoom: boolean }[] = [];

  constructor(session: { readonly resumed: boolean; readonly subscriptionId: number | undefined }) {
    this.#mayBeQueued = session.resumed;
    this.#subscriptionId = session.subscriptionId;
  }

  /** True until it is known that nothing is left of the time before this connection. */
  get mayBeQueued(): boolean {
    return this.#mayBeQueued;
  }

  judge({ retain, dup, subscriptionIds }: ReceivedFlags): MessageOrigin {
    if (retain) return 'retained';
    if (dup) return 'replayed';
    if (!this.#mayBeQueued) return 'live';
    if (this.#subscriptionId !== undefined && subscriptionIds.length > 0) {
      return subscriptionIds.includes(this.#subscriptionId) ? 'live' : 'replayed';
    }
    return this.#subscribed ? 'unknown' : 'replayed';
  }

  subscribed(): void {
    this.#subscribed = true;
  }

  /** `needsAnswer`: of QoS 1, so it holds a place in the broker's window until `answered`. */
  arrived(needsAnswer: boolean): void {
    this.#arrivals++;
    if (!needsAnswer) return;
    this.#unanswered++;
    this.#mostUnanswered = Math.max(this.#mostUnanswered, this.#unanswered);
  }

  answered(): void {
    this.#unanswered--;
  }

  pingSent(): void {
    const hadRoom = this.#unanswered === 0 || this.#unanswered < this.#mostUnanswered;
    this.#pings.push({ arrivals: this.#arrivals, hadRoom: hadRoom && this.#subscribed });
  }

  pingAnswered(): void {
    const ping = this.#pings.shift();
    if (ping?.hadRoom === true && ping.arrivals === this.#arrivals) this.#mayBeQueued = false;
  }
}
