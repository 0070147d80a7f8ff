/**
 * Who is online behind AWS IoT. Presence events and states come through a queue that shuffles and repeats, so only what
 * is newer than the last word counts, and "offline" is checked against the connection itself: a gateway that came
 * back before its farewell was read (by this cloud or another) is not offline.
 */
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { GatewayState } from '../gateway-state.ts';
import type { IotCalls } from './aws-clients.ts';

/** Gateways remembered; the one not heard of for longest is forgotten first. */
export const MAX_GATEWAYS_REMEMBERED = 10_000;
/** A gateway without connection is reported online again after this long. */
export const NOTIFY_AGAIN_MS = 10_000;

export class GatewayPresence {
  readonly #iot: IotCalls;
  readonly #clock: Clock;
  readonly #notify: (gateway: string, state: GatewayState) => void;
  /** When the last word was spoken, epoch ms. */
  readonly #lastWord = new Map<string, number>();

  constructor(iot: IotCalls, clock: Clock, notify: (gateway: string, state: GatewayState) => void) {
    this.#iot = iot;
    this.#clock = clock;
    this.#notify = notify;
  }

  /** A state or presence event of `at`, epoch ms. */
  async onState(gateway: string, state: GatewayState, at: number): Promise<void> {
    if (at < (this.#lastWord.get(gateway) ?? Number.NEGATIVE_INFINITY)) return;
    this.#remember(gateway, at);
    if (state === 'offline' && (await this.#cameBackSince(gateway, at))) return;
    this.#notify(gateway, state);
  }

  /** A batch came that no connection brought. */
  heard(gateway: string): void {
    const now = this.#clock.now();
    if (now - (this.#lastWord.get(gateway) ?? Number.NEGATIVE_INFINITY) < NOTIFY_AGAIN_MS) return;
    this.#remember(gateway, now);
    this.#notify(gateway, 'online');
  }

  async #cameBackSince(gateway: string, at: number): Promise<boolean> {
    try {
      const since = await this.#iot.connectedSince(gateway);
      return since !== undefined && since > at;
    } catch {
      // Not allowed to ask, or not now: the event is all there is.
      return false;
    }
  }

  #remember(gateway: string, at: number): void {
    this.#lastWord.delete(gateway);
    this.#lastWord.set(gateway, at);
    const [oldest] = this.#lastWord.keys();
    if (this.#lastWord.size > MAX_GATEWAYS_REMEMBERED && oldest !== undefined) this.#lastWord.delete(oldest);
  }
}
