import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import type { Reading } from '../../../protocol/readings/reading.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import { type ByteDriver, type DriverOutput, type MessageDriver, NOTHING } from '../../drivers/driver.ts';
import { createDeviceMessageHub } from '../../transports/device-messages.ts';
import type { Line, LineHandlers } from '../../transports/line.ts';
import { createMemoryLine } from '../../transports/memory-line.ts';
import { createDeviceRunner, type DeviceConnection, type DeviceRunnerOptions } from './device-runner.ts';

const START = Date.parse('2026-01-01T06:00:00Z');

const virtualClock = () => clockAt(START);

/** One reading per byte; 0xff asks for a reconnect, 0x00 is discarded; `?` goes out each second while open. */
class EchoDriver implements ByteDriver {
  readonly transport = 'bytes';
  #tickAt: number | undefined;
  readonly calls: string[] = [];

  onOpen(now: number): DriverOutput {
    this.calls.push('open');
    this.#tickAt = now + 1_000;
    return { ...NOTHING, send: [Uint8Array.of(0x21)], state: 'open' };
  }

  onBytes(chunk: Uint8Array, now: number): DriverOutput {
    const bytes = [...chunk];
    return {
      readings: bytes.filter((byte) => byte !== 0 && byte !== 0xff).map((byte) => readingOf(byte, now)),
      send: [],
      discarded: bytes.includes(0)
        ? [{ reason: 'GARBAGE', bytes: bytes.filter((byte) => byte === 0).length }]
        : [],
      ...(bytes.includes(0xff) ? { reconnect: 'session is lost' } : {}),
    };
  }

  onClose(): DriverOutput {
    this.calls.push('close');
    this.#tickAt = undefined;
    return { ...NOTHING, state: 'closed' };
  }

  onTick(now: number): DriverOutput {
    if (this.#tickAt === undefined || now < this.#tickAt) return NOTHING;
    this.#tickAt = now + 1_000;
    return { ...NOTHING, send: [Uint8Array.of(0x3f)] };
  }

  nextTickAt(): number | undefined {
    return this.#tickAt;
  }
}

function readingOf(byte: number, at: number): Reading {
  return { kind: 'input', device: 'device-1', channel: String(byte), at, active: true };
}

/** A far end that the test drives: it may refuse, speak, hang up. */
class FarEnd {
  refuseWith: string | undefined;
  readonly openedAt: number[] = [];
  readonly heard: number[] = [];
  line: Line | undefined;
  /** Said as soon as a line is opened. */
  greeting: number[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  accept = (line: Line): LineHandlers => {
    this.openedAt.push(this.#clock.now() - START);
    if (this.refuseWith !== undefined) throw new Error(this.refuseWith);
    this.line = line;
    if (this.greeting.length > 0) line.write(Uint8Array.from(this.greeting));
    return { onBytes: (chunk) => this.heard.push(...chunk), onClose: () => undefined };
  };

  say(...bytes: number[]): void {
    this.line?.write(Uint8Array.from(bytes));
  }
}

function setUp(options: Partial<DeviceRunnerOptions> = {}) {
  const clock = virtualClock();
  const farEnd = new FarEnd(clock);
  const driver = new EchoDriver();
  const readings: Reading[] = [];
  const connection: DeviceConnection = { driver, line: createMemoryLine('memory:device-1', farEnd.accept) };
  const runner = createDeviceRunner({
    device: 'device-1',
    kind: 'echo',
    connection,
    clock,
    random: seededRandom(1, 'runner'),
    onReadings: (batch) => void readings.push(...batch),
    ...options,
  });
  const health = () =>
    readings.flatMap((reading) =>
      reading.kind === 'health' ? [`${reading.condition} ${reading.active} ${reading.detail}`] : [],
    );
  const channels = () => readings.flatMap((reading) => (reading.kind === 'input' ? [reading.channel] : []));
  return { clock, farEnd, driver, runner, readings, health, channels };
}

describe('a device on a line', () => {
  test('opens, passes readings on, ticks, and reports that it is connected', async () => {
    const { clock, farEnd, runner, health, channels } = setUp();
    runner.start();
    await clock.settle();
    farEnd.say(1, 2);
    await clock.runFor(2_500);
    expect(channels()).toEqual(['1', '2']);
    expect(health()).toEqual(['DISCONNECTED false connected']);
    expect(farEnd.heard).toEqual([0x21, 0x3f, 0x3f]);
    expect(runner.status()).toMatchObject({ state: 'connected', session: 'open', bytes: 2, readings: 2 });
  });

  test('what the driver said of a line that is gone is not shown any more', async () => {
    const { clock, farEnd, runner } = setUp();
    runner.start();
    await clock.settle();
    expect(runner.status().session).toBe('open');
    farEnd.line?.close();
    await clock.settle();
    expect(runner.status()).toMatchObject({ state: 'waiting', session: '' });
  });

  test('what the device says in the moment of opening is not lost', async () => {
    const { clock, farEnd, runner, channels, driver } = setUp();
    farEnd.greeting = [7];
    runner.start();
    await clock.settle();
    expect(driver.calls).toEqual(['open']);
    expect(channels()).toEqual(['7']);
  });

  test('an outage is one bracket, and the waits grow to the limit with jitter', async () => {
    const { clock, farEnd, runner, health } = setUp({ backoff: { firstMs: 100, maxMs: 1_000 } });
    farEnd.refuseWith = 'no route';
    runner.start();
    await clock.runFor(10_000);
    const waits = farEnd.openedAt.slice(1).map((at, index) => at - (farEnd.openedAt[index] ?? 0));
    for (const [index, wait] of waits.entries()) {
      const full = Math.min(1_000, 100 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
    }
    expect(new Set(waits.slice(4)).size).toBeGreaterThan(3);
    expect(runner.status()).toMatchObject({ state: 'waiting', lastProblem: 'no route' });
    farEnd.refuseWith = undefined;
    await clock.runFor(1_000);
    expect(health()).toEqual(['DISCONNECTED true no route', 'DISCONNECTED false connected']);
  });

  test('a far end that hangs up is reopened; the driver hears close and open', async () => {
    const { clock, farEnd, runner, health, driver, channels } = setUp();
    runner.start();
    await clock.settle();
    farEnd.say(1);
    farEnd.line?.close();
    await clock.runFor(1_000);
    farEnd.say(2);
    await clock.settle();
    expect(driver.calls).toEqual(['open', 'close', 'open']);
    expect(channels()).toEqual(['1', '2']);
    expect(health()).toEqual([
      'DISCONNECTED false connected',
      'DISCONNECTED true the device hung up',
      'DISCONNECTED false connected',
    ]);
    expect(runner.status().reconnects).toBe(1);
  });

  test('a driver that gives up its session gets a new line', async () => {
    const { clock, farEnd, runner, driver } = setUp();
    runner.start();
    await clock.settle();
    farEnd.say(0xff);
    await clock.runFor(1_000);
    expect(driver.calls).toEqual(['open', 'close', 'open']);
    expect(runner.status()).toMatchObject({ state: 'connected', lastProblem: 'session is lost' });
  });

  test('silence is one bracket and reopens the line each time it lasts', async () => {
    const { clock, farEnd, runner, health } = setUp({ silentAfterMs: 2_000 });
    runner.start();
    await clock.settle();
    for (let second = 0; second < 5; second++) {
      farEnd.say(1);
      await clock.runFor(1_000);
    }
    expect(runner.status().silent).toBe(false);
    await clock.runFor(10_000);
    expect(runner.status()).toMatchObject({ silent: true });
    expect(runner.status().reconnects).toBeGreaterThan(2);
    farEnd.greeting = [1];
    await clock.runFor(30_000);
    expect(health().slice(1, 3)).toEqual([
      'SILENT true nothing heard for 2000 ms',
      'SILENT false heard again',
    ]);
  });

  test('bytes over the rate are discarded, counted and reported, once', async () => {
    const { clock, farEnd, runner, health, channels } = setUp({ limits: { bytesPerSecond: 100 } });
    runner.start();
    await clock.settle();
    for (let index = 0; index < 30; index++) farEnd.say(...Array.from({ length: 10 }, () => 5));
    await clock.settle();
    expect(channels()).toHaveLength(100);
    expect(runner.status().discarded).toEqual({ RATE_LIMITED: { count: 20, bytes: 200 } });
    await clock.runFor(120_000);
    expect(health()).toEqual([
      'DISCONNECTED false connected',
      'RATE_LIMITED true more than 100 bytes/s',
      'DISCARDED true 20 RATE_LIMITED',
      'RATE_LIMITED false calm again',
    ]);
  });

  test('what a driver discards is summed up and reported', async () => {
    const { clock, farEnd, runner, readings } = setUp();
    runner.start();
    await clock.settle();
    farEnd.say(0, 1, 0);
    farEnd.say(0);
    await clock.runFor(60_000);
    expect(runner.status().discarded).toEqual({ GARBAGE: { count: 2, bytes: 3 } });
    const reported = readings.filter(
      (reading) => reading.kind === 'health' && reading.condition === 'DISCARDED',
    );
    expect(reported).toMatchObject([{ detail: '2 GARBAGE', lost: 2 }]);
  });

  test('readings nobody takes are bounded: what is over the limit is discarded and counted', async () => {
    const gate = Promise.withResolvers<void>();
    const { clock, farEnd, runner } = setUp({
      onReadings: () => gate.promise,
      limits: { maxPendingReadings: 10 },
    });
    runner.start();
    await clock.settle();
    for (let index = 0; index < 20; index++) farEnd.say(1);
    await clock.settle();
    expect(runner.status().discarded.BACKLOG_FULL?.count).toBe(11);
    gate.resolve();
    await clock.settle();
    farEnd.say(1);
    await clock.settle();
    expect(runner.status().discarded.BACKLOG_FULL?.count).toBe(11);
  });

  test('a handler that fails costs its readings, which are counted, and nothing else', async () => {
    const { clock, farEnd, runner } = setUp({ onReadings: () => Promise.reject(new Error('disk full')) });
    runner.start();
    await clock.settle();
    farEnd.say(1, 2);
    await clock.settle();
    expect(runner.status().lastProblem).toContain('disk full');
    expect(runner.status().discarded.NOT_TAKEN?.count).toBe(3);
    expect(runner.status().state).toBe('connected');
  });

  test('a wall clock that jumps ten years either way stops neither ticks nor watchdog', async () => {
    for (const jumpMs of [-315_576_000_000, 315_576_000_000]) {
      const clock = virtualClock();
      let offset = 0;
      const jumping: Clock = {
        now: () => clock.now() + offset,
        monotonicMs: () => clock.monotonicMs(),
        setTimer: (delayMs, name, task) => clock.setTimer(delayMs, name, task),
        track: (work) => clock.track(work),
      };
      const { farEnd, runner, driver } = setUp();
      const own = new FarEnd(clock);
      const jumpingRunner = createDeviceRunner({
        device: 'device-1',
        kind: 'echo',
        connection: { driver: new EchoDriver(), line: createMemoryLine('memory:device-1', own.accept) },
        clock: jumping,
        random: seededRandom(1, 'runner'),
        onReadings: () => undefined,
        silentAfterMs: 60_000,
      });
      jumpingRunner.start();
      await clock.runFor(1_500);
      offset = jumpMs;
      own.say(1);
      await clock.runFor(5_000);
      expect(jumpingRunner.status()).toMatchObject({ state: 'connected', silent: false });
      await clock.runFor(60_000);
      expect(jumpingRunner.status().silent).toBe(true);
      expect([farEnd.openedAt, runner.status().state, driver.calls]).toEqual([[], 'stopped', []]);
    }
  });

  test('stopping ends the line, waits for what was handed over, and leaves no timer behind', async () => {
    const gate = Promise.withResolvers<void>();
    const { clock, farEnd, runner, driver } = setUp({ onReadings: () => gate.promise, silentAfterMs: 5_000 });
    runner.start();
    await clock.settle();
    farEnd.say(1, 0);
    await clock.settle();
    let stopped = false;
    const stopping = runner.stop().then(() => {
      stopped = true;
    });
    await clock.settle();
    expect([stopped, driver.calls]).toEqual([false, ['open', 'close']]);
    gate.resolve();
    await stopping;
    expect(clock.pendingTimers()).toEqual([]);
    expect(runner.status().state).toBe('stopped');
  });
});

describe('a device that publishes messages', () => {
  const driver = (): MessageDriver => ({
    transport: 'messages',
    subscriptions: ['probe/+'],
    onOpen: () => NOTHING,
    onClose: () => NOTHING,
    onMessage: ({ payload }, now) => ({
      ...NOTHING,
      readings: [...payload].map((byte) => readingOf(byte, now)),
    }),
    onTick: () => NOTHING,
    nextTickAt: () => undefined,
  });

  function setUpMessages(onReadings: DeviceRunnerOptions['onReadings'], silentAfterMs?: number) {
    const clock = virtualClock();
    const hub = createDeviceMessageHub('mqtt://127.0.0.1:1883');
    const runner = createDeviceRunner({
      device: 'probe-1',
      kind: 'probe',
      connection: { driver: driver(), messages: hub },
      clock,
      random: seededRandom(1, 'runner'),
      onReadings,
      ...(silentAfterMs === undefined ? {} : { silentAfterMs }),
    });
    runner.start();
    const publish = (byte: number) =>
      hub.deliver({ topic: 'probe/1', payload: Uint8Array.of(byte), origin: 'live' });
    return { clock, runner, publish };
  }

  test('the message is taken when its readings are, and refused when they are not', async () => {
    const gate = Promise.withResolvers<void>();
    const { clock, publish } = setUpMessages(([reading]) =>
      reading?.channel === '1' ? gate.promise : Promise.reject(new Error('disk full')),
    );
    let taken = false;
    const first = publish(1)?.then(() => {
      taken = true;
    });
    await expect(publish(2)).rejects.toThrow('disk full');
    await clock.settle();
    expect(taken).toBe(false);
    gate.resolve();
    await first;
    expect(taken).toBe(true);
  });

  test('silence is reported and ends with the next message; a stopped device takes nothing', async () => {
    const reported: string[] = [];
    const { clock, runner, publish } = setUpMessages((readings) => {
      for (const reading of readings)
        if (reading.kind === 'health') reported.push(`${reading.condition} ${reading.active}`);
    }, 1_000);
    await clock.runFor(5_000);
    await publish(1);
    expect(reported).toEqual(['SILENT true', 'SILENT false']);
    await runner.stop();
    expect(publish(1)).toBeUndefined();
  });
});
