/**
 * Scale and bus, driver against simulated device through the runner: in memory under virtual time, over a real tty
 * through serialport, and over TCP as behind a serial device server. Same driver, same readings.
 */
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { ByteDevice, DeviceOutput } from '../../firmware-sim/devices/device.ts';
import { ModbusSlaves } from '../../firmware-sim/devices/modbus-slaves/modbus-slaves.ts';
import { MtSicsScale } from '../../firmware-sim/devices/mt-sics-scale/mt-sics-scale.ts';
import { createDeviceRunner, type DeviceRunner } from '../../gateway/app/devices/device-runner.ts';
import { findDriver } from '../../gateway/drivers/registry.ts';
import { parseTransportAddress } from '../../gateway/transports/address.ts';
import type { LineOpener } from '../../gateway/transports/line.ts';
import { createMemoryLine } from '../../gateway/transports/memory-line.ts';
import { createSerialLine } from '../../gateway/transports/serial-line.ts';
import { createTcpLine } from '../../gateway/transports/tcp-line.ts';
import { type Clock, createClock, type Timer } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { Reading } from '../../protocol/readings/reading.ts';
import { clockAt } from '../support/clock-at.ts';
import { openPtyPair } from '../support/pty.ts';

const realClock = createClock({
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Runs a device's ticks and carries what it sends. */
class Host {
  readonly #device: ByteDevice;
  readonly #clock: Clock;
  #send: (bytes: Uint8Array) => void = () => undefined;
  #timer: Timer | undefined;

  constructor(device: ByteDevice, clock: Clock) {
    this.#device = device;
    this.#clock = clock;
    cleanUps.push(() => this.#timer?.cancel());
  }

  connect(send: (bytes: Uint8Array) => void): void {
    this.#send = send;
    this.#act(this.#device.onConnect(this.#clock.now()));
  }

  receive = (chunk: Uint8Array): void => this.#act(this.#device.onBytes(chunk, this.#clock.now()));

  disconnect = (): void => this.#device.onDisconnect(this.#clock.now());

  #act(output: DeviceOutput): void {
    for (const bytes of output.send) this.#send(bytes);
    this.#timer?.cancel();
    const at = this.#device.nextTickAt();
    if (at === undefined) return;
    this.#timer = this.#clock.setTimer(Math.max(1, at - this.#clock.now()), 'device', () =>
      this.#act(this.#device.onTick(this.#clock.now())),
    );
  }
}

function inMemory(device: ByteDevice, clock: Clock): LineOpener {
  const host = new Host(device, clock);
  return createMemoryLine('memory:device', (line) => {
    host.connect((bytes) => line.write(bytes));
    return { onBytes: host.receive, onClose: host.disconnect };
  });
}

function onTty(device: ByteDevice, clock: Clock): LineOpener {
  const host = new Host(device, clock);
  const pair = openPtyPair();
  cleanUps.push(() => pair.close());
  pair.onBytes(host.receive);
  host.connect((bytes) => pair.write(bytes));
  const address = parseTransportAddress(`serial:${pair.path}?baud=9600`);
  if (address.kind !== 'serial') throw new Error('not serial');
  return createSerialLine(address);
}

async function behindServer(device: ByteDevice, clock: Clock): Promise<LineOpener> {
  const host = new Host(device, clock);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', host.receive);
    socket.on('close', host.disconnect);
    host.connect((bytes) => void (socket.writable && socket.write(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  return createTcpLine({ kind: 'tcp', host: '127.0.0.1', port });
}

interface SerialRun {
  readonly runner: DeviceRunner;
  readonly readings: Reading[];
  /** Resolves with the first reading that fits. */
  first(fits: (reading: Reading) => boolean): Promise<Reading>;
}

function start(kind: string, options: unknown, line: LineOpener, clock: Clock): SerialRun {
  const driverKind = findDriver(kind);
  const driver = driverKind?.create('device-1', driverKind.options.parse(options));
  if (driver?.transport !== 'bytes') throw new Error(`${kind} is not a byte driver`);
  const readings: Reading[] = [];
  let waiting: { fits: (reading: Reading) => boolean; resolve: (reading: Reading) => void }[] = [];
  const check = () => {
    waiting = waiting.filter(({ fits, resolve }) => {
      const found = readings.find(fits);
      if (found !== undefined) resolve(found);
      return found === undefined;
    });
  };
  const runner = createDeviceRunner({
    device: 'device-1',
    kind,
    connection: { driver, line },
    clock,
    random: seededRandom(1, 'runner'),
    onReadings: (batch) => {
      readings.push(...batch);
      check();
    },
  });
  cleanUps.push(() => runner.stop());
  runner.start();
  const first = (fits: (reading: Reading) => boolean) =>
    new Promise<Reading>((resolve) => {
      waiting.push({ fits, resolve });
      check();
    });
  return { runner, readings, first };
}

const newScale = () =>
  new MtSicsScale({ random: seededRandom(3, 'scale'), streamIntervalMs: 20, settleMs: 30 });
const newBus = () =>
  new ModbusSlaves({
    random: seededRandom(5, 'bus'),
    units: [
      { address: 1, model: 'xy-md02' },
      { address: 2, model: 'pt100-rtd' },
    ],
  });
const busOptions = {
  pollMs: 100,
  timeoutMs: 60,
  retries: 1,
  units: [
    { address: 1, profile: 'xy-md02', channel: 'cold-1' },
    { address: 2, profile: 'pt100-rtd', channel: 'freezer' },
  ],
};

const lines: [string, (device: ByteDevice, clock: Clock) => LineOpener | Promise<LineOpener>][] = [
  ['on a real tty', onTty],
  ['behind a TCP serial server', behindServer],
];

describe.each(lines)('%s', (_name, attach) => {
  test('a load put on the scale arrives stable, in milligrams', async () => {
    const scale = newScale();
    const { first, runner } = start('mt-sics', {}, await attach(scale, realClock), realClock);
    await first((reading) => reading.kind === 'weight' && reading.netMilligrams === 0);
    scale.setLoadMilligrams(12_340_000, realClock.now());
    const settled = await first(
      (reading) =>
        reading.kind === 'weight' && reading.state === 'stable' && reading.netMilligrams === 12_340_000,
    );
    expect(settled).toMatchObject({ device: 'device-1', channel: '1', unit: 'kg', raw: 'S S      12.34 kg' });
    expect(runner.status()).toMatchObject({ state: 'connected', session: 'scale 1234567, streaming (SIR)' });
  });

  test('every unit of the bus is read', async () => {
    const bus = newBus();
    bus.setTemperatureMilliCelsius(1, 4_200);
    bus.setTemperatureMilliCelsius(2, -20_500);
    const patient = { ...busOptions, timeoutMs: 10_000 };
    const { first } = start('modbus-rtu', patient, await attach(bus, realClock), realClock);
    await first((reading) => reading.kind === 'condition' && reading.valueMilli === 4_200);
    const cold = await first((reading) => reading.kind === 'condition' && reading.valueMilli === -20_500);
    expect(cold).toMatchObject({ channel: 'freezer', metric: 'temperature' });
  });
});

describe('in virtual time', () => {
  const virtualClock = () => clockAt(Date.parse('2026-01-01T06:00:00Z'));

  test('a scale that falls silent is started again, then reopened, and comes back', async () => {
    const clock = virtualClock();
    const scale = newScale();
    const { runner, readings } = start('mt-sics', { silentMs: 1_000 }, inMemory(scale, clock), clock);
    await clock.runFor(1_000);
    scale.setFault('silent');
    await clock.runFor(10_000);
    expect(runner.status().reconnects).toBeGreaterThan(0);
    scale.setFault(undefined);
    const before = readings.length;
    await clock.runFor(5_000);
    expect(readings.length).toBeGreaterThan(before + 20);
  });

  test('overload and underload are states without a mass', async () => {
    const clock = virtualClock();
    const scale = newScale();
    const { readings } = start('mt-sics', {}, inMemory(scale, clock), clock);
    for (const load of [70_000_000, -1_000_000, 0]) {
      scale.setLoadMilligrams(load, clock.now());
      await clock.runFor(1_000);
    }
    const states = readings.flatMap((reading) => (reading.kind === 'weight' ? [reading] : []));
    expect(new Set(states.map(({ state }) => state))).toEqual(
      new Set(['stable', 'dynamic', 'overload', 'underload']),
    );
    for (const { state, netMilligrams } of states) {
      expect(netMilligrams === undefined).toBe(state === 'overload' || state === 'underload');
    }
  });

  test('faults of a probe are faults, not values; an absent unit is reported once and ends', async () => {
    const clock = virtualClock();
    const bus = newBus();
    bus.setTemperatureMilliCelsius(2, -20_500);
    const { readings } = start('modbus-rtu', busOptions, inMemory(bus, clock), clock);
    await clock.runFor(1_000);
    for (const fault of ['open', 'short', 'sentinel', 'silent', undefined] as const) {
      bus.setFault(2, fault);
      await clock.runFor(2_000);
    }
    const freezer = readings.filter(({ channel }) => channel === 'freezer');
    const faults = freezer.flatMap((reading) =>
      reading.kind === 'condition' ? [reading.fault ?? 'ok'] : [],
    );
    const inOrder = faults.filter((fault, index) => fault !== faults[index - 1]);
    expect(inOrder).toEqual(['ok', 'PROBE_OPEN', 'PROBE_SHORT', 'PROBE_FAULT', 'NO_REPLY', 'ok']);
    expect(faults.filter((fault) => fault === 'NO_REPLY')).toHaveLength(1);
    const health = freezer.flatMap((reading) => (reading.kind === 'health' ? [reading.active] : []));
    expect(health).toEqual([true, false]);
    const values = freezer.flatMap((reading) =>
      reading.kind === 'condition' && reading.valueMilli !== undefined ? [reading.valueMilli] : [],
    );
    expect(new Set(values)).toEqual(new Set([-20_500]));
  });
});
