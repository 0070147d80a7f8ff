import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../protocol/ports/random.ts';
import type { Reading } from '../../../protocol/readings/reading.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import type { DeviceMessage, DriverOutput, MessageDriver, OutgoingMessage } from '../../drivers/driver.ts';
import { NOTHING } from '../../drivers/driver.ts';
import { Outputs } from '../../drivers/shared/outputs.ts';
import type { DeviceMessages, MessageHandlers } from '../../transports/device-messages.ts';
import { createDeviceRunner } from './device-runner.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A reader that must be started by a message, and asked again each second until it says `started`. */
class StartedReader implements MessageDriver {
  readonly transport = 'messages';
  readonly subscriptions = ['reader/events'];
  readonly calls: string[] = [];
  #askAt: number | undefined;

  onOpen(now: number): DriverOutput<OutgoingMessage> {
    this.calls.push('open');
    return this.#ask(now);
  }

  onClose(): DriverOutput<OutgoingMessage> {
    this.calls.push('close');
    this.#askAt = undefined;
    const out = new Outputs<OutgoingMessage>();
    out.send.push({ topic: 'reader/cmd', payload: bytesOf('stop'), qos: 1, retain: false });
    return out.finish();
  }

  onMessage({ payload }: DeviceMessage, now: number): DriverOutput<OutgoingMessage> {
    const out = new Outputs<OutgoingMessage>();
    const text = new TextDecoder().decode(payload);
    if (text === 'started') {
      this.#askAt = undefined;
      out.state('started');
    } else if (text === 'lost') out.reconnect('the reader lost its session');
    else out.readings.push({ kind: 'input', device: 'reader-1', channel: text, at: now, active: true });
    return out.finish();
  }

  onTick(now: number): DriverOutput<OutgoingMessage> {
    return this.#askAt !== undefined && now >= this.#askAt ? this.#ask(now) : NOTHING;
  }

  nextTickAt(): number | undefined {
    return this.#askAt;
  }

  #ask(now: number): DriverOutput<OutgoingMessage> {
    this.#askAt = now + 1_000;
    const out = new Outputs<OutgoingMessage>();
    out.send.push({ topic: 'reader/cmd', payload: bytesOf('start'), qos: 1, retain: false });
    out.state('starting');
    return out.finish();
  }
}

/** A broker that the test opens and closes. */
class TestBroker implements DeviceMessages {
  readonly address = 'mqtt://broker.site';
  readonly isRemote = true;
  refuseWith: string | undefined;
  stuck = false;
  readonly published: string[] = [];
  handlers: MessageHandlers | undefined;

  subscribe(_filters: readonly string[], handlers: MessageHandlers): () => void {
    this.handlers = handlers;
    return () => {
      this.handlers = undefined;
    };
  }

  publish({ topic, payload, qos }: OutgoingMessage): Promise<void> {
    if (this.refuseWith !== undefined) return Promise.reject(new Error(this.refuseWith));
    this.published.push(`${topic} ${new TextDecoder().decode(payload)} ${qos}`);
    return this.stuck ? new Promise(() => {}) : Promise.resolve();
  }

  say(text: string): void | Promise<void> {
    return this.handlers?.onMessage({ topic: 'reader/events', payload: bytesOf(text), origin: 'live' });
  }
}

function setUp(silentAfterMs?: number) {
  const clock = clockAt(Date.parse('2026-01-01T06:00:00Z'));
  const broker = new TestBroker();
  const driver = new StartedReader();
  const readings: Reading[] = [];
  const runner = createDeviceRunner({
    device: 'reader-1',
    kind: 'started-reader',
    connection: { driver, messages: broker },
    clock,
    random: seededRandom(1, 'runner'),
    onReadings: (batch) => void readings.push(...batch),
    ...(silentAfterMs === undefined ? {} : { silentAfterMs }),
  });
  runner.start();
  const health = () =>
    readings.flatMap((reading) =>
      reading.kind === 'health' ? [`${reading.condition} ${reading.active} ${reading.detail}`] : [],
    );
  return { clock, broker, driver, runner, readings, health };
}

const START = 'reader/cmd start 1';

describe('a device that is spoken to through a broker', () => {
  test('is asked on opening and again on ticks, until it answers', async () => {
    const { clock, broker, runner } = setUp();
    expect(runner.status().state).toBe('connecting');
    expect(broker.published).toEqual([]);
    broker.handlers?.onOpen();
    await clock.runFor(2_500);
    expect(broker.published).toEqual([START, START, START]);
    await broker.say('started');
    await clock.runFor(10_000);
    expect(broker.published).toHaveLength(3);
    expect(runner.status()).toMatchObject({
      state: 'connected',
      session: 'started',
      address: broker.address,
    });
  });

  test('a message that cannot be published is counted, and what the driver repeats arrives', async () => {
    const { clock, broker, runner } = setUp();
    broker.refuseWith = 'not connected';
    broker.handlers?.onOpen();
    await clock.settle();
    expect(runner.status()).toMatchObject({
      lastProblem: 'not published: not connected',
      discarded: { NOT_PUBLISHED: { count: 1, bytes: 5 } },
    });
    broker.refuseWith = undefined;
    await clock.runFor(1_500);
    expect(broker.published).toEqual([START]);
  });

  test('a broker that takes nothing holds no more than so many messages', async () => {
    const { clock, broker, runner } = setUp();
    broker.stuck = true;
    broker.handlers?.onOpen();
    await clock.runFor(99_500);
    expect(broker.published).toHaveLength(64);
    expect(runner.status().discarded).toEqual({ NOT_PUBLISHED: { count: 36, bytes: 36 * 5 } });
  });

  test('a broker that goes is a bracket of health, not silence; when it is back the device is started anew', async () => {
    const { clock, broker, driver, runner, health } = setUp(60_000);
    broker.handlers?.onOpen();
    await broker.say('started');
    broker.handlers?.onClose('connection refused');
    broker.handlers?.onClose('no such host');
    expect(runner.status()).toMatchObject({ state: 'waiting', session: '', reconnects: 1 });
    await clock.runFor(300_000);
    broker.handlers?.onOpen();
    await clock.settle();
    expect(driver.calls).toEqual(['open', 'close', 'open']);
    // What a driver wants to say when the way is gone goes nowhere.
    expect(broker.published).toEqual([START, START]);
    expect(health()).toEqual([
      'DISCONNECTED false connected',
      'DISCONNECTED true connection refused',
      'DISCONNECTED false connected',
    ]);
    await clock.runFor(61_000);
    expect(health().at(-1)).toBe('SILENT true nothing heard for 60000 ms');
  });

  test('a broker that was never reached is reported, and the end of that', async () => {
    const { broker, driver, health } = setUp();
    broker.handlers?.onClose('connection refused');
    expect(driver.calls).toEqual([]);
    broker.handlers?.onOpen();
    expect(health()).toEqual(['DISCONNECTED true connection refused', 'DISCONNECTED false connected']);
  });

  test('a driver that gives its session up gets a subscription of its own again', async () => {
    const { clock, broker, driver, runner } = setUp();
    broker.handlers?.onOpen();
    const first = broker.handlers;
    await broker.say('lost');
    expect(broker.handlers).toBeUndefined();
    expect(runner.status()).toMatchObject({ state: 'waiting', lastProblem: 'the reader lost its session' });
    await clock.runFor(2_000);
    expect(broker.handlers).not.toBe(first);
    broker.handlers?.onOpen();
    expect(driver.calls).toEqual(['open', 'close', 'open']);
  });

  test('stopping ends the subscription', async () => {
    const { clock, broker, driver, runner } = setUp();
    broker.handlers?.onOpen();
    await runner.stop();
    await clock.runFor(10_000);
    expect(broker.handlers).toBeUndefined();
    expect(driver.calls).toEqual(['open', 'close']);
    expect(broker.published).toEqual([START]);
  });
});
