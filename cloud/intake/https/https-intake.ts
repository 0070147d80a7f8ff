/**
 * The intake for gateways that reach us by HTTPS alone: a batch comes as the body of a POST, and its ack goes back
 * in the answer, after the commit. The HTTP server belongs to the API; who posts is proven there before the body
 * is read. Nobody is made to wait for a place: a full queue answers "not taken" at once and the gateway sends
 * again. A gateway has no will here, so hearing a batch of it is what says that it is online.
 */
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { type DeliveryCounters, type DeliveryOutcome, DeliveryQueue } from '../delivery-queue.ts';
import type { GatewayState } from '../gateway-state.ts';
import type { Intake, IntakeHandlers } from '../intake.ts';

/** `online` is reported again when it was not for this long: another transport may have said otherwise since. */
const REPORT_ONLINE_EVERY_MS = 10_000;
/** Gateways whose last report is remembered; beyond it the oldest is forgotten and reported once too often. */
const MAX_REMEMBERED = 10_000;

interface HttpsIntakeOptions {
  readonly clock: Clock;
  /** Of one gateway, default 6000. */
  readonly requestsPerMinute?: number;
  readonly onTrouble?: (event: string, detail: Record<string, unknown>) => void;
}

export class HttpsIntake implements Intake {
  readonly #options: HttpsIntakeOptions;
  readonly #reportedOnlineAt = new Map<string, number>();
  #handlers: IntakeHandlers | undefined;
  #queue: DeliveryQueue | undefined;

  constructor(options: HttpsIntakeOptions) {
    this.#options = options;
  }

  get requestsPerMinute(): number {
    return this.#options.requestsPerMinute ?? 6000;
  }

  get state(): string {
    return this.#handlers === undefined ? 'closed' : 'HTTPS on /link/v1';
  }

  get counters(): DeliveryCounters {
    return this.#queue?.counters ?? { delivered: 0, failed: 0, held: 0 };
  }

  async start(handlers: IntakeHandlers): Promise<void> {
    this.#handlers = handlers;
    this.#queue = new DeliveryQueue({
      handler: handlers.onDelivery,
      onFailure: ({ gateway, lane }, error) =>
        this.#options.onTrouble?.('delivery-failed', { gateway, lane, error }),
    });
  }

  /** Resolves once the delivery is committed, refused or not taken. The gateway is who it says it is. */
  async deliver(gateway: string, lane: Lane, payload: Uint8Array): Promise<DeliveryOutcome> {
    const queue = this.#queue;
    if (this.#handlers === undefined || queue === undefined) {
      return { kind: 'not-taken', reason: 'the intake is not open' };
    }
    const outcome = await (queue.submit({ gateway, lane, payload }) ??
      ({ kind: 'not-taken', reason: 'more batches wait than may' } as const));
    if (outcome.kind === 'taken') this.#reportOnline(gateway);
    return outcome;
  }

  /** What a gateway says of itself. */
  reportState(gateway: string, state: GatewayState): void {
    this.#reportedOnlineAt.delete(gateway);
    this.#handlers?.onGatewayState(gateway, state);
  }

  async close(): Promise<void> {
    this.#handlers = undefined;
    await this.#queue?.close();
  }

  #reportOnline(gateway: string): void {
    const now = this.#options.clock.now();
    const reportedAt = this.#reportedOnlineAt.get(gateway);
    if (reportedAt !== undefined && Math.abs(now - reportedAt) < REPORT_ONLINE_EVERY_MS) return;
    // Taken out first, so that the map stays in the order of the reports.
    this.#reportedOnlineAt.delete(gateway);
    this.#reportedOnlineAt.set(gateway, now);
    const [oldest] = this.#reportedOnlineAt.keys();
    if (this.#reportedOnlineAt.size > MAX_REMEMBERED && oldest !== undefined)
      this.#reportedOnlineAt.delete(oldest);
    this.#handlers?.onGatewayState(gateway, 'online');
  }
}
