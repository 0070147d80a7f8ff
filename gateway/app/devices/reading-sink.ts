/**
 * Where a device's readings go, and how what did not is reported: hands them to the handler in order, bounds what
 * waits there, keeps the counts, brackets the device's health.
 *
 * For message drivers the handler's promise is what the device's PUBACK waits for, so nothing is turned away here:
 * the broker slows the device down. For byte drivers nobody waits: at most `maxPendingReadings` may be with the
 * handler and `readingsPerSecond` may come, further ones are discarded. What was discarded is summed up as health
 * DISCARDED once per `discardReportMs`: no loss is only counted.
 */
import type { DeviceConditionCode } from '../../../protocol/events/device-conditions.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import type { DeviceHealth, Reading } from '../../../protocol/readings/reading.ts';
import type { Discarded } from '../../drivers/driver.ts';
import { DeviceCounts } from './device-status.ts';
import { RateGauge } from './rate-gauge.ts';

export interface ReadingSinkLimits {
  readonly readingsPerSecond: number;
  readonly maxPendingReadings: number;
  readonly discardReportMs: number;
}

interface ReadingSinkOptions {
  readonly device: string;
  readonly clock: Clock;
  readonly onReadings: (readings: readonly Reading[], now: number) => void | Promise<void>;
  readonly limits: ReadingSinkLimits;
  readonly waitsForHandler: boolean;
}

export class ReadingSink {
  readonly counts = new DeviceCounts();
  lastReadingAt: number | undefined;
  /** Why the handler last failed; cleared when it takes readings again. */
  lastProblem: string | undefined;
  readonly #options: ReadingSinkOptions;
  readonly #rate: RateGauge;
  readonly #active = new Set<DeviceConditionCode>();
  readonly #pending = new Set<Promise<void>>();
  #pendingReadings = 0;
  #reportTimer: Timer | undefined;
  #calmTimer: Timer | undefined;
  #closed = false;

  constructor(options: ReadingSinkOptions) {
    this.#options = options;
    this.#rate = new RateGauge(options.limits.readingsPerSecond, options.clock.monotonicMs());
  }

  /** Settles as the handler does. */
  take(readings: readonly Reading[]): Promise<void> {
    if (readings.length === 0) return Promise.resolve();
    const refusal = this.#options.waitsForHandler ? undefined : this.#refusal(readings.length);
    if (refusal !== undefined) {
      this.#discardReadings(refusal, readings.length);
      return Promise.resolve();
    }
    this.counts.readings += readings.length;
    this.lastReadingAt = this.#options.clock.now();
    return this.#deliver(readings);
  }

  discard(discarded: Discarded): void {
    this.counts.discard(discarded);
    this.#reportLater();
  }

  isActive(condition: DeviceConditionCode): boolean {
    return this.#active.has(condition);
  }

  /** Reports a change of this condition; `evenIfUnchanged` reports it anyway. */
  setHealth(
    condition: DeviceConditionCode,
    active: boolean,
    detail: string,
    options?: { evenIfUnchanged: boolean },
  ): void {
    const changed = this.#active.has(condition) !== active;
    if (active) this.#active.add(condition);
    else this.#active.delete(condition);
    if (changed || options?.evenIfUnchanged === true) this.#reportHealth({ condition, active, detail });
  }

  /** The device is turned away for its pace; it is calm again when that has not happened for a while. */
  rateLimited(detail: string): void {
    const { clock, device, limits } = this.#options;
    this.setHealth('RATE_LIMITED', true, detail);
    this.#calmTimer?.cancel();
    if (this.#closed) return;
    this.#calmTimer = clock.setTimer(limits.discardReportMs, `${device} calm`, () => {
      this.setHealth('RATE_LIMITED', false, 'calm again');
    });
  }

  /** Reports what is left; resolves when everything handed over has been taken or refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#reportTimer?.cancel();
    this.#calmTimer?.cancel();
    this.#reportDiscards();
    await Promise.all(this.#pending);
  }

  #refusal(count: number): string | undefined {
    const { clock, limits } = this.#options;
    if (!this.#rate.take(count, clock.monotonicMs())) {
      this.rateLimited(`more than ${limits.readingsPerSecond} readings/s`);
      return 'READINGS_RATE_LIMITED';
    }
    return this.#pendingReadings + count > limits.maxPendingReadings ? 'BACKLOG_FULL' : undefined;
  }

  /** Its failure is dealt with here; the promise is for those who must know it too. */
  #deliver(readings: readonly Reading[]): Promise<void> {
    this.#pendingReadings += readings.length;
    const work = this.#callHandler(readings);
    const settled = work
      .then(
        () => {
          this.lastProblem = undefined;
        },
        (error: unknown) => {
          this.lastProblem = `readings not taken: ${error instanceof Error ? error.message : String(error)}`;
          if (!this.#options.waitsForHandler) this.#discardReadings('NOT_TAKEN', readings.length);
        },
      )
      .finally(() => {
        this.#pendingReadings -= readings.length;
        this.#pending.delete(settled);
      });
    this.#pending.add(settled);
    return work;
  }

  /** Async, so that a handler that throws at once is a rejection like any other. */
  async #callHandler(readings: readonly Reading[]): Promise<void> {
    await this.#options.onReadings(readings, this.#options.clock.now());
  }

  #discardReadings(reason: string, count: number): void {
    this.counts.discard({ reason, bytes: 0 }, count);
    this.#reportLater();
  }

  #reportLater(): void {
    const { clock, device, limits } = this.#options;
    if (this.#closed || this.#reportTimer !== undefined) return;
    this.#reportTimer = clock.setTimer(limits.discardReportMs, `${device} discards`, () =>
      this.#reportDiscards(),
    );
  }

  #reportDiscards(): void {
    this.#reportTimer = undefined;
    const summary = this.counts.takeUnreported();
    if (summary === undefined) return;
    this.#reportHealth({ condition: 'DISCARDED', active: true, detail: summary.detail, lost: summary.lost });
  }

  #reportHealth(health: Pick<DeviceHealth, 'condition' | 'active' | 'detail' | 'lost'>): void {
    const { device, clock } = this.#options;
    void this.#deliver([{ kind: 'health', device, channel: '', at: clock.now(), ...health }]);
  }
}
