/**
 * The devices that publish, against their drivers through the runner and the hub, under virtual time: what the
 * world does to a device comes out as readings, in order and at its time. (Byte devices: serial-devices.test.ts and
 * llrp-session.test.ts.)
 */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { hostDevice } from '../../firmware-sim/app/device-host.ts';
import type { SimulatedDevice } from '../../firmware-sim/devices/device.ts';
import { devicePlanSchema, gatewayEntryOf } from '../../firmware-sim/devices/device-plan.ts';
import { ImpinjReader } from '../../firmware-sim/devices/impinj-reader/impinj-reader.ts';
import { readmeExample } from '../../firmware-sim/devices/readme-example.fixture.ts';
import { DEVICE_KINDS } from '../../firmware-sim/devices/registry.ts';
import { ZigbeeSensor } from '../../firmware-sim/devices/zigbee-sensor/zigbee-sensor.ts';
import { createDeviceRunner, type DeviceRunner } from '../../gateway/app/devices/device-runner.ts';
import { DRIVERS, findDriver } from '../../gateway/drivers/registry.ts';
import { createDeviceMessageHub } from '../../gateway/transports/device-messages.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import type { Reading } from '../../protocol/readings/reading.ts';

const START = Date.parse('2026-03-02T06:00:00Z');
const CASES = ['3074257bf7194e4000001a85', '3074257bf7194e4000001a86', 'f795201234567891235000'];

let runner: DeviceRunner | undefined;
afterEach(() => runner?.stop());

/** A simulated device that publishes into the hub, and the driver that listens there. */
class DriverBench {
  readonly clock = new VirtualClock({ startAt: START, flush: () => Promise.resolve() });
  readonly readings: Reading[] = [];
  readonly runner: DeviceRunner;
  readonly #poke: () => void;

  constructor(kind: string, driverOptions: unknown, device: SimulatedDevice) {
    const messages = createDeviceMessageHub('memory:broker');
    const driver = findDriver(kind);
    if (driver === undefined) throw new Error(`no driver ${kind}`);
    const made = driver.create('device', driver.options.parse(driverOptions));
    if (made.transport !== 'messages') throw new Error(`${kind} is not a message driver`);
    this.runner = createDeviceRunner({
      device: 'device',
      kind,
      connection: { driver: made, messages },
      clock: this.clock,
      random: seededRandom(1, 'backoff'),
      onReadings: (readings) => void this.readings.push(...readings),
    });
    runner = this.runner;
    this.runner.start();
    const host = hostDevice('device', device, this.clock);
    host.attach({
      send: () => {},
      hangUp: () => {},
      publish: ({ topic, payload }) => void messages.deliver({ topic, payload, origin: 'live' }),
    });
    this.#poke = () => host.poke();
  }

  /** Changes the world, then lets time pass. */
  async live(milliseconds: number, change: () => void = () => {}): Promise<void> {
    change();
    this.#poke();
    await this.clock.runFor(milliseconds);
  }

  of<K extends Reading['kind']>(kind: K): Extract<Reading, { kind: K }>[] {
    return this.readings.filter((reading): reading is Extract<Reading, { kind: K }> => reading.kind === kind);
  }
}

describe('an Impinj reader on its IoT interface', () => {
  const bench = (clockOffsetMs = 0) => {
    const reader = new ImpinjReader({ random: seededRandom(7, 'reader'), topic: 'r/events', clockOffsetMs });
    return { reader, bench: new DriverBench('impinj-iot', { topic: 'r/#' }, reader) };
  };

  it('reports every tag that stands in its field, on the antenna that sees it, and no tag that left', async () => {
    const { reader, bench: at } = bench();
    await at.live(3_000, () =>
      reader.setTags(CASES.map((epc, index) => ({ epc, antenna: 1 + (index % 2), rssiDbm: -50 }))),
    );
    const seen = new Set(at.of('tag').map((tag) => `${tag.channel} ${tag.epc}`));
    expect(seen).toEqual(new Set(CASES.map((epc, index) => `${1 + (index % 2)} ${epc}`)));
    const before = at.of('tag').length;
    await at.live(60_000, () => reader.setTags([]));
    expect(at.of('tag').length).toBe(before);
    expect(at.runner.status()).toMatchObject({ discarded: {}, session: 'inventory running' });
  });

  it('is put right when its clock is years off', async () => {
    const { reader, bench: at } = bench(-10 * 365 * 86_400_000);
    await at.live(2_000, () => reader.setTags([{ epc: CASES[0] ?? '', antenna: 1, rssiDbm: -45 }]));
    expect(at.of('tag').length).toBeGreaterThan(5);
    for (const tag of at.of('tag')) {
      expect(tag.lastSeenAt).toBeLessThanOrEqual(tag.at);
      expect(tag.lastSeenAt).toBeGreaterThan(tag.at - 1_000);
    }
  });

  it('brings light beams as inputs and a pulled antenna as health, once each, in order', async () => {
    const { reader, bench: at } = bench();
    await at.live(100, () => reader.setGpi(1, true));
    await at.live(100, () => reader.setGpi(2, true));
    await at.live(100, () => reader.setGpi(1, false));
    await at.live(100, () => reader.setAntennaConnected(2, false));
    await at.live(100, () => reader.setAntennaConnected(2, true));
    expect(at.of('input').map((input) => `${input.channel} ${input.active}`)).toEqual([
      'gpi-1 true',
      'gpi-2 true',
      'gpi-1 false',
    ]);
    expect(
      at.of('health').map(({ channel, condition, active }) => `${channel} ${condition} ${active}`),
    ).toEqual(['2 ANTENNA_DISCONNECTED true', '2 ANTENNA_DISCONNECTED false']);
  });
});

describe('a Zigbee2MQTT sensor', () => {
  const bench = () => {
    const sensor = new ZigbeeSensor({ friendlyName: 'cold-1/air' });
    return { sensor, bench: new DriverBench('zigbee2mqtt', {}, sensor) };
  };

  it('brings any course of temperatures to within its reporting threshold, without drift', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -40_000, max: 80_000 }), { minLength: 1, maxLength: 8 }),
        async (course) => {
          const { sensor, bench: at } = bench();
          for (const value of course) {
            await at.live(60_000, () => sensor.setTemperatureMilliCelsius(value));
            const last = at.of('condition').at(-1);
            expect(Math.abs((last?.valueMilli ?? Number.NaN) - value)).toBeLessThanOrEqual(105);
          }
          await at.runner.stop();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('reports a door once per edge, open as active', async () => {
    const { sensor, bench: at } = bench();
    for (const open of [false, true, true, false]) await at.live(200, () => sensor.setOpen(open));
    const edges = at.of('input').map((input) => input.active);
    expect(edges).toEqual([false, true, false]);
    expect(at.of('input').every((input) => input.channel === 'cold-1/air')).toBe(true);
  });

  it('a broken probe is a fault and no value; out of reach is health, and it comes back with the truth', async () => {
    const { sensor, bench: at } = bench();
    await at.live(60_000, () => sensor.setTemperatureMilliCelsius(4_000));
    await at.live(60_000, () => sensor.setFault('open'));
    expect(at.of('condition').at(-1)).toMatchObject({ fault: 'INVALID_MEASUREMENT' });
    expect(at.of('condition').at(-1)).not.toHaveProperty('valueMilli');
    await at.live(60_000, () => sensor.setFault(undefined));
    await at.live(60_000, () => sensor.setReachable(false));
    await at.live(60_000, () => sensor.setTemperatureMilliCelsius(9_000));
    expect(at.of('condition').at(-1)).toMatchObject({ valueMilli: 4_000 });
    await at.live(60_000, () => sensor.setReachable(true));
    expect(at.of('condition').at(-1)).toMatchObject({ valueMilli: 9_000 });
    const offline = at.of('health').filter((health) => health.condition === 'SENSOR_OFFLINE');
    expect(offline.map((health) => health.active)).toEqual([false, true, false]);
    expect(at.runner.status().discarded).toEqual({});
  });
});

it('every driver in the registry has a simulated device', () => {
  const simulated = new Set(DEVICE_KINDS.map(({ driver }) => driver));
  expect([...simulated].toSorted()).toEqual(DRIVERS.map((driver) => driver.kind).toSorted());
});

it.each(DEVICE_KINDS)('what $model wants in gateway.yaml is what its driver takes', (kind) => {
  const { driver, options } = gatewayEntryOf(devicePlanSchema.parse(readmeExample(kind)));
  const found = findDriver(driver);
  expect(() => found?.options.parse(options)).not.toThrow();
  expect(found?.transport).toBe(kind.attachment === 'broker' ? 'messages' : 'bytes');
});
