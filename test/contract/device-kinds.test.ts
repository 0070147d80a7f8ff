/**
 * Every kind of simulated device against its own driver, through the runner under virtual time, from the example in its
 * README: what the world does to it comes out as readings, and what breaks it is seen.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { connectInMemory } from '../../firmware-sim/app/broker-clients.ts';
import { type DeviceHost, hostDevice } from '../../firmware-sim/app/device-host.ts';
import { memoryLine } from '../../firmware-sim/app/lines.ts';
import { createTrace } from '../../firmware-sim/app/trace.ts';
import { breakablesOf } from '../../firmware-sim/devices/bench.fixture.ts';
import type { SimulatedDevice } from '../../firmware-sim/devices/device.ts';
import type { DeviceKind } from '../../firmware-sim/devices/device-kind.ts';
import { devicePlanSchema, gatewayEntryOf } from '../../firmware-sim/devices/device-plan.ts';
import type { DeviceHandles } from '../../firmware-sim/devices/handles.ts';
import { readmeExample } from '../../firmware-sim/devices/readme-example.fixture.ts';
import { DEVICE_KINDS } from '../../firmware-sim/devices/registry.ts';
import {
  createDeviceRunner,
  type DeviceConnection,
  type DeviceRunner,
} from '../../gateway/app/devices/device-runner.ts';
import { findDriver } from '../../gateway/drivers/registry.ts';
import { createDeviceMessageHub } from '../../gateway/transports/device-messages.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import type { Reading } from '../../protocol/readings/reading.ts';
import { clockAt } from '../support/clock-at.ts';

const START = Date.parse('2026-03-02T06:00:00Z');
const EPC = '3074257bf7194e4000001a85';
/** Long enough for a poll, a report on change, or a session that begins again. */
const A_WHILE_MS = 120_000;

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** The devices of one plan, and the gateway's end of them. */
class Pair {
  readonly clock = clockAt(START);
  readonly handles: DeviceHandles;
  readonly runner: DeviceRunner;
  #readings: Reading[] = [];

  constructor(kind: DeviceKind) {
    const { clock } = this;
    const plan = devicePlanSchema.parse(readmeExample(kind));
    const hosts = new Map<SimulatedDevice, DeviceHost>();
    const { devices, handles } = kind.create(plan.options, {
      random: seededRandom(1, 'device'),
      now: () => clock.now(),
      changed: (device) => hosts.get(device)?.poke(),
    });
    this.handles = handles;
    for (const device of devices) hosts.set(device, hostDevice(plan.id, device, clock));
    this.runner = createDeviceRunner({
      device: plan.id,
      kind: kind.driver,
      connection: connect(plan, [...hosts.values()], clock),
      clock,
      random: seededRandom(1, 'backoff'),
      onReadings: (readings) => void this.#readings.push(...readings),
    });
    cleanUps.push(() => this.runner.stop());
    this.runner.start();
  }

  /** What is read in that time. */
  async pass(milliseconds: number): Promise<Reading[]> {
    this.#readings = [];
    await this.clock.runFor(milliseconds);
    return this.#readings;
  }
}

function connect(
  plan: Parameters<typeof gatewayEntryOf>[0],
  hosts: readonly DeviceHost[],
  clock: VirtualClock,
): DeviceConnection {
  const { driver: kind, options } = gatewayEntryOf(plan);
  const found = findDriver(kind);
  const driver = found?.create(plan.id, found.options.parse(options));
  if (driver === undefined) throw new Error(`no driver ${kind}`);
  const trace = createTrace();
  const [line] = hosts;
  if (driver.transport === 'bytes' && line !== undefined) {
    return { driver, line: memoryLine(plan.id, line, clock, trace) };
  }
  if (driver.transport === 'bytes') throw new Error(`${plan.id} has no line`);
  const messages = createDeviceMessageHub('memory:broker');
  const clients = hosts.map((host) => ({ id: plan.id, host }));
  connectInMemory(messages, clients, clock, trace);
  return { driver, messages };
}

const ofKind = <K extends Reading['kind']>(readings: readonly Reading[], kind: K, channel?: string) =>
  readings.filter(
    (reading): reading is Extract<Reading, { kind: K }> =>
      reading.kind === kind && (channel === undefined || reading.channel === channel),
  );

const showsTrouble = (reading: Reading) =>
  (reading.kind === 'health' && reading.active) ||
  (reading.kind === 'condition' && reading.fault !== undefined) ||
  (reading.kind === 'weight' && reading.netMilligrams === undefined);

describe.each(DEVICE_KINDS)('$model', (kind) => {
  const has = (handle: keyof DeviceHandles) => kind.handles.includes(handle);

  it.runIf(has('reader'))('a tag in its field is read, and none that has left', async () => {
    const pair = new Pair(kind);
    await pair.pass(A_WHILE_MS);
    pair.handles.reader?.setTags([{ epc: EPC, antenna: 1, rssiDbm: -45 }]);
    const tags = ofKind(await pair.pass(10_000), 'tag');
    expect(tags.length).toBeGreaterThan(10);
    for (const tag of tags) {
      expect(tag).toMatchObject({ epc: EPC, channel: '1' });
      expect(tag.lastSeenAt).toBeLessThanOrEqual(tag.at);
      expect(tag.lastSeenAt).toBeGreaterThan(tag.at - 2_000);
    }
    pair.handles.reader?.setTags([]);
    await pair.pass(2_000);
    expect(ofKind(await pair.pass(A_WHILE_MS), 'tag')).toEqual([]);
    expect(pair.runner.status()).toMatchObject({ state: 'connected', discarded: {} });
  });

  it.runIf(has('scale'))('what lies on it is weighed to its tolerance, and taken off again', async () => {
    const pair = new Pair(kind);
    const { toleranceMilligrams = 0 } = pair.handles.scale ?? {};
    for (const load of [12_340_000, 0, 500_000]) {
      pair.handles.scale?.setLoadMilligrams(load);
      const last = ofKind(await pair.pass(A_WHILE_MS), 'weight').at(-1);
      expect(last?.state).toBe('stable');
      expect(Math.abs((last?.netMilligrams ?? Number.NaN) - load)).toBeLessThanOrEqual(toleranceMilligrams);
    }
    expect(pair.runner.status()).toMatchObject({ state: 'connected', discarded: {} });
  });

  it.runIf(has('probes'))('each probe is read as it is, and no other moves with it', async () => {
    const pair = new Pair(kind);
    const probes = [...(pair.handles.probes ?? [])];
    expect(probes.length).toBeGreaterThan(0);
    for (const [index, [, probe]] of probes.entries())
      probe.setTemperatureMilliCelsius(4_000 + index * 3_000);
    const readings = ofKind(await pair.pass(A_WHILE_MS), 'condition');
    for (const [index, [channel]] of probes.entries()) {
      const last = ofKind(readings, 'condition', channel)
        .filter(({ metric }) => metric === 'temperature')
        .at(-1);
      // A tenth of a degree is what such probes resolve.
      expect(Math.abs((last?.valueMilli ?? Number.NaN) - (4_000 + index * 3_000))).toBeLessThanOrEqual(105);
    }
    expect(pair.runner.status()).toMatchObject({ state: 'connected', discarded: {} });
  });

  it.runIf(has('contacts'))('each contact is read as it stands', async () => {
    const pair = new Pair(kind);
    const contacts = [...(pair.handles.contacts ?? [])];
    expect(contacts.length).toBeGreaterThan(0);
    for (const open of [false, true, false]) {
      for (const [, contact] of contacts) contact.setOpen(open);
      const readings = await pair.pass(A_WHILE_MS);
      for (const [channel] of contacts) {
        expect(ofKind(readings, 'input', channel).at(-1)?.active).toBe(open);
      }
    }
  });

  it('a fault that people must hear of shows in what it says', async () => {
    const shown = new Set<string>();
    for (const [index, { part }] of breakablesOf(new Pair(kind).handles).entries()) {
      for (const fault of Object.keys(part.faults)) {
        const pair = new Pair(kind);
        for (const [, probe] of pair.handles.probes ?? []) probe.setTemperatureMilliCelsius(4_000);
        expect((await pair.pass(A_WHILE_MS)).filter(showsTrouble)).toEqual([]);
        breakablesOf(pair.handles)[index]?.part.setFault(fault);
        if ((await pair.pass(A_WHILE_MS)).some(showsTrouble)) shown.add(fault);
      }
    }
    // Some show only with some of the models that one kind plays: its example has one of these.
    const faults = Object.entries({ ...kind.probeFaults, ...kind.deviceFaults });
    const wanted = faults.filter(([, { raises }]) => raises.length > 0).map(([fault]) => fault);
    expect(wanted.filter((fault) => !shown.has(fault))).toEqual([]);
  });
});
