/**
 * The one runner for all drivers. It owns everything a driver must not know: opening, reopening with jittered
 * backoff, ticks, the watchdog for silence, limits on what comes in, and the counts. Drivers stay deterministic.
 *
 * Health it reports itself, each as a bracket of active true/false: DISCONNECTED (the far end hung up, or the line
 * cannot be opened; for messages, the site's broker cannot be reached), SILENT (nothing came for `silentAfterMs`; a line
 * is then reopened, for a half-open connection looks like that), RATE_LIMITED.
 *
 * Where readings go, what is discarded and how health is reported stands in reading-sink.ts.
 */
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import { setPatientTimer } from '../../../protocol/ports/patient-timer.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { Reading } from '../../../protocol/readings/reading.ts';
import type {
  ByteDriver,
  DeviceMessage,
  Driver,
  DriverOutput,
  MessageDriver,
  OutgoingMessage,
} from '../../drivers/driver.ts';
import type { DeviceMessages } from '../../transports/device-messages.ts';
import type { Line, LineOpener } from '../../transports/line.ts';
import { type BackoffOptions, backoffDelayMs } from './backoff.ts';
import type { DeviceState, DeviceStatus } from './device-status.ts';
import { openLine } from './line-opening.ts';
import { RateGauge } from './rate-gauge.ts';
import { ReadingSink, type ReadingSinkLimits } from './reading-sink.ts';

/** A driver with what carries its bytes or messages. */
export type DeviceConnection =
  | { readonly driver: ByteDriver; readonly line: LineOpener }
  | { readonly driver: MessageDriver; readonly messages: DeviceMessages };

export interface DeviceRunnerOptions {
  readonly device: string;
  /** The driver's kind, for the status page. */
  readonly kind: string;
  readonly connection: DeviceConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly onReadings: (readings: readonly Reading[], now: number) => void | Promise<void>;
  /** Nothing from the device for so long is SILENT. Left out: never. */
  readonly silentAfterMs?: number;
  readonly backoff?: BackoffOptions;
  readonly limits?: Partial<DeviceRunnerLimits>;
}

interface DeviceRunnerLimits extends ReadingSinkLimits {
  readonly bytesPerSecond: number;
}

export interface DeviceRunner extends AsyncDisposable {
  start(): void;
  /** Closes the line; resolves when everything handed over has been taken. */
  stop(): Promise<void>;
  status(): DeviceStatus;
}

const DEVICE_RUNNER_LIMITS: DeviceRunnerLimits = {
  bytesPerSecond: 4 * 1024 * 1024,
  readingsPerSecond: 20_000,
  maxPendingReadings: 50_000,
  discardReportMs: 60_000,
};

const BACKOFF: BackoffOptions = { firstMs: 500, maxMs: 30_000 };
/** A line that held this long starts again with the shortest wait. */
const STEADY_MS = 10_000;
const MAX_TICK_DELAY_MS = 60_000;
/** Messages to the device that the broker has not taken yet. */
const MAX_PUBLISHING = 64;

export function createDeviceRunner(options: DeviceRunnerOptions): DeviceRunner {
  return new Runner(options);
}

class Runner implements DeviceRunner {
  readonly #options: DeviceRunnerOptions;
  readonly #clock: Clock;
  readonly #limits: DeviceRunnerLimits;
  readonly #sink: ReadingSink;
  readonly #byteRate: RateGauge;
  #state: DeviceState = 'stopped';
  #session = '';
  #lastProblem: string | undefined;
  #lastInputAt: number | undefined;
  #line: Line | undefined;
  /** Takes down the way to the device, open or not. */
  #endWay: (() => void) | undefined;
  #attempt = 0;
  #openedAt = 0;
  /** Monotonic; of the last input, or of the opening. */
  #heardAt = 0;
  #tickDueAt = 0;
  #publishing = 0;
  readonly #timers = new Map<string, Timer>();

  constructor(options: DeviceRunnerOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#limits = { ...DEVICE_RUNNER_LIMITS, ...options.limits };
    this.#byteRate = new RateGauge(this.#limits.bytesPerSecond, this.#clock.monotonicMs());
    const waitsForHandler = 'messages' in options.connection;
    this.#sink = new ReadingSink({ ...options, limits: this.#limits, waitsForHandler });
  }

  start(): void {
    if (this.#state !== 'stopped') return;
    this.#openWay();
  }

  async stop(): Promise<void> {
    if (this.#state !== 'stopped') {
      this.#takeDown();
      this.#state = 'stopped';
      for (const name of [...this.#timers.keys()]) this.#cancel(name);
    }
    await this.#sink.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  status(): DeviceStatus {
    const { device, kind, connection } = this.#options;
    const { counts, lastReadingAt } = this.#sink;
    const lastProblem = this.#sink.lastProblem ?? this.#lastProblem;
    return {
      device,
      kind,
      address: 'line' in connection ? connection.line.address : connection.messages.address,
      state: this.#state,
      // What the driver last said of a line that is gone would mislead.
      session: this.#state === 'connected' ? this.#session : '',
      silent: this.#sink.isActive('SILENT'),
      ...(this.#lastInputAt === undefined ? {} : { lastInputAt: this.#lastInputAt }),
      ...(lastReadingAt === undefined ? {} : { lastReadingAt }),
      ...(lastProblem === undefined ? {} : { lastProblem }),
      bytes: counts.bytes,
      messages: counts.messages,
      readings: counts.readings,
      reconnects: counts.reconnects,
      discarded: counts.discarded,
    };
  }

  #openWay(): void {
    this.#state = 'connecting';
    const { connection } = this.#options;
    if ('line' in connection) this.#openLine(connection.driver, connection.line);
    else this.#subscribe(connection.driver, connection.messages);
  }

  #openLine(driver: ByteDriver, opener: LineOpener): void {
    const opening = openLine(opener, {
      onUp: (line) => {
        this.#line = line;
        this.#onUp(driver, true);
      },
      onBytes: (chunk) => this.#onBytes(driver, chunk),
      onTooEarly: ({ length }) => this.#sink.discard({ reason: 'EARLY_BYTES', bytes: length }),
      onEnd: (reason) => {
        const stood = this.#takeDown();
        this.#sink.setHealth('DISCONNECTED', true, reason);
        this.#retryLater(reason, stood);
      },
    });
    this.#endWay = opening.cancel;
    void this.#clock.track(opening.answered);
  }

  #subscribe(driver: MessageDriver, messages: DeviceMessages): void {
    let ended = false;
    let end: (() => void) | undefined;
    // It may be open, and given up again, before `subscribe` returns.
    this.#endWay = () => {
      ended = true;
      end?.();
    };
    end = messages.subscribe(driver.subscriptions, {
      onOpen: () => this.#onUp(driver, messages.isRemote),
      onMessage: (message) => this.#onMessage(driver, message),
      // The port opens it again by itself.
      onClose: (reason) => {
        if (this.#onDown()) this.#sink.counts.reconnects += 1;
        this.#lastProblem = reason;
        this.#sink.setHealth('DISCONNECTED', true, reason);
      },
    });
    if (ended) end();
  }

  /** `canBreak`: that it stands is news, also the first time: it may not have stood before a restart. */
  #onUp(driver: Driver, canBreak: boolean): void {
    this.#state = 'connected';
    this.#openedAt = this.#clock.monotonicMs();
    this.#heardAt = this.#openedAt;
    if (canBreak) {
      this.#sink.setHealth('DISCONNECTED', false, 'connected', {
        evenIfUnchanged: this.#sink.counts.reconnects === 0,
      });
    }
    this.#watchSilence();
    void this.#apply(driver.onOpen(this.#clock.now()));
  }

  #onBytes(driver: ByteDriver, chunk: Uint8Array): void {
    this.#sink.counts.bytes += chunk.length;
    this.#onInput();
    if (!this.#byteRate.take(chunk.length, this.#clock.monotonicMs())) {
      this.#sink.discard({ reason: 'RATE_LIMITED', bytes: chunk.length });
      this.#sink.rateLimited(`more than ${this.#limits.bytesPerSecond} bytes/s`);
      return;
    }
    void this.#apply(driver.onBytes(chunk, this.#clock.now()));
  }

  #onMessage(driver: MessageDriver, message: DeviceMessage): Promise<void> {
    if (this.#state === 'stopped') return Promise.reject(new Error(`${this.#options.device} is stopped`));
    this.#sink.counts.messages += 1;
    this.#sink.counts.bytes += message.payload.length;
    this.#onInput();
    return this.#apply(driver.onMessage(message, this.#clock.now()));
  }

  #onInput(): void {
    this.#lastInputAt = this.#clock.now();
    this.#heardAt = this.#clock.monotonicMs();
    if (this.#sink.isActive('SILENT')) this.#sink.setHealth('SILENT', false, 'heard again');
  }

  /** Acts on everything a driver said; the promise is that of the readings. */
  #apply(output: DriverOutput<Uint8Array | OutgoingMessage>): Promise<void> {
    if (output.state !== undefined) this.#session = output.state;
    for (const sent of output.send) this.#send(sent);
    for (const discarded of output.discarded) this.#sink.discard(discarded);
    const taken = this.#sink.take(output.readings);
    if (output.reconnect !== undefined) this.#reconnect(output.reconnect);
    this.#scheduleTick();
    return taken;
  }

  #send(sent: Uint8Array | OutgoingMessage): void {
    if (sent instanceof Uint8Array) {
      this.#line?.write(sent);
      return;
    }
    const { connection } = this.#options;
    if ('messages' in connection) void this.#publish(connection.messages, sent);
  }

  async #publish(messages: DeviceMessages, message: OutgoingMessage): Promise<void> {
    try {
      if (this.#publishing >= MAX_PUBLISHING)
        throw new Error(`the broker has not taken ${MAX_PUBLISHING} others`);
      this.#publishing += 1;
      await messages.publish(message).finally(() => {
        this.#publishing -= 1;
      });
    } catch (error) {
      this.#lastProblem = `not published: ${error instanceof Error ? error.message : String(error)}`;
      this.#sink.discard({ reason: 'NOT_PUBLISHED', bytes: message.payload.length });
    }
  }

  /** We give the way up ourselves. It counts as disconnected only if it cannot be opened again. */
  #reconnect(reason: string): void {
    if (this.#state !== 'connected') return;
    this.#retryLater(reason, this.#takeDown());
  }

  /** Takes the way down on our side and lets the driver know. Returns whether it had stood. */
  #takeDown(): boolean {
    const endWay = this.#endWay;
    this.#endWay = undefined;
    this.#line = undefined;
    endWay?.();
    return this.#onDown();
  }

  #onDown(): boolean {
    const stood = this.#state === 'connected';
    this.#state = 'waiting';
    this.#cancel('silence');
    // There is nowhere to send to any more.
    if (stood) void this.#apply({ ...this.#options.connection.driver.onClose(this.#clock.now()), send: [] });
    return stood;
  }

  #retryLater(reason: string, stood: boolean): void {
    const steady = stood && this.#clock.monotonicMs() - this.#openedAt >= STEADY_MS;
    if (steady) this.#attempt = 0;
    this.#lastProblem = reason;
    this.#sink.counts.reconnects += 1;
    const delayMs = backoffDelayMs(this.#options.backoff ?? BACKOFF, this.#attempt++, this.#options.random);
    this.#setTimer('reopen', delayMs, () => this.#openWay());
  }

  /** One timer that looks back when it fires, instead of a new one for each chunk. */
  #watchSilence(): void {
    const { silentAfterMs } = this.#options;
    if (silentAfterMs === undefined || this.#timers.has('silence')) return;
    const dueIn = this.#heardAt + silentAfterMs - this.#clock.monotonicMs();
    this.#setTimer('silence', Math.max(1, dueIn), () => {
      if (this.#state !== 'connected') return;
      if (this.#clock.monotonicMs() - this.#heardAt >= silentAfterMs) {
        const detail = `nothing heard for ${silentAfterMs} ms`;
        this.#sink.setHealth('SILENT', true, detail);
        this.#heardAt = this.#clock.monotonicMs();
        if ('line' in this.#options.connection) this.#reconnect(detail);
      }
      if (this.#state === 'connected') this.#watchSilence();
    });
  }

  /**
   * Keeps the armed timer when the driver now wants its tick later: a tick too early costs less than a timer for
   * each chunk. It also lets a driver notice that wall time went back.
   */
  #scheduleTick(): void {
    const at = this.#state === 'stopped' ? undefined : this.#options.connection.driver.nextTickAt();
    if (at === undefined) {
      this.#cancel('tick');
      return;
    }
    const delayMs = Math.min(MAX_TICK_DELAY_MS, Math.max(1, at - this.#clock.now()));
    const dueAt = this.#clock.monotonicMs() + delayMs;
    if (this.#timers.has('tick') && this.#tickDueAt <= dueAt) return;
    this.#tickDueAt = dueAt;
    this.#setTimer('tick', delayMs, () => {
      void this.#apply(this.#options.connection.driver.onTick(this.#clock.now()));
    });
  }

  /** Patient: that this process was held up is no fault of the device. */
  #setTimer(name: string, delayMs: number, task: () => void): void {
    this.#cancel(name);
    const timer = setPatientTimer(this.#clock, delayMs, `${this.#options.device} ${name}`, () => {
      this.#timers.delete(name);
      task();
    });
    this.#timers.set(name, timer);
  }

  #cancel(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }
}
