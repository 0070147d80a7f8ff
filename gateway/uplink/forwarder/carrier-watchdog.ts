/**
 * Watches whether batches under way are answered, by the carrier and by the cloud. Pure bookkeeping; the forwarder
 * rebuilds the carrier when asked to.
 *
 * - Carrier silent: neither taken, refused nor disconnected. A stuck client; rebuilt.
 * - Cloud silent: the carrier takes batches, no ack comes. Mostly the cloud is down, and rebuilding changes nothing;
 *   but a subscription that a broker forgot looks the same, so it is tried, ever more seldom.
 */
interface SilenceLimits {
  readonly carrierMs: number;
  readonly cloudMs: number;
}

type Silence = 'carrier' | 'cloud';

/** Each rebuilding in vain doubles the wait, up to this factor. */
const MAX_DOUBLINGS = 4;

export class CarrierWatchdog {
  readonly #limits: SilenceLimits;
  /** Since when the cloud owes an ack; undefined: nothing is under way. */
  #waitingSinceMs: number | undefined;
  #ackedAtMs = 0;
  /** Since when the carrier owes an answer, or has last given one of several. */
  #owingSinceMs: number | undefined;
  #owing = 0;
  #inVain = 0;

  constructor(limits: SilenceLimits) {
    this.#limits = limits;
  }

  /** Something was handed to the carrier. */
  sent(nowMs: number): void {
    this.#waitingSinceMs ??= nowMs;
    this.#owing++;
    this.#owingSinceMs ??= nowMs;
  }

  /** The carrier took or refused one of them. */
  answered(nowMs: number): void {
    this.#owing = Math.max(0, this.#owing - 1);
    this.#owingSinceMs = this.#owing > 0 ? nowMs : undefined;
  }

  /** The cloud acked something; `idle`: nothing is under way any more. */
  acked(nowMs: number, idle: boolean): void {
    this.#ackedAtMs = nowMs;
    this.#inVain = 0;
    if (idle) this.#waitingSinceMs = undefined;
  }

  /** The connection came or went, or the journal has a new epoch: everything begins anew. */
  renewed(): void {
    this.#waitingSinceMs = undefined;
    this.#owingSinceMs = undefined;
    this.#owing = 0;
  }

  /** A rebuilding was ordered. */
  rebuilt(): void {
    this.#inVain++;
    this.renewed();
  }

  /** Which silence has lasted too long. */
  overdue(nowMs: number): Silence | undefined {
    if (nowMs >= this.#carrierDueMs()) return 'carrier';
    return nowMs >= this.#cloudDueMs() ? 'cloud' : undefined;
  }

  /** When to look again; undefined while nothing is under way. */
  nextAtMs(): number | undefined {
    const next = Math.min(this.#carrierDueMs(), this.#cloudDueMs());
    return Number.isFinite(next) ? next : undefined;
  }

  /** For how long the cloud has answered nothing of what is under way, ms. */
  cloudSilentMs(nowMs: number): number {
    return this.#waitingSinceMs === undefined ? 0 : nowMs - Math.max(this.#waitingSinceMs, this.#ackedAtMs);
  }

  #carrierDueMs(): number {
    return this.#owingSinceMs === undefined
      ? Number.POSITIVE_INFINITY
      : this.#owingSinceMs + this.#limits.carrierMs * this.#stretch();
  }

  #cloudDueMs(): number {
    return this.#waitingSinceMs === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(this.#waitingSinceMs, this.#ackedAtMs) + this.#limits.cloudMs * this.#stretch();
  }

  #stretch(): number {
    return 2 ** Math.min(this.#inVain, MAX_DOUBLINGS);
  }
}
